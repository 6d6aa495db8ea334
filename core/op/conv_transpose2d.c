/* conv_transpose2d.c - transposed convolution of feature maps {1,F,C} over frequency: the
 * adjoint of the convolution (conv.h) that takes O channels of F_out bins to C of F.
 *
 *   F_out = (F - 1) stride_f - 2 pad_f + kernel_f + out_pad_f
 *   y[f stride_f - pad_f + k][o] += x[f][c] w[c][o][k]     o over the outputs of c's group
 *
 * Forward is therefore that convolution's backward for its input, and the other way round.
 *
 * Packed, if it is depthwise: bias[C], then weights [kernel_f][C].
 *
 * attr: out, kernel_t (1), kernel_f, stride_f, pad_f, out_pad_f (< stride_f), groups, bias
 */
#include "op/conv.h"

/* The adjoint convolution. */
static conv_shape shape(const dfn_attr *a, dfn_shape in, int Fo)
{
    return (conv_shape){.F = Fo,
                        .C = a->out,
                        .Fo = in.d[1],
                        .O = in.d[2],
                        .groups = conv_or_one(a->groups),
                        .kt = 1,
                        .kf = conv_or_one(a->kernel_f),
                        .stride_t = 1,
                        .stride_f = conv_or_one(a->stride_f),
                        .pad_f = a->pad_f};
}

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *spec)
{
    (void)B;
    const dfn_attr *a = &n->attr;
    const char *why = n_in != 1 || in[0].d[0] != 1 ? "takes one input {1,F,C}"
                                                   : OP(conv_check_attr)(a, in[0].d[2]);
    if (why)
        return why;
    if (conv_or_one(a->kernel_t) > 1 || conv_or_one(a->stride_t) > 1 || a->pad_t)
        return "has no extent in time";
    if (a->out_pad_f < 0 || a->out_pad_f >= conv_or_one(a->stride_f))
        return "extra bins must be fewer than the stride";
    const int64_t Fo = (int64_t)(in[0].d[1] - 1) * conv_or_one(a->stride_f) - 2 * a->pad_f +
                       conv_or_one(a->kernel_f) + a->out_pad_f;
    if (Fo < 1 || Fo > INT_MAX)
        return "impossible number of output bins";
    const conv_shape s = shape(a, in[0], (int)Fo);
    if ((why = OP(conv_check)(&s)))
        return why;
    spec->out = (dfn_shape){in[0].t, {1, s.F, s.C}};
    spec->macs = (uint64_t)in[0].t * OP(conv_macs)(&s);
    const size_t packed = conv_depthwise(&s) ? OP(conv_packed_size)(&s, a->format) : 0;
    if (a->format && packed && packed <= INT_MAX) {
        dfn_spec_weight(spec, "packed", false, 1, (int)packed, 0, 0, 0);
        spec->packed = true;
        return NULL;
    }
    dfn_spec_weight(spec, "weight", false, 4, s.O, s.C / s.groups, 1, s.kf);
    if (a->bias)
        dfn_spec_weight(spec, "bias", false, 1, s.C, 0, 0, 0);
    spec->scratch = OP(conv_scratch)(&s) + (size_t)s.Fo * (size_t)s.O;
    return NULL;
}

/* Stream b of the adjoint convolution, one frame of its output in front of the scratch. */
static conv_run stream(const dfn_args *a, const conv_shape *s, const REAL *x)
{
    const int T = a->in_shape[0].t;
    return (conv_run){.s = s,
                      .k = a->kernels,
                      .T = T,
                      .To = T,
                      .x = x,
                      .w = a->w[0],
                      .scratch = (REAL *)a->scratch + (size_t)s->Fo * (size_t)s->O};
}

static void pack(const dfn_node *n, const dfn_shape *in, const void *const *w,
                 const float *const *scale, void *const *out)
{
    const conv_shape s = shape(&n->attr, in[0], in[0].d[1]); /* bins do not matter here */
    OP(conv_pack)(&s, n->attr.format, w[0], w[1], scale[0], out[0]);
}

static void fill(REAL *restrict y, const REAL *bias, size_t n, int C)
{
    for (size_t i = 0; i < n; i += (size_t)C)
        for (int c = 0; c < C; c++)
            y[i + (size_t)c] = bias ? bias[c] : 0;
}

static void fwd_packed(const dfn_args *a, const conv_shape *s)
{
    const KERNELS *k = a->kernels;
    const REAL *w = a->w[0], *x = a->in[0];
    REAL *y = a->out;
    fill(y, w, dfn_args_count(a), s->C);
    for (int n = 0; n < a->B * a->in_shape[0].t; n++, x += s->Fo * s->O, y += s->F * s->C)
        k->conv_depthwise_bwd(&y, NULL, x, NULL, w + s->C, s->F, s->C, s->Fo, 1, s->kf,
                              s->stride_f, s->pad_f);
    packed_activate(a);
}

static void fwd(const dfn_args *a)
{
    const conv_shape s = shape(&a->node->attr, a->in_shape[0], a->out_shape.d[1]);
    const size_t count = (size_t)a->out_shape.t * (size_t)(s.F * s.C);
    if (a->node->packed) {
        fwd_packed(a, &s);
        return;
    }
    for (int b = 0; b < a->B; b++) {
        REAL *y = DFN_AT((REAL *)a->out, a->out_shape, b);
        fill(y, a->w[1], count, s.C);
        const conv_run r = stream(a, &s, NULL);
        const conv_grad g = {.dx = y,
                             .dy = DFN_AT((const REAL *)a->in[0], a->in_shape[0], b)};
        OP(conv_backward)(&r, &g);
    }
}

static void bwd(const dfn_args *a)
{
    const conv_shape s = shape(&a->node->attr, a->in_shape[0], a->out_shape.d[1]);
    const size_t in = (size_t)s.Fo * (size_t)s.O, out = (size_t)s.F * (size_t)s.C;
    REAL *db = a->dw[1], *frame = a->scratch;
    for (int b = 0; b < a->B; b++) {
        const REAL *dy = DFN_AT((const REAL *)a->dout, a->out_shape, b);
        REAL *dx = DFN_AT((REAL *)a->din[0], a->in_shape[0], b);
        conv_run r = stream(a, &s, dy);
        const conv_grad g = {.dw = a->dw[0],
                             .dy = DFN_AT((const REAL *)a->in[0], a->in_shape[0], b)};
        if (g.dw)
            OP(conv_backward)(&r, &g);
        r.T = r.To = 1;
        for (int t = 0; t < a->in_shape[0].t; t++, r.x += out, dx += in) {
            OP(conv_forward)(&r, frame);
            for (size_t i = 0; i < in; i++)
                dx[i] = (a->fresh[0] ? 0 : dx[i]) + frame[i];
            for (size_t i = 0; db && i < out; i++)
                db[i % (size_t)s.C] += r.x[i];
        }
    }
}

const dfn_op OP(op_conv_transpose2d) = {.name = "conv_transpose2d",
                                        .infer = infer,
                                        .fwd = fwd,
                                        .bwd = bwd,
                                        .pack = pack,
                                        .activates = true,
                                        .fresh = true,
                                        .forgets = true};
