/* bind.h - find the weights of a model's graphs in its file. */
#ifndef DFN_BIND_H
#define DFN_BIND_H

#include "graph/quantise.h"

#include <dfnet4/safetensors.h>

/** What the file has for every weight of `g`, checked, in the order of dfn_graph_weight.
 *  `quantised`: whether some are bfloat16 or int8; NULL: none may be.
 *  owner: the caller frees *out, also after a failure. `name` is for messages. rt: no */
dfn_status dfn_bind(dfn_stored **out, bool *quantised, const dfn_safetensors *file,
                    const dfn_graph *g, const char *name, dfn_error *err);

/** Whether a tensor is a weight of `g`, or the scales of one. */
bool dfn_bind_knows(const dfn_graph *g, const dfn_stored *weights, const char *tensor);

#endif
