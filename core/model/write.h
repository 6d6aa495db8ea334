/* write.h - a model file from weights in any format. */
#ifndef DFN_WRITE_H
#define DFN_WRITE_H

#include "graph/quantise.h"

#include <dfnet4/model.h>

/** As dfn_model_write; `net` in the order of dfn_graph_weight. rt: no */
dfn_status dfn_write_stored(const dfn_model *m, const char *path, const dfn_stored *net,
                            const void *const *apply, const dfn_text_pair *metadata,
                            size_t n_metadata, dfn_error *err);

#endif
