/* conv_packed.c - the forward convolution with packed weights (conv.h, packed.h), in the
 * form that suits its shape:
 *
 *   depthwise  bias[O], then weights [kt][kf][O], in float32 whatever the format. With
 *              several outputs per channel, channels are repeated as often first
 *   overlap    kernels along time with fewer outputs than inputs: a new frame is multiplied
 *              by all taps at once, and what later frames need of it is kept as sums. The
 *              state is these sums [F][groups][kt][O/g], not the frames. bf16 for int8
 *   dense      windows of all channels as rows of one layer, with zeros for the channels of
 *              other groups, or in float32 mixed groups (packed.h); without a kernel along
 *              time, windows are read where they are
 *   general    windows [kt][kf][C/g] of each group, which is a layer of its own
 *
 * In windows channels stay together: [kt][kf][channels]. A pointwise convolution is dense. */
#include "op/conv.h"
#include "op/history.h"

#include <string.h>

typedef enum form { DEPTHWISE, OVERLAP, DENSE, GENERAL } form;

enum { FEW_WEIGHTS = 1 << 14 }; /* with zeros: they stay in the first cache */

static int window(const conv_shape *s) { return s->C / s->groups * s->kt * s->kf; }

static form choose(const conv_shape *s)
{
    const int64_t dense = (int64_t)window(s) * s->groups * s->O;
    if (conv_by_channel(s))
        return DEPTHWISE;
    if (OP(conv_overlaps)(s))
        return OVERLAP;
    return s->groups == 1 || dense <= FEW_WEIGHTS ? DENSE : GENERAL;
}

bool OP(conv_overlaps)(const conv_shape *s)
{
    return s->kt > 1 && s->kf == 1 && s->stride_t == 1 && s->stride_f == 1 && !s->pad_f &&
           s->O < s->C;
}

/* Dense, but groups of one channel and at least a tile of outputs: windows as they are, and
 * no zeros. */
static bool mixed(const conv_shape *s, dfn_weight_format f)
{
    return f == DFN_WEIGHTS_F32 && s->groups > 1 && s->groups == s->C &&
           s->O / s->groups >= PACKED_TILE;
}

static packed_layer layer(const conv_shape *s, dfn_weight_format f, bool relu)
{
    const int I = s->C / s->groups, O = s->O / s->groups, K = window(s);
    switch (choose(s)) {
    case OVERLAP:
        return (packed_layer){.G = s->groups,
                              .I = I,
                              .O = O * s->kt,
                              .format = f == DFN_WEIGHTS_F32 ? f : DFN_WEIGHTS_BF16};
    case DENSE:
        if (mixed(s, f))
            return (packed_layer){
                .G = s->groups, .I = K, .O = O, .format = f, .mixed = true, .relu = relu};
        return (packed_layer){
            .G = 1, .I = K * s->groups, .O = s->O, .format = f, .relu = relu};
    case GENERAL: return (packed_layer){.G = 1, .I = K, .O = O, .format = f, .relu = relu};
    case DEPTHWISE: break;
    }
    return (packed_layer){0};
}

/* Numbers of one packed layer: of a group if the form is general. */
static size_t layer_size(const conv_shape *s, dfn_weight_format f)
{
    const packed_layer l = layer(s, f, false);
    return dfn_packed_size(l.G, l.I, l.O, l.format);
}

size_t OP(conv_packed_size)(const conv_shape *s, dfn_weight_format f)
{
    switch (choose(s)) {
    case DEPTHWISE: return (size_t)s->O * (1 + (size_t)window(s));
    case GENERAL: return (size_t)s->groups * layer_size(s, f);
    case OVERLAP:
    case DENSE: break;
    }
    return layer_size(s, f);
}

size_t OP(conv_packed_state)(const conv_shape *s)
{
    if (OP(conv_overlaps)(s))
        return (size_t)s->kt * (size_t)s->Fo * (size_t)s->O;
    return history_size(s->before, (size_t)s->F * (size_t)s->C);
}

/* Scratch: gathered windows, or repeated channels; then what the layer needs. */
static size_t rows_size(const conv_shape *s)
{
    const size_t rows = (size_t)s->Fo;
    switch (choose(s)) {
    case DENSE: return conv_pointwise(s) ? 0 : rows * (size_t)(window(s) * s->groups);
    case GENERAL: return rows * (size_t)window(s);
    case DEPTHWISE: return s->O > s->C ? (size_t)(s->kt * s->F) * (size_t)s->O : 0;
    case OVERLAP: break;
    }
    return 0;
}

size_t OP(conv_packed_scratch)(const conv_shape *s, dfn_weight_format f, size_t frames)
{
    const size_t rows = (size_t)s->Fo * (conv_pointwise(s) ? frames : 1);
    if (conv_by_channel(s))
        return rows_size(s);
    const packed_layer l = layer(s, f, false);
    if (OP(conv_overlaps)(s)) /* a frame, prepared at once */
        return l.format == DFN_WEIGHTS_F32 ? 0 : rows * OP(packed_layer_row)(l);
    return rows_size(s) + OP(packed_layer_scratch)(l, rows);
}

/* ---- packing ---- */

static void pack_depthwise(const conv_shape *s, const float *w, const float *b, float *to)
{
    const int K = window(s);
    for (int o = 0; o < s->O; o++)
        to[o] = b ? b[o] : 0;
    for (int k = 0; k < K; k++)
        for (int o = 0; o < s->O; o++)
            to[(k + 1) * s->O + o] = w[o * K + k];
}

/* Output j O + o of a group is tap kt - 1 - j: the newest, which is due now, comes first
 * and brings the bias. */
static void pack_overlap(const conv_shape *s, packed_layer l, const float *w,
                         const float *b, float *to)
{
    const int O = s->O / s->groups;
    const dfn_packed at = dfn_packed_view(to, l.G, l.I, l.O, l.format);
    float *bias = to;
    dfn_packed_fill(to, l.G, l.I, l.O, l.format,
                    &(packed_source){.w = w + s->kt - 1,
                                     .inner = l.I,
                                     .outer = O,
                                     .by_g = l.O * l.I,
                                     .by_o = l.I * s->kt,
                                     .by_j = -1,
                                     .by_c = s->kt});
    for (int g = 0; b && g < s->groups; g++)
        for (int o = 0; o < O; o++)
            bias[g * packed_outputs(&at) + o] = b[g * O + o];
}

void OP(conv_pack)(const conv_shape *s, dfn_weight_format f, const float *w, const float *b,
                   const float *scale, float *out)
{
    const int K = window(s), O = s->O / s->groups, nc = s->C / s->groups;
    packed_source from = {.w = w,
                          .bias = b,
                          .scale = scale,
                          .by_o = K,
                          .by_a = 1,
                          .by_c = s->kt * s->kf,
                          .inner = nc};
    switch (choose(s)) {
    case DEPTHWISE: pack_depthwise(s, w, b, out); break;
    case OVERLAP: pack_overlap(s, layer(s, f, false), w, b, out); break;
    case DENSE:
        if (mixed(s, f)) {
            from.by_g = O * K;
            dfn_packed_fill(out, s->groups, K, O, f, &from);
            break;
        }
        from.inner = s->C;
        from.blocks = s->groups;
        dfn_packed_fill(out, 1, K * s->groups, s->O, f, &from);
        break;
    case GENERAL:
        for (int g = 0; g < s->groups; g++, out += layer_size(s, f)) {
            from.w = w + g * O * K;
            from.bias = b ? b + g * O : NULL;
            from.scale = scale ? scale + g * O : NULL;
            dfn_packed_fill(out, 1, K, O, f, &from);
        }
    }
}

/* ---- running ---- */

/* As many channels as outputs. */
static void repeat(const conv_run *r, const REAL **x)
{
    const conv_shape *s = r->s;
    REAL *p = r->scratch;
    for (int d = 0; d < s->kt; d++, p += s->F * s->O)
        if (x[d]) {
            r->k->conv_repeat(p, x[d], s->F * s->C, s->O / s->C);
            x[d] = p;
        }
}

static void depthwise(const conv_run *r, REAL *y)
{
    const conv_shape *s = r->s;
    const REAL *x[CONV_KERNEL_MAX];
    for (int j = 0; j < r->To; j++, y += s->Fo * s->O) {
        OP(conv_look)(x, r, j);
        if (s->O > s->C)
            repeat(r, x);
        r->k->conv_depthwise_fwd(y, x, r->w + s->O, r->w, s->F, s->O, s->Fo, s->kt, s->kf,
                                 s->stride_f, s->pad_f);
    }
}

static void overlap(const conv_run *r, REAL *y)
{
    const conv_shape *s = r->s;
    const packed_layer l = layer(s, r->format, r->relu);
    const dfn_packed w = dfn_packed_view(r->w, l.G, l.I, l.O, l.format);
    const REAL *x = r->x;
    for (int t = 0; t < r->To; t++, x += s->F * s->C, y += s->Fo * s->O) {
        if (l.format == DFN_WEIGHTS_F32) {
            r->k->gemm_overlap(y, r->sums, x, &w, s->F, s->kt);
            continue;
        }
        uint16_t *h = (void *)r->scratch;
        r->k->round_bf16(h, x, s->F, l.G, l.I, s->C);
        r->k->gemm_overlap_bf16(y, r->sums, h, &w, s->F, s->kt);
    }
}

/* Rows `from` to `to` of one frame's windows, gathered. */
static void edge(const conv_run *r, packed_layer l, REAL *y, const REAL *const *x, int from,
                 int to)
{
    const conv_shape *s = r->s;
    REAL *p = r->scratch, *rest = p + rows_size(s);
    if (from >= to)
        return;
    r->k->conv_windows(p, x, s->C, s->F, s->C, to - from, s->kt, s->kf, s->stride_f,
                       s->pad_f - from * s->stride_f);
    OP(packed_layer_run)
    (r->k, l, r->w, y + from * s->O, p, to - from, l.G * l.I, s->O, rest);
}

static void dense(const conv_run *r, REAL *y)
{
    const conv_shape *s = r->s;
    const packed_layer l = layer(s, r->format, r->relu);
    const REAL *x[CONV_KERNEL_MAX];
    REAL *rest = r->scratch ? (REAL *)r->scratch + rows_size(s) : NULL;
    const int first = (s->pad_f + s->stride_f - 1) / s->stride_f, room = s->F - s->kf;
    int from = s->Fo, to = s->Fo; /* windows that are whole and in one piece */
    if (conv_pointwise(s)) {
        OP(packed_layer_run)(r->k, l, r->w, y, r->x, r->T * s->F, s->C, s->O, rest);
        return;
    }
    if (s->kt == 1 && room + s->pad_f >= first * s->stride_f) {
        from = first;
        to = (room + s->pad_f) / s->stride_f + 1;
    }
    for (int j = 0; j < r->To; j++, y += s->Fo * s->O) {
        OP(conv_look)(x, r, j);
        edge(r, l, y, x, 0, from);
        if (from < to)
            OP(packed_layer_run)
        (r->k, l, r->w, y + from * s->O, x[0] + (from * s->stride_f - s->pad_f) * s->C,
         to - from, s->stride_f * s->C, s->O, rest);
        edge(r, l, y, x, to, s->Fo);
    }
}

static void general(const conv_run *r, REAL *y)
{
    const conv_shape *s = r->s;
    const packed_layer l = layer(s, r->format, r->relu);
    const int nc = s->C / s->groups;
    const REAL *x[CONV_KERNEL_MAX];
    REAL *p = r->scratch, *rest = p + rows_size(s);
    for (int j = 0; j < r->To; j++, y += s->Fo * s->O)
        for (int g = 0; g < s->groups; g++) {
            OP(conv_look)(x, r, j);
            for (int d = 0; d < s->kt; d++)
                x[d] = x[d] ? x[d] + g * nc : NULL;
            r->k->conv_windows(p, x, nc, s->F, s->C, s->Fo, s->kt, s->kf, s->stride_f,
                               s->pad_f);
            OP(packed_layer_run)
            (r->k, l, r->w + (size_t)g * layer_size(s, r->format), y + g * l.O, p, s->Fo,
             l.I, s->O, rest);
        }
}

void OP(conv_packed_forward)(const conv_run *r, REAL *y)
{
    const form f = choose(r->s);
    switch (f) {
    case DEPTHWISE: depthwise(r, y); break;
    case OVERLAP: overlap(r, y); break;
    case DENSE: dense(r, y); break;
    case GENERAL: general(r, y); break;
    }
    if (r->relu && (f == DEPTHWISE || f == OVERLAP))
        r->k->activation_fwd(y, y, DFN_ACT_RELU, 0, (size_t)(r->To * r->s->Fo * r->s->O));
}
