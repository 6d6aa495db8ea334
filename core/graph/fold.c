#include "graph/fold.h"

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

static void scale(const void *const *w, const dfn_node *norm, const dfn_graph *out,
                  dfn_value v, void *const *out_w)
{
    const dfn_node *n = &out->node[v];
    const float *gamma = w[norm->w[0]], *beta = w[norm->w[1]];
    const float *mean = w[norm->w[2]], *var = w[norm->w[3]];
    const double eps = dfn_norm_epsilon(norm);
    float *weight = out_w[n->w[0]], *bias = out_w[n->w[1]];
    const dfn_weight *shape = &out->weight[n->w[0]];
    for (size_t i = 0; i < shape->count; i++) {
        const size_t c = channel(n, shape, i);
        weight[i] = (float)(weight[i] * (gamma[c] / sqrt(var[c] + eps)));
    }
    for (size_t c = 0; c < out->weight[n->w[1]].count; c++)
        bias[c] = (float)(beta[c] +
                          ((double)bias[c] - mean[c]) * (gamma[c] / sqrt(var[c] + eps)));
}

dfn_status dfn_fold_batch_norm(const dfn_graph *g, const void *const *weights,
                               dfn_graph **out, dfn_weights *out_weights, dfn_error *err)
{
    dfn_value *map = calloc((size_t)g->n_node, sizeof *map);
    dfn_readers *readers = dfn_readers_new(g);
    dfn_graph *folded = dfn_graph_new();
    dfn_status status = DFN_ERR_NOMEM;
    *out = NULL;
    *out_weights = (dfn_weights){0};
    if (map && readers && folded) {
        rebuild(g, readers, folded, map);
        status = dfn_graph_finish(folded, err);
        if (!status)
            status = dfn_weights_new(out_weights, folded, DFN_F32, err);
    } else {
        dfn_fail(err, status, "out of memory while folding batch norms");
    }
    for (int i = 0; !status && i < folded->n_weight; i++) {
        const float *from = old_weight(g, weights, folded->weight[i].name);
        if (from) /* a new bias starts at zero */
            memcpy(out_weights->data[i], from, folded->weight[i].count * sizeof *from);
    }
    for (dfn_value v = 0; !status && v < g->n_node; v++)
        if (target(g, readers, v) >= 0)
            scale(weights, &g->node[v], folded, map[v], out_weights->data);
    free(readers);
    free(map);
    if (status)
        dfn_graph_free(folded);
    else
        *out = folded;
    return status;
}
