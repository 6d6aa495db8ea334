/* constant.h - a safetensors file that is part of the program. */
#ifndef DFN_CONSTANT_H
#define DFN_CONSTANT_H

#include <dfnet4/safetensors.h>

/** As dfn_safetensors_open_memory, of constant data in the program or a library, which the
 *  system can read again from that file: dfn_safetensors_rest gives the whole pages in it
 *  back. Never for memory that somebody wrote to: it would be zeros, or old, afterwards. */
dfn_status dfn_safetensors_open_constant(dfn_safetensors **out, const void *data,
                                         size_t size, const char *name, dfn_error *err);

#endif
