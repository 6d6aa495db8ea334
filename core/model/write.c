/* write.c - a model becomes a file. */
#include <dfnet4/model.h>
#include <stdlib.h>
#include <string.h>

enum { OWN_METADATA = 4 };

static void add_tensors(dfn_tensor *t, const dfn_graph *g, const void *const *weights)
{
    for (int i = 0; i < dfn_graph_weight_count(g); i++) {
        const dfn_weight *w = dfn_graph_weight(g, i);
        t[i] = (dfn_tensor){.name = w->name,
                            .dtype = DFN_DTYPE_F32,
                            .rank = w->rank,
                            .count = w->count,
                            .data = weights[i]};
        for (int j = 0; j < w->rank; j++)
            t[i].dim[j] = (size_t)w->dim[j];
    }
}

dfn_status dfn_model_write(const dfn_model *m, const char *path,
                           const void *const *net_weights, const void *const *apply_weights,
                           const dfn_text_pair *metadata, size_t n_metadata, dfn_error *err)
{
    const dfn_graph *net = dfn_model_net(m), *apply = dfn_model_apply(m);
    const int n_net = dfn_graph_weight_count(net), n_apply = dfn_graph_weight_count(apply);
    if (!net_weights)
        net_weights = dfn_model_net_weights(m);
    if (!apply_weights)
        apply_weights = dfn_model_apply_weights(m);
    if ((n_net && !net_weights) || (n_apply && !apply_weights))
        return dfn_fail(err, DFN_ERR_ARG, "%s: a model without weights cannot be written",
                        path);
    dfn_tensor *t = calloc((size_t)(n_net + n_apply) + 1, sizeof *t);
    dfn_text_pair *pairs = calloc(OWN_METADATA + n_metadata, sizeof *pairs);
    dfn_status status = DFN_ERR_NOMEM;
    if (t && pairs) {
        const dfn_text_pair own[OWN_METADATA] = {{"format", "dfnet4-1"},
                                                 {"model", dfn_model_get_info(m)->kind},
                                                 {"norm", "folded"},
                                                 {"config", dfn_model_config(m)}};
        memcpy(pairs, own, sizeof own);
        if (n_metadata)
            memcpy(pairs + OWN_METADATA, metadata, n_metadata * sizeof *pairs);
        add_tensors(t, net, net_weights);
        add_tensors(t + n_net, apply, apply_weights);
        status = dfn_safetensors_write(path, t, (size_t)(n_net + n_apply), pairs,
                                       OWN_METADATA + n_metadata, err);
    } else {
        dfn_fail(err, status, "%s: out of memory", path);
    }
    free(t);
    free(pairs);
    return status;
}
