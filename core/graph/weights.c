/* weights.c - a table of weight arrays in one block. */
#include "graph/arena.h"
#include "graph/node.h"

static void layout(dfn_arena *a, void **data, const dfn_graph *g, size_t elem)
{
    for (int i = 0; i < g->n_weight; i++)
        data[i] = dfn_arena_take(a, g->weight[i].count, elem);
}

dfn_status dfn_weights_new(dfn_weights *w, const dfn_graph *g, dfn_precision precision,
                           dfn_error *err)
{
    const size_t elem = precision == DFN_F64 ? sizeof(double) : sizeof(float);
    dfn_arena measure = {0}, place = {0};
    *w = (dfn_weights){.count = g->n_weight};
    w->data = calloc((size_t)g->n_weight + 1, sizeof *w->data);
    if (w->data) {
        layout(&measure, w->data, g, elem);
        if (!measure.overflow)
            w->block = place.base = dfn_block_large(measure.used);
    }
    if (!w->block) {
        dfn_weights_free(w);
        return dfn_fail(err, DFN_ERR_NOMEM, "no memory for the weights (%zu bytes)",
                        measure.used);
    }
    layout(&place, w->data, g, elem);
    return DFN_OK;
}

void dfn_weights_free(dfn_weights *w)
{
    free(w->data);
    free(w->block);
    *w = (dfn_weights){0};
}
