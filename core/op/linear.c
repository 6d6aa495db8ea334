/* linear.c - y = x W^T + b on the last axis, for every row of every frame.
 *
 *   x[..][I]  W[O][I]  b[O]  ->  y[..][O]
 *   dx = dy W     dW[o][i] += sum_n dy[n][o] x[n][i]     db[o] += sum_n dy[n][o]
 *
 * attr: out, bias; packed: act */
#include "op/packed_layer.h"

#include <string.h>

void OP(linear_forward)(const KERNELS *k, REAL *restrict y, const REAL *restrict x,
                        const REAL *restrict w, const REAL *restrict b, int N, int I, int O)
{
    for (int n = 0; b && n < N; n++)
        memcpy(y + (size_t)n * (size_t)O, b, (size_t)O * sizeof *b);
    k->matmul(y, x, w, N, O, I, I, I, O, false, true, b != NULL);
}

void OP(linear_backward)(const KERNELS *k, REAL *restrict dx, REAL *restrict dw,
                         REAL *restrict db, const REAL *restrict dy, const REAL *restrict x,
                         const REAL *restrict w, bool add, int N, int I, int O)
{
    if (dx)
        k->matmul(dx, dy, w, N, I, O, O, I, I, false, false, add);
    if (dw)
        k->matmul(dw, dy, x, O, I, N, O, I, I, true, false, true);
    for (int n = 0; db && n < N; n++, dy += O)
        for (int o = 0; o < O; o++)
            db[o] += dy[o];
}

static packed_layer layer(const dfn_node *n, dfn_shape in)
{
    return (packed_layer){.G = 1,
                          .I = in.d[2],
                          .O = n->attr.out,
                          .format = n->attr.format,
                          .relu = n->attr.act == DFN_ACT_RELU};
}

static void pack(const dfn_node *n, const dfn_shape *in, const void *const *w,
                 const float *const *scale, void *const *out)
{
    const int I = in[0].d[2];
    dfn_packed_fill(
        out[0], 1, I, n->attr.out, n->attr.format,
        &(packed_source){
            .w = w[0], .bias = w[1], .scale = scale[0], .inner = I, .by_o = I, .by_c = 1});
}

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    const int I = in[0].d[2], O = n->attr.out;
    if (n_in != 1)
        return "takes one input";
    if (O < 1)
        return "needs a number of outputs";
    s->out = in[0];
    s->out.d[2] = O;
    s->macs = (uint64_t)in[0].t * dfn_shape_frame(in[0]) * (uint64_t)O;
    const packed_layer l = layer(n, in[0]);
    if (n->attr.format && dfn_packed_size(1, I, O, l.format)) {
        packed_layer_weight(s, "packed", l);
        s->scratch = OP(packed_layer_scratch)(
            l, (size_t)B * (size_t)in[0].t * (size_t)in[0].d[0] * (size_t)in[0].d[1]);
        return NULL;
    }
    dfn_spec_weight(s, "weight", false, 2, O, I, 0, 0);
    if (n->attr.bias)
        dfn_spec_weight(s, "bias", false, 1, O, 0, 0, 0);
    return NULL;
}

/* Outputs that are made together: slices of them, or all. */
static int count_parts(const dfn_args *a) { return a->part ? a->parts : 1; }

static dfn_part get_part(const dfn_args *a, int i)
{
    const dfn_part whole = {.out = a->out, .dout = a->dout, .length = a->out_shape.d[2]};
    return a->part ? a->part[i] : whole;
}

/* Row `first` of rows of n numbers; NULL of NULL. */
static void *rows(const void *x, int first, int n)
{
    return x ? (REAL *)x + (size_t)first * (size_t)n : NULL;
}

static void fwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const int I = a->in_shape[0].d[2];
    if (a->node->packed) {
        OP(packed_layer_run)
        (k, layer(a->node, a->in_shape[0]), a->w[0], a->out, a->in[0], dfn_args_rows(a), I,
         a->out_shape.d[2], a->scratch);
        packed_activate_rest(a);
        return;
    }
    const int parts = count_parts(a);
    for (int i = 0; i < parts; i++) {
        const dfn_part p = get_part(a, i);
        OP(linear_forward)
        (k, p.out, a->in[0], rows(a->w[0], p.start, I), rows(a->w[1], p.start, 1),
         dfn_args_rows(a), I, p.length);
    }
}

static void bwd(const dfn_args *a)
{
    const int I = a->in_shape[0].d[2], parts = count_parts(a);
    for (int i = 0; i < parts; i++) {
        const dfn_part p = get_part(a, i);
        OP(linear_backward)
        (a->kernels, a->din[0], rows(a->dw[0], p.start, I), rows(a->dw[1], p.start, 1),
         p.dout, a->in[0], rows(a->w[0], p.start, I), i || !a->fresh[0], dfn_args_rows(a),
         I, p.length);
    }
}

const dfn_op OP(op_linear) = {.name = "linear",
                              .infer = infer,
                              .fwd = fwd,
                              .bwd = bwd,
                              .pack = pack,
                              .activates = true,
                              .skips = true,
                              .fresh = true,
                              .forgets = true,
                              .parts = true};
