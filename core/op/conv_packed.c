/* conv_packed.c - the forward convolution with packed weights (conv.h, packed.h).
 *
 *   pointwise  every bin of every frame is one row of a packed layer
 *   depthwise  bias[C], then weights [kt][kf][C], in float32 whatever the format
 *   general    windows are gathered as [kt][kf][C/g], so that channels stay together, and a
 *              group is a packed layer of its own */
#include "op/conv.h"
#include "op/history.h"

#include <string.h>

static int window(const conv_shape *s) { return s->C / s->groups * s->kt * s->kf; }

static packed_layer layer(const conv_shape *s, dfn_weight_format f)
{
    return (packed_layer){1, window(s), s->O / s->groups, f};
}

static size_t depthwise_size(const conv_shape *s)
{
    return (size_t)s->C * (1 + (size_t)window(s));
}

static size_t group_size(const conv_shape *s, dfn_weight_format f)
{
    const packed_layer l = layer(s, f);
    return dfn_packed_size(1, l.I, l.O, f);
}

size_t OP(conv_packed_size)(const conv_shape *s, dfn_weight_format f)
{
    return conv_depthwise(s) ? depthwise_size(s) : (size_t)s->groups * group_size(s, f);
}

size_t OP(conv_packed_scratch)(const conv_shape *s, dfn_weight_format f, size_t frames)
{
    const size_t rows = (size_t)s->Fo;
    if (conv_depthwise(s))
        return 0;
    if (conv_pointwise(s))
        return OP(packed_layer_scratch)(layer(s, f), rows * frames);
    return OP(packed_layer_scratch)(layer(s, f), rows) + rows * (size_t)window(s);
}

void OP(conv_pack)(const conv_shape *s, dfn_weight_format f, const REAL *w, const REAL *b,
                   void *out)
{
    const int K = window(s), O = s->O / s->groups, nc = s->C / s->groups;
    float *to = out;
    if (conv_depthwise(s)) {
        for (int c = 0; c < s->C; c++)
            to[c] = b ? (float)b[c] : 0;
        for (int k = 0; k < K; k++)
            for (int c = 0; c < s->C; c++)
                to[(k + 1) * s->C + c] = (float)w[c * K + k];
        return;
    }
    for (int g = 0; g < s->groups; g++) {
        const packed_source from = {.w = (const float *)(const void *)w + g * O * K,
                                    .bias =
                                        b ? (const float *)(const void *)b + g * O : NULL,
                                    .inner = nc,
                                    .by_o = K,
                                    .by_a = 1,
                                    .by_c = s->kt * s->kf};
        dfn_packed_fill(to + (size_t)g * group_size(s, f), 1, K, O, f, &from);
    }
}

static void general(const conv_run *r, REAL *y)
{
    const conv_shape *s = r->s;
    const packed_layer l = layer(s, r->format);
    const int nc = s->C / s->groups;
    const REAL *x[CONV_KERNEL_MAX];
    REAL *p = r->scratch, *rest = p + s->Fo * window(s);
    for (int j = 0; j < r->To; j++, y += s->Fo * s->O)
        for (int g = 0; g < s->groups; g++) {
            OP(conv_look)(x, r, j);
            for (int d = 0; d < s->kt; d++)
                x[d] = x[d] ? x[d] + g * nc : NULL;
            r->k->conv_windows(p, x, nc, s->F, s->C, s->Fo, s->kt, s->kf, s->stride_f,
                               s->pad_f);
            OP(packed_layer_run)
            (r->k, l,
             (const float *)(const void *)r->w + (size_t)g * group_size(s, r->format),
             y + g * l.O, p, s->Fo, l.I, s->O, rest);
        }
}

void OP(conv_packed_forward)(const conv_run *r, REAL *y)
{
    const conv_shape *s = r->s;
    const REAL *x[CONV_KERNEL_MAX];
    if (conv_pointwise(s)) {
        OP(packed_layer_run)
        (r->k, layer(s, r->format), r->w, y, r->x, r->T * s->F, s->C, s->O, r->scratch);
    } else if (conv_depthwise(s)) {
        for (int j = 0; j < r->To; j++) {
            OP(conv_look)(x, r, j);
            r->k->conv_depthwise_fwd(y + (size_t)j * (size_t)(s->Fo * s->O), x, r->w + s->C,
                                     r->w, s->F, s->C, s->Fo, s->kt, s->kf, s->stride_f,
                                     s->pad_f);
        }
    } else {
        general(r, y);
    }
}
