/* safetensors.h - named arrays in a file, readable by the whole ecosystem.
 *
 * File: u64 little-endian header length, JSON header {name: {dtype, shape, data_offsets},
 * "__metadata__": {text: text}}, raw little-endian data. Files are hostile: the reader
 * checks every number before it uses it, and refuses overlaps, gaps, duplicates and
 * trailing bytes. */
#ifndef DFNET4_SAFETENSORS_H
#define DFNET4_SAFETENSORS_H

#include <dfnet4/status.h>
#include <stddef.h>
#include <stdint.h>

DFN_BEGIN

typedef enum dfn_dtype {
    DFN_DTYPE_F32,
    DFN_DTYPE_F64,
    DFN_DTYPE_I32,
    DFN_DTYPE_I16,
    DFN_DTYPE_I8,
    DFN_DTYPE_U8,
    DFN_DTYPE_BF16,
    DFN_DTYPE_I64,
    DFN_DTYPE_F16
} dfn_dtype;

enum { DFN_TENSOR_RANK_MAX = 8 };

typedef struct dfn_tensor {
    const char *name;
    dfn_dtype dtype;
    int rank;
    size_t dim[DFN_TENSOR_RANK_MAX];
    size_t count;     /* product of dim */
    const void *data; /* aligned to its element */
} dfn_tensor;

typedef struct dfn_text_pair {
    const char *key, *value;
} dfn_text_pair;

typedef struct dfn_safetensors dfn_safetensors;

/** Map and check a file. The error names the file and the tensor. owner: caller closes.
 *  rt: no */
DFN_API DFN_MUST_CHECK dfn_status dfn_safetensors_open(dfn_safetensors **out,
                                                       const char *path, dfn_error *err);
/** As above, from memory that outlives the result; `name` is for messages. Data that is not
 *  aligned to its elements is refused with DFN_ERR_FORMAT. */
DFN_API DFN_MUST_CHECK dfn_status dfn_safetensors_open_memory(dfn_safetensors **out,
                                                              const void *data, size_t size,
                                                              const char *name,
                                                              dfn_error *err);
/** Give the memory of a mapped file back to the system until a tensor is read again; the
 *  tensors stay valid. Nothing happens if the data are the caller's. rt: no */
DFN_API void dfn_safetensors_rest(const dfn_safetensors *s);
DFN_API void dfn_safetensors_close(dfn_safetensors *s); /* NULL allowed */

/** Tensors in the order of their data. Pointers live as long as `s`. */
DFN_API size_t dfn_safetensors_count(const dfn_safetensors *s);
DFN_API const dfn_tensor *dfn_safetensors_get(const dfn_safetensors *s, size_t i);
DFN_API const dfn_tensor *dfn_safetensors_find(const dfn_safetensors *s, const char *name);
DFN_API const char *dfn_safetensors_metadata(const dfn_safetensors *s, const char *key);

/** Write a file: to a temporary name beside `path`, synced, then renamed, so that an old
 * file stays whole until the new one is. On failure nothing is left behind. */
DFN_API DFN_MUST_CHECK dfn_status dfn_safetensors_write(const char *path,
                                                        const dfn_tensor *tensors, size_t n,
                                                        const dfn_text_pair *metadata,
                                                        size_t n_metadata, dfn_error *err);

DFN_END

#endif
