#include "graph/pack.h"

#include "graph/readers.h"
#include "op/ops.h"

#include <stdlib.h>
#include <string.h>

/* What the op would make of node v with packed weights. */
static dfn_spec packed_spec(const dfn_graph *g, dfn_value v, dfn_weight_format f)
{
    dfn_node n = g->node[v];
    dfn_shape in[DFN_MAX_IN];
    dfn_spec s = {0};
    n.attr.format = f;
    for (int i = 0; i < n.n_in; i++)
        in[i] = g->node[n.in[i]].shape;
    if (!f || dfn_op_table_c[n.op]->infer(&n, in, n.n_in, 1, &s))
        s.packed = false;
    return s;
}

/* The activation that node v can take over, or -1. */
static dfn_value activation_of(const dfn_graph *g, const dfn_readers *readers, dfn_value v,
                               dfn_weight_format f)
{
    const dfn_value reader = readers[v].last;
    return readers[v].count == 1 && reader >= 0 &&
                   g->node[reader].op == DFN_OP_ACTIVATION &&
                   dfn_op_table_c[g->node[v].op]->activates && packed_spec(g, v, f).packed
               ? reader
               : -1;
}

/* The same nodes without the activations that others take over; map[old] = new. */
static void rebuild(const dfn_graph *g, const dfn_readers *readers,
                    const dfn_weight_format *format, dfn_graph *out, dfn_value *map)
{
    for (dfn_value v = 0; v < g->n_node; v++)
        map[v] = -1;
    for (dfn_value v = 0; v < g->n_node; v++) {
        const dfn_node *n = &g->node[v];
        dfn_attr attr = n->attr;
        dfn_value in[DFN_MAX_IN];
        if (n->op == DFN_OP_INPUT) {
            map[v] = dfn_graph_input(out, n->name, n->shape);
            continue;
        }
        if (map[v] >= 0) /* taken over */
            continue;
        const dfn_value act = activation_of(g, readers, v, format[v]);
        attr.format = packed_spec(g, v, format[v]).packed ? format[v] : DFN_WEIGHTS_PLAIN;
        if (dfn_op_table_c[n->op]->activates)
            attr.act = DFN_ACT_NONE; /* a plain layer does not heed it, a packed one does */
        if (act >= 0) {
            attr.act = g->node[act].attr.act;
            attr.alpha = g->node[act].attr.alpha;
        }
        for (int i = 0; i < n->n_in; i++)
            in[i] = map[n->in[i]];
        map[v] = dfn_graph_add(out, n->op, *n->name ? n->name : NULL, &attr, n->n_in, in);
        if (act >= 0)
            map[act] = map[v];
    }
    for (int i = 0; i < g->n_port; i++)
        if (g->port[i].output)
            dfn_graph_output(out, g->port[i].name, map[g->port[i].value]);
}

/* Numbers of float32 that the weights of node v take which are something else. */
static size_t room_of(const dfn_graph *g, const dfn_stored *weights, dfn_value v)
{
    const dfn_node *n = &g->node[v];
    size_t count = 0;
    for (int i = 0; i < n->n_w; i++)
        if (weights[n->w[i]].format)
            count += g->weight[n->w[i]].count;
    return count;
}

/* The weights of one layer as float32, with the scales of those that were int8. */
static void unpack(const dfn_graph *g, const dfn_stored *weights, dfn_value v, float *room,
                   const void **from, const float **scale)
{
    const dfn_node *n = &g->node[v];
    for (int i = 0; i < n->n_w; i++) {
        const dfn_stored *w = &weights[n->w[i]];
        dfn_rows rows;
        from[i] = w->data;
        scale[i] = w->format == DFN_WEIGHTS_INT8 ? w->scale : NULL;
        if (w->format && dfn_rows_find(&rows, g, v, i)) {
            dfn_dequantise(room, w, &rows);
            from[i] = room;
            room += g->weight[n->w[i]].count;
        }
    }
}

static void fill(const dfn_graph *g, const dfn_stored *weights, float *room,
                 const dfn_graph *out, const dfn_value *map, const dfn_weights *to)
{
    for (dfn_value v = 0; v < g->n_node; v++) {
        const dfn_node *old = &g->node[v], *n = &out->node[map[v]];
        const void *from[DFN_MAX_W] = {0};
        const float *scale[DFN_MAX_W] = {0};
        void *into[DFN_MAX_W] = {0};
        dfn_shape in[DFN_MAX_IN];
        if (!old->n_w || old->op != n->op)
            continue;
        unpack(g, weights, v, room, from, scale);
        for (int i = 0; i < n->n_w; i++)
            into[i] = to->data[n->w[i]];
        for (int i = 0; i < n->n_in; i++)
            in[i] = out->node[n->in[i]].shape;
        if (n->packed)
            dfn_op_table_c[n->op]->pack(n, in, from, scale, into);
        for (int i = 0; i < n->n_w && !n->packed; i++)
            memcpy(into[i], from[i], out->weight[n->w[i]].count * sizeof(float));
    }
}

/* Room for the float32 weights of any one layer, at least one number; NULL: no memory. */
static float *room_new(const dfn_graph *g, const dfn_stored *weights)
{
    size_t most = 1;
    for (dfn_value v = 0; v < g->n_node; v++) {
        const size_t n = room_of(g, weights, v);
        most = n > most ? n : most;
    }
    return calloc(most, sizeof(float));
}

dfn_status dfn_pack(const dfn_graph *g, const dfn_stored *weights,
                    const dfn_weight_format *format, dfn_graph **out,
                    dfn_weights *out_weights, dfn_error *err)
{
    dfn_value *map = calloc((size_t)g->n_node, sizeof *map);
    dfn_readers *readers = dfn_readers_new(g);
    dfn_graph *packed = dfn_graph_new();
    float *room = room_new(g, weights);
    dfn_status status = DFN_ERR_NOMEM;
    *out = NULL;
    *out_weights = (dfn_weights){0};
    if (map && readers && packed && room) {
        rebuild(g, readers, format, packed, map);
        status = dfn_graph_finish(packed, err);
        if (!status)
            status = dfn_weights_new(out_weights, packed, DFN_F32, err);
    } else {
        dfn_fail(err, status, "out of memory while packing weights");
    }
    if (!status)
        fill(g, weights, room, packed, map, out_weights);
    free(room);
    free(readers);
    free(map);
    if (status)
        dfn_graph_free(packed);
    else
        *out = packed;
    return status;
}

/* An int8 layer of few inputs has few terms for its errors to cancel in. */
enum { FEW_INPUTS = 16, FEW_FOR_INT8 = 32, FEW_WEIGHTS = 2048 };

/* Of weights [outputs][inputs ..], or [groups][inputs][outputs]. */
static size_t inputs_per_output(const dfn_node *n, const dfn_weight *w)
{
    return n->op == DFN_OP_GROUPED_LINEAR ? (size_t)w->dim[1]
                                          : w->count / (size_t)w->dim[0];
}

/* A single output has a form of its own in float32, and in others most of each tile empty. */
static bool single(const dfn_node *n)
{
    return n->op != DFN_OP_GROUPED_LINEAR && n->attr.groups <= 1 && n->shape.d[2] == 1;
}

/* A convolution along time keeps sums from frame to frame, of which no form is int8. */
static bool along_time(const dfn_node *n, const dfn_weight *w)
{
    return n->op == DFN_OP_CONV2D && w->dim[2] > 1;
}

/* How often a frame multiplies by each weight: convolutions share theirs among bins. */
static size_t uses(const dfn_node *n)
{
    return (size_t)n->shape.d[0] * (size_t)n->shape.d[1];
}

void dfn_pack_formats(dfn_weight_format *format, const dfn_graph *g, dfn_weight_format f)
{
    for (dfn_value v = 0; v < g->n_node; v++) {
        const dfn_node *n = &g->node[v];
        const dfn_weight *w = n->n_w ? &g->weight[n->w[0]] : NULL;
        const size_t inputs = w ? inputs_per_output(n, w) : 0;
        format[v] = f;
        if (f == DFN_WEIGHTS_INT8 &&
            (inputs < FEW_FOR_INT8 || w->count < FEW_WEIGHTS || along_time(n, w)))
            format[v] = DFN_WEIGHTS_BF16;
        if (inputs < FEW_INPUTS || w->count * uses(n) < FEW_WEIGHTS || single(n))
            format[v] = DFN_WEIGHTS_F32;
    }
}
