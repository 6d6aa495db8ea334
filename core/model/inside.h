/* inside.h - the inside of a dfn_model. */
#ifndef DFN_MODEL_INSIDE_H
#define DFN_MODEL_INSIDE_H

#include "graph/quantise.h"

#include <dfnet4/model.h>

struct dfn_model {
    dfn_safetensors *file; /* NULL: not from a file */
    void *config;
    char *config_text; /* resolved */
    dfn_model_info info;
    dfn_graph *net, *apply;
    const void **net_weights, **apply_weights; /* into the file, `folded` or `own` */
    dfn_stored *stored; /* weights of net in a quantised file: net_weights is NULL then */
    void *folded;       /* net's weights that took a batch norm; NULL: none */
    dfn_weights own[2]; /* of net and apply, if there is no file */
    dfn_graph *run;     /* net with packed weights; NULL: described only */
    dfn_weights run_weights;
    dfn_weight_format *format; /* of each node of net, in `run` */
    bool training;             /* net is both graphs in one, apply is empty */
    bool batch_norm;           /* net has batch norms */
};

/** A model from an open file, which it takes over, also on failure. */
dfn_status dfn_model_of_file(dfn_model **out, dfn_safetensors *file, const char *name,
                             dfn_error *err);

/** Pack the weights of a quantised file as they are stored. */
dfn_status dfn_model_pack_stored(dfn_model *m, dfn_error *err);

#endif
