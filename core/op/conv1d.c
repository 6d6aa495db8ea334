/* conv1d.c - convolution along samples. The t frames {1,L,C} of a run are one sequence of
 * N = t L positions; conv.h with positions for frames and no bins.
 *
 * Causal: output j sees the kernel_t positions that end with (j+1) stride_t - 1, the past
 * from the state; stride_t divides L, out {1, L/stride_t, O}, the same t.
 * Otherwise the whole sequence at once (offline), padded with pad_t zeros on both sides:
 * out {1,1,O}, t = (N + 2 pad_t - kernel_t) / stride_t + 1, or 1 for a sequence shorter
 * than the kernel, as if zeros followed.
 *
 * attr: out, kernel_t, stride_t, groups, bias, causal, pad_t (offline) */
#include "op/conv.h"

#include "op/history.h"

static conv_shape shape(const dfn_attr *a, int C)
{
    conv_shape s = {.F = 1,
                    .C = C,
                    .Fo = 1,
                    .O = a->out,
                    .groups = conv_or_one(a->groups),
                    .kt = conv_or_one(a->kernel_t),
                    .kf = 1,
                    .stride_t = conv_or_one(a->stride_t),
                    .stride_f = 1};
    s.before = a->causal ? s.kt - s.stride_t : a->pad_t;
    return s;
}

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *spec)
{
    (void)B;
    const dfn_attr *a = &n->attr;
    const char *why = n_in != 1 || in[0].d[0] != 1 ? "takes one input {1,L,C}"
                                                   : OP(conv_check_attr)(a, in[0].d[2]);
    if (why)
        return why;
    if (conv_or_one(a->kernel_f) > 1 || conv_or_one(a->stride_f) > 1 || a->pad_f)
        return "works only along samples";
    const int L = in[0].d[1];
    const conv_shape s = shape(a, in[0].d[2]);
    if (a->causal && a->pad_t)
        return "a causal convolution has no padding";
    if (a->causal && s.before < 0)
        return "the stride is longer than the kernel";
    if (a->causal && L % s.stride_t)
        return "the stride does not divide the frame";
    if ((uint64_t)in[0].t * (uint64_t)L > INT_MAX)
        return "the sequence is too long";
    if ((why = OP(conv_check)(&s)))
        return why;
    const int To = conv_positions(in[0].t * L, a->pad_t, s.kt, s.stride_t);
    if (a->causal)
        spec->out = (dfn_shape){in[0].t, {1, L / s.stride_t, s.O}};
    else
        spec->out = (dfn_shape){To > 0 ? To : 1, {1, 1, s.O}};
    spec->offline = !a->causal;
    dfn_spec_weight(spec, "weight", false, 3, s.O, s.C / s.groups, s.kt, 0);
    if (a->bias)
        dfn_spec_weight(spec, "bias", false, 1, s.O, 0, 0, 0);
    if (a->causal)
        spec->state = history_size(s.before, (size_t)s.C);
    spec->scratch = OP(conv_scratch)(&s);
    spec->macs = (uint64_t)spec->out.t * (uint64_t)spec->out.d[1] * OP(conv_macs)(&s);
    return NULL;
}

static void fwd(const dfn_args *a)
{
    const conv_shape s = shape(&a->node->attr, a->in_shape[0].d[2]);
    OP(conv_op_forward)
    (a, &s, a->in_shape[0].t * a->in_shape[0].d[1], a->out_shape.t * a->out_shape.d[1]);
}

static void bwd(const dfn_args *a)
{
    const conv_shape s = shape(&a->node->attr, a->in_shape[0].d[2]);
    OP(conv_op_backward)
    (a, &s, a->in_shape[0].t * a->in_shape[0].d[1], a->out_shape.t * a->out_shape.d[1]);
}

const dfn_op OP(op_conv1d) = {.name = "conv1d",
                              .infer = infer,
                              .fwd = fwd,
                              .bwd = bwd,
                              .skips = true,
                              .fresh = true,
                              .forgets = true};
