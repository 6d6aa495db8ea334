/* conv2d.c - convolution of feature maps {1,F,C} over time and frequency (conv.h).
 *
 *   F_out = (F + 2 pad_f - kernel_f) / stride_f + 1
 *
 * Causal as a rule: output frame t sees frames t-kernel_t+1 .. t, the past from the state.
 * With pad_t > 0, stride_t > 1 or variant 2 it needs the whole sequence (offline), padded
 * with pad_t zero frames on both sides: t_out = (t + 2 pad_t - kernel_t) / stride_t + 1, or
 * 1 for a sequence shorter than the kernel, as if zero frames followed.
 *
 * attr: out, kernel_t, kernel_f, stride_t, stride_f, pad_t, pad_f, groups, bias,
 *       packed: act; variant: 0; 1: a weight [O][C/g][kernel_t], kernel_f is 1; 2: offline,
 * unpadded */
#include "op/conv.h"

#include "op/history.h"

enum { FLAT_WEIGHT = 1, OFFLINE = 2 };

static bool offline(const dfn_attr *a)
{
    return a->pad_t > 0 || a->stride_t > 1 || a->variant == OFFLINE;
}

static conv_shape shape(const dfn_attr *a, dfn_shape in)
{
    conv_shape s = {.F = in.d[1],
                    .C = in.d[2],
                    .O = a->out,
                    .groups = conv_or_one(a->groups),
                    .kt = conv_or_one(a->kernel_t),
                    .kf = conv_or_one(a->kernel_f),
                    .stride_t = conv_or_one(a->stride_t),
                    .stride_f = conv_or_one(a->stride_f),
                    .pad_f = a->pad_f};
    s.before = offline(a) ? a->pad_t : s.kt - 1;
    s.Fo = conv_positions(s.F, s.pad_f, s.kf, s.stride_f);
    return s;
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
    if (a->variant < 0 || a->variant > OFFLINE)
        return "unknown variant";
    const conv_shape s = shape(a, in[0]);
    if (a->variant == FLAT_WEIGHT && s.kf != 1)
        return "a kernel along time only has no bins";
    if (s.Fo < 1)
        return "the kernel is larger than the padded bins";
    if ((why = OP(conv_check)(&s)))
        return why;
    const int T = in[0].t;
    const size_t packed = a->format ? OP(conv_packed_size)(&s, a->format) : 0;
    const int To = offline(a) ? conv_positions(T, a->pad_t, s.kt, s.stride_t) : T;
    spec->out = (dfn_shape){To > 0 ? To : 1, {1, s.Fo, s.O}};
    spec->offline = offline(a);
    if (packed && packed < CONV_ATTR_MAX * 64 && !spec->offline) {
        dfn_spec_weight(spec, "packed", false, 1, (int)packed, 0, 0, 0);
        spec->packed = true;
        spec->state = OP(conv_packed_state)(&s);
        spec->scratch = OP(conv_packed_scratch)(&s, a->format, (size_t)To);
        spec->macs = (uint64_t)To * OP(conv_macs)(&s);
        return NULL;
    }
    if (a->variant == FLAT_WEIGHT)
        dfn_spec_weight(spec, "weight", false, 3, s.O, s.C / s.groups, s.kt, 0);
    else
        dfn_spec_weight(spec, "weight", false, 4, s.O, s.C / s.groups, s.kt, s.kf);
    if (a->bias)
        dfn_spec_weight(spec, "bias", false, 1, s.O, 0, 0, 0);
    if (!spec->offline)
        spec->state = history_size(s.before, (size_t)s.F * (size_t)s.C);
    spec->scratch = OP(conv_scratch)(&s);
    spec->macs = (uint64_t)spec->out.t * OP(conv_macs)(&s);
    return NULL;
}

static void pack(const dfn_node *n, const dfn_shape *in, const void *const *w,
                 const float *const *scale, void *const *out)
{
    const conv_shape s = shape(&n->attr, in[0]);
    OP(conv_pack)(&s, n->attr.format, w[0], w[1], scale[0], out[0]);
}

static void fwd(const dfn_args *a)
{
    const conv_shape s = shape(&a->node->attr, a->in_shape[0]);
    OP(conv_op_forward)(a, &s, a->in_shape[0].t, a->out_shape.t);
    if (a->node->packed)
        packed_activate_rest(a);
}

static void bwd(const dfn_args *a)
{
    const conv_shape s = shape(&a->node->attr, a->in_shape[0]);
    OP(conv_op_backward)(a, &s, a->in_shape[0].t, a->out_shape.t);
}

const dfn_op OP(op_conv2d) = {.name = "conv2d",
                              .infer = infer,
                              .fwd = fwd,
                              .bwd = bwd,
                              .pack = pack,
                              .activates = true,
                              .skips = true,
                              .fresh = true,
                              .forgets = true};
