/* onnx.h - read one ONNX file: nodes in order, and the constants among its values.
 *
 * A file that opens is sound: every name is made once, before it is read (so there are no
 * cycles), and every float or integer constant holds as many numbers as its shape says. */
#ifndef DFN_IO_ONNX_H
#define DFN_IO_ONNX_H

#include "onnx.pb-c.h" /* made from onnx.proto by protoc-c */

#include <dfnet4/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DFN_ONNX_RANK_MAX = 8, DFN_ONNX_SIZE_MAX = 64 << 20 };

typedef struct dfn_onnx dfn_onnx;
typedef Onnx__Node dfn_onnx_node;

typedef struct dfn_onnx_const {
    int rank;
    int64_t dim[DFN_ONNX_RANK_MAX];
    size_t count;
    const float *f32; /* one of these two, NULL for other types */
    const int64_t *i64;
} dfn_onnx_const;

/** Parse `data`, which may be freed afterwards. `name` is copied, for messages. Memory is
 *  bounded by a multiple of `size`. owner: caller frees with dfn_onnx_free. rt: no */
dfn_status dfn_onnx_parse(dfn_onnx **out, const void *data, size_t size, const char *name,
                          dfn_error *err);
void dfn_onnx_free(dfn_onnx *m); /* NULL allowed */

const char *dfn_onnx_name(const dfn_onnx *m);

/** The node that makes a value; NULL if it is an input, an initializer or unknown. */
const dfn_onnx_node *dfn_onnx_producer(const dfn_onnx *m, const char *value);
bool dfn_onnx_is_input(const dfn_onnx *m, const char *value);
bool dfn_onnx_is_output(const dfn_onnx *m, const char *value);

/** An initializer or the value of a Constant node; false if `value` is neither. */
bool dfn_onnx_constant(const dfn_onnx *m, const char *value, dfn_onnx_const *out);

/** Attributes; the fallback if absent. Lists: exactly n numbers, or false. */
int64_t dfn_onnx_int(const dfn_onnx_node *node, const char *name, int64_t fallback);
bool dfn_onnx_ints(const dfn_onnx_node *node, const char *name, int n, int64_t *out);
bool dfn_onnx_has(const dfn_onnx_node *node, const char *name);
/** Of a ConstantOfShape node: is it zeros? */
bool dfn_onnx_fills_with_zero(const dfn_onnx_node *node);
/** The text of an attribute without its blanks, cut to fit; "" if absent. */
void dfn_onnx_text(const dfn_onnx_node *node, const char *name, char *out, size_t size);

#endif
