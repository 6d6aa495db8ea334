/* builder.h - what a kind of model gives the loader. */
#ifndef DFN_BUILDER_H
#define DFN_BUILDER_H

#include "model/config.h"

#include <dfnet4/model.h>

typedef struct dfn_builder {
    const char *kind; /* "model" in the file's metadata */
    size_t config_size;
    const dfn_config_key *(*keys)(size_t *n); /* every key, by section */
    /* INI text -> config; batch_norm: the file holds batch norms, not folded weights */
    dfn_status (*parse)(void *config, const char *text, const char *name, bool batch_norm,
                        dfn_error *err);
    void (*net)(dfn_graph *g, const void *config); /* unfinished graphs, as in model.h */
    void (*apply)(dfn_graph *g, const void *config);
    dfn_model_info (*info)(const void *config); /* pointers into `config` */
} dfn_builder;

/** The builder of a kind, or NULL. */
const dfn_builder *dfn_builder_find(const char *kind);

#endif
