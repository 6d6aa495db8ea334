/* match_node.h - inside of match.c: one function per kind of node. */
#ifndef DFN_IO_MATCH_NODE_H
#define DFN_IO_MATCH_NODE_H

#include "graph/node.h"
#include "io/match.h"

/* A value of a foreign graph. */
typedef struct foreign {
    int file;
    const char *name;
} foreign;

typedef struct seen {
    foreign at; /* what our node was matched with; name NULL: nothing yet */
    dfn_layout layout;
} seen;

typedef struct matcher {
    const dfn_match *match;
    seen *seen; /* one per node of ours */
    dfn_error *err;
} matcher;

#define MATCH_REFUSE(m, at, ...) dfn_match_refuse(m, at, __VA_ARGS__)
dfn_status dfn_match_refuse(const matcher *m, foreign at, const char *format, ...)
    DFN_PRINTF(3, 4);

/* Our value `t` is the foreign value `v`; the order of v's axes comes back. */
dfn_status dfn_match_value(matcher *m, dfn_value t, foreign v, dfn_layout *layout);

bool dfn_match_is(const dfn_onnx_node *node, const char *op);
bool dfn_match_constant(const matcher *m, int file, const dfn_onnx_node *node, size_t input,
                        dfn_onnx_const *out);
bool dfn_match_same_shape(const dfn_weight *w, const dfn_onnx_const *c);

/* Check attributes and take the weights. `at` is the value the node makes, with at least
 * two inputs; `data` comes back as the value that feeds it where that is not input 0. */
dfn_status dfn_match_conv(matcher *m, const dfn_node *n, foreign at,
                          const dfn_onnx_node *node, foreign *data);
dfn_status dfn_match_grouped_linear(matcher *m, const dfn_node *n, foreign at,
                                    const dfn_onnx_node *node);
dfn_status dfn_match_gru(matcher *m, const dfn_node *n, foreign at,
                         const dfn_onnx_node *node);
dfn_status dfn_match_linear(matcher *m, const dfn_node *n, foreign at,
                            const dfn_onnx_node *node, foreign *data);
dfn_status dfn_match_affine(matcher *m, const dfn_node *n, foreign at,
                            const dfn_onnx_node *node, foreign *data);

#endif
