#include "graph/fold.h"

#include "graph/arena.h"
#include "graph/readers.h"
#include "op/op.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool takes_scale(dfn_op_kind op)
{
    return op == DFN_OP_LINEAR || op == DFN_OP_CONV2D || op == DFN_OP_CONV_TRANSPOSE2D ||
           op == DFN_OP_CONV1D;
}

/* The layer that batch norm `v` can be folded into, or -1. */
static dfn_value target(const dfn_graph *g, const dfn_readers *readers, dfn_value v)
{
    const dfn_value layer = g->node[v].in[0];
    return g->node[v].op == DFN_OP_BATCH_NORM && takes_scale(g->node[layer].op) &&
                   readers[layer].count == 1
               ? layer
               : -1;
}

static const float *old_weight(const dfn_graph *g, const void *const *w, const char *name)
{
    for (int i = 0; i < g->n_weight; i++)
        if (!strcmp(g->weight[i].name, name))
            return w[i];
    return NULL;
}

/* The same nodes, without the batch norms that fold; map[old value] = new value. */
static void rebuild(const dfn_graph *g, const dfn_readers *readers, dfn_graph *out,
                    dfn_value *map)
{
    for (dfn_value v = 0; v < g->n_node; v++) {
        const dfn_node *n = &g->node[v];
        dfn_attr attr = n->attr;
        dfn_value in[8];
        if (n->op == DFN_OP_INPUT) {
            map[v] = dfn_graph_input(out, n->name, n->shape);
            continue;
        }
        if (target(g, readers, v) >= 0) {
            map[v] = map[n->in[0]];
            continue;
        }
        if (readers[v].last >= 0 && target(g, readers, readers[v].last) == v)
            attr.bias = true;
        for (int i = 0; i < n->n_in; i++)
            in[i] = map[n->in[i]];
        map[v] = dfn_graph_add(out, n->op, *n->name ? n->name : NULL, &attr, n->n_in, in);
    }
    for (int i = 0; i < g->n_port; i++)
        if (g->node[g->port[i].value].op != DFN_OP_INPUT)
            dfn_graph_output(out, g->port[i].name, map[g->port[i].value]);
}

/* Which output channel element i of a layer's weight belongs to. */
static size_t channel(const dfn_node *n, const dfn_weight *w, size_t i)
{
    if (n->op != DFN_OP_CONV_TRANSPOSE2D)
        return i / (w->count / (size_t)w->dim[0]);                     /* [O][...] */
    const size_t groups = n->attr.groups ? (size_t)n->attr.groups : 1; /* [C][O/g][1][k] */
    const size_t taps = (size_t)w->dim[2] * (size_t)w->dim[3], per = (size_t)w->dim[1];
    const size_t in = i / (per * taps), group = in / ((size_t)w->dim[0] / groups);
    return group * per + i / taps % per;
}

/* The weights of a layer that takes a batch norm get arrays of their own in the block; the
 * others are those of `w`. */
static void place(dfn_arena *a, const dfn_graph *g, const dfn_readers *readers,
                  const void *const *w, const dfn_value *map, const dfn_folded *out)
{
    const dfn_graph *folded = out->graph;
    for (int i = 0; i < folded->n_weight; i++)
        out->weights[i] = old_weight(g, w, folded->weight[i].name);
    for (dfn_value v = 0; v < g->n_node; v++) {
        const dfn_node *n = &folded->node[map[v]];
        for (int i = 0; target(g, readers, v) >= 0 && i < n->n_w; i++)
            out->weights[n->w[i]] =
                dfn_arena_take(a, folded->weight[n->w[i]].count, sizeof(float));
    }
}

/* Batch norm `norm` into the layer in front of it, which is node v of the new graph and has
 * its weights in the block. */
static void scale(const dfn_graph *g, const void *const *w, const dfn_node *norm,
                  const dfn_folded *out, dfn_value v)
{
    const dfn_node *n = &out->graph->node[v], *old = &g->node[norm->in[0]];
    const float *gamma = w[norm->w[0]], *beta = w[norm->w[1]];
    const float *mean = w[norm->w[2]], *var = w[norm->w[3]];
    const double eps = dfn_norm_epsilon(norm);
    const float *from = w[old->w[0]], *from_bias = old->n_w > 1 ? w[old->w[1]] : NULL;
    float *weight = (float *)out->weights[n->w[0]], *bias = (float *)out->weights[n->w[1]];
    const dfn_weight *shape = &out->graph->weight[n->w[0]];
    for (size_t i = 0; i < shape->count; i++) {
        const size_t c = channel(n, shape, i);
        weight[i] = (float)(from[i] * (gamma[c] / sqrt(var[c] + eps)));
    }
    for (size_t c = 0; c < out->graph->weight[n->w[1]].count; c++)
        bias[c] = (float)(beta[c] + ((from_bias ? (double)from_bias[c] : 0) - mean[c]) *
                                        (gamma[c] / sqrt(var[c] + eps)));
}

/* The table of weights, and arrays for those that change. */
static dfn_status weigh(const dfn_graph *g, const dfn_readers *readers,
                        const void *const *w, const dfn_value *map, dfn_folded *out,
                        dfn_error *err)
{
    dfn_arena measure = {0}, arena = {0};
    out->weights = calloc((size_t)out->graph->n_weight + 1, sizeof *out->weights);
    if (out->weights) {
        place(&measure, g, readers, w, map, out);
        if (!measure.overflow)
            out->block = arena.base = dfn_block_new(measure.used);
    }
    if (!out->block)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory while folding batch norms");
    place(&arena, g, readers, w, map, out);
    for (dfn_value v = 0; v < g->n_node; v++)
        if (target(g, readers, v) >= 0)
            scale(g, w, &g->node[v], out, map[v]);
    return DFN_OK;
}

dfn_status dfn_fold_batch_norm(const dfn_graph *g, const void *const *weights,
                               dfn_folded *out, dfn_error *err)
{
    dfn_value *map = calloc((size_t)g->n_node, sizeof *map);
    dfn_readers *readers = dfn_readers_new(g);
    dfn_status status = DFN_ERR_NOMEM;
    *out = (dfn_folded){.graph = dfn_graph_new()};
    if (map && readers && out->graph) {
        rebuild(g, readers, out->graph, map);
        status = dfn_graph_finish(out->graph, err);
        if (!status)
            status = weigh(g, readers, weights, map, out, err);
    } else {
        dfn_fail(err, status, "out of memory while folding batch norms");
    }
    free(readers);
    free(map);
    if (status) {
        dfn_graph_free(out->graph);
        free(out->weights);
        free(out->block);
        *out = (dfn_folded){0};
    }
    return status;
}
