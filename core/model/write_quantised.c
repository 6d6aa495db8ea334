/* write_quantised.c - a model becomes a file with the weights that it runs with. */
#include "graph/node.h"
#include "model/inside.h"
#include "model/write.h"

#include <stdlib.h>
#include <string.h>

/* The weights of a model's net, some of them in other formats than they were. */
typedef struct made {
    dfn_stored *weight;
    void **block; /* of those: scales, then numbers */
    int count;
} made;

static void made_free(made *m)
{
    for (int i = 0; m->block && i < m->count; i++)
        free(m->block[i]);
    free(m->block);
    free(m->weight);
}

/* Weight w of a layer in format f; its block, or NULL if there is no memory. */
static void *quantise(dfn_stored *to, const float *from, const dfn_weight *w,
                      const dfn_rows *rows, dfn_weight_format f)
{
    const size_t scales = f == DFN_WEIGHTS_INT8 ? (size_t)rows->rows : 0;
    float *block = malloc(scales * sizeof *block + w->count * 2);
    if (!block)
        return NULL;
    dfn_quantise(block + scales, block, from, rows, f);
    *to = (dfn_stored){f, block + scales, scales ? block : NULL};
    return block;
}

/* As the model runs: every matrix in the format of its layer. */
static dfn_status make(made *out, const dfn_model *m, dfn_error *err)
{
    const dfn_graph *g = m->net;
    *out = (made){.weight = calloc((size_t)g->n_weight + 1, sizeof *out->weight),
                  .block = calloc((size_t)g->n_weight + 1, sizeof *out->block),
                  .count = g->n_weight};
    bool good = out->weight && out->block;
    for (int i = 0; good && i < g->n_weight; i++)
        out->weight[i] = m->stored ? m->stored[i] : (dfn_stored){.data = m->net_weights[i]};
    for (dfn_value v = 0; good && !m->stored && v < g->n_node; v++)
        for (int i = 0; i < g->node[v].n_w && good; i++) {
            const int k = g->node[v].w[i];
            dfn_rows rows;
            if (m->format[v] <= DFN_WEIGHTS_F32 || !dfn_rows_find(&rows, g, v, i))
                continue;
            out->block[k] = quantise(&out->weight[k], m->net_weights[k], &g->weight[k],
                                     &rows, m->format[v]);
            good = out->block[k] != NULL;
        }
    return good ? DFN_OK : dfn_fail(err, DFN_ERR_NOMEM, "out of memory for the weights");
}

dfn_status dfn_model_write_quantised(const dfn_model *m, const char *path,
                                     const dfn_text_pair *metadata, size_t n_metadata,
                                     dfn_error *err)
{
    made weights = {0};
    if (!m->run)
        return dfn_fail(err, DFN_ERR_ARG, "%s: a model without weights cannot be written",
                        path);
    dfn_status status = make(&weights, m, err);
    if (!status)
        status = dfn_write_stored(m, path, weights.weight, m->apply_weights, metadata,
                                  n_metadata, err);
    made_free(&weights);
    return status;
}
