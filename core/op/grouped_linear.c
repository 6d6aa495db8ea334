/* grouped_linear.c - the last axis in G groups, each with a matrix of its own.
 *
 *   x[..][G][I/G]  w[G][I/G][O/G]  b[O]  ->  y[..][G][O/G]
 *   y[g] = x[g] w[g] + b[g]
 *   dx[g] += dy[g] w[g]^T     dw[g][i][o] += sum_n x[n][g][i] dy[n][g][o]     db += dy
 *
 * w is in the order in which it is read: a group's outputs for one input stand together.
 * The layout is that of DeepFilterNet's GroupedLinearEinsum.
 *
 * attr: out, groups, bias; packed: act */
#include "op/packed_layer.h"

#include <string.h>

static int groups(const dfn_node *n) { return n->attr.groups ? n->attr.groups : 1; }

static packed_layer layer(const dfn_node *n, dfn_shape in)
{
    const int G = groups(n);
    return (packed_layer){.G = G,
                          .I = in.d[2] / G,
                          .O = n->attr.out / G,
                          .format = n->attr.format,
                          .relu = n->attr.act == DFN_ACT_RELU};
}

static void pack(const dfn_node *n, const dfn_shape *in, const void *const *w,
                 const float *const *scale, void *const *out)
{
    const packed_layer l = layer(n, in[0]);
    dfn_packed_fill(out[0], l.G, l.I, l.O, l.format,
                    &(packed_source){.w = w[0],
                                     .bias = w[1],
                                     .scale = scale[0],
                                     .inner = l.I,
                                     .by_g = l.I * l.O,
                                     .by_o = 1,
                                     .by_c = l.O});
}

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    const int I = in[0].d[2], O = n->attr.out, G = groups(n);
    if (n_in != 1)
        return "takes one input";
    if (O < 1)
        return "needs a number of outputs";
    if (G < 1 || I % G || O % G)
        return "the groups must divide inputs and outputs";
    s->out = in[0];
    s->out.d[2] = O;
    s->macs = (uint64_t)in[0].t * dfn_shape_frame(in[0]) * (uint64_t)(O / G);
    const packed_layer l = layer(n, in[0]);
    if (n->attr.format && dfn_packed_size(l.G, l.I, l.O, l.format)) {
        packed_layer_weight(s, "packed", l);
        s->scratch = OP(packed_layer_scratch)(
            l, (size_t)B * (size_t)in[0].t * (size_t)in[0].d[0] * (size_t)in[0].d[1]);
        return NULL;
    }
    dfn_spec_weight(s, "weight", false, 3, G, I / G, O / G, 0);
    if (n->attr.bias)
        dfn_spec_weight(s, "bias", false, 1, O, 0, 0, 0);
    return NULL;
}

static void fwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const int G = groups(a->node);
    if (a->node->packed) {
        OP(packed_layer_run)
        (k, layer(a->node, a->in_shape[0]), a->w[0], a->out, a->in[0], dfn_args_rows(a),
         a->in_shape[0].d[2], a->out_shape.d[2], a->scratch);
        packed_activate_rest(a);
        return;
    }
    const int N = dfn_args_rows(a), ldx = a->in_shape[0].d[2], ldy = a->out_shape.d[2];
    const int I = ldx / G, O = ldy / G;
    const REAL *x = a->in[0], *w = a->w[0], *b = a->w[1];
    REAL *y = a->out;
    for (int n = 0; b && n < N; n++)
        memcpy(y + (size_t)n * (size_t)ldy, b, (size_t)ldy * sizeof *b);
    for (int g = 0; g < G; g++)
        k->matmul(y + g * O, x + g * I, w + g * I * O, N, O, I, ldx, O, ldy, false, false,
                  b != NULL);
}

static void bwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const int N = dfn_args_rows(a), ldx = a->in_shape[0].d[2], ldy = a->out_shape.d[2];
    const int G = groups(a->node), I = ldx / G, O = ldy / G;
    const REAL *x = a->in[0], *w = a->w[0], *dy = a->dout;
    REAL *dx = a->din[0], *dw = a->dw[0], *db = a->dw[1];
    for (int g = 0; g < G; g++) {
        if (dx)
            k->matmul(dx + g * I, dy + g * O, w + g * I * O, N, I, O, ldy, O, ldx, false,
                      true, !a->fresh[0]);
        if (dw)
            k->matmul(dw + g * I * O, x + g * I, dy + g * O, I, O, N, ldx, ldy, O, true,
                      false, true);
    }
    for (int n = 0; db && n < N; n++, dy += ldy)
        for (int o = 0; o < ldy; o++)
            db[o] += dy[o];
}

const dfn_op OP(op_grouped_linear) = {.name = "grouped_linear",
                                      .infer = infer,
                                      .fwd = fwd,
                                      .bwd = bwd,
                                      .pack = pack,
                                      .activates = true,
                                      .skips = true,
                                      .fresh = true,
                                      .forgets = true};
