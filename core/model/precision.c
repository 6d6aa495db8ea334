/* precision.c - the form of a model that streams run: packed weights, fused activations. */
#include "graph/pack.h"
#include "model/inside.h"

#include <stdlib.h>

dfn_status dfn_model_set_precision(dfn_model *m, dfn_weight_format precision,
                                   dfn_error *err)
{
    const int nodes = dfn_graph_node_count(m->net);
    dfn_graph *run;
    dfn_weights weights;
    if (!m->net_weights)
        return dfn_fail(
            err, DFN_ERR_ARG,
            "the model has no weights: it is only described by a configuration");
    if ((int)precision < DFN_WEIGHTS_F32 || precision > DFN_WEIGHTS_INT8)
        return dfn_fail(err, DFN_ERR_ARG, "unknown precision of weights");
    dfn_weight_format *format = calloc((size_t)nodes, sizeof *format);
    if (!format)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory while packing weights");
    dfn_pack_formats(format, m->net, precision);
    const dfn_status status = dfn_pack(m->net, m->net_weights, format, &run, &weights, err);
    free(format);
    if (status)
        return status;
    dfn_graph_free(m->run);
    dfn_weights_free(&m->run_weights);
    m->run = run;
    m->run_weights = weights;
    if (m->file)
        dfn_safetensors_rest(m->file);
    return DFN_OK;
}

const dfn_graph *dfn_model_run_net(const dfn_model *m) { return m->run; }
const void *const *dfn_model_run_weights(const dfn_model *m)
{
    return (const void *const *)m->run_weights.data;
}
