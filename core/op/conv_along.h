/* conv_along.h - the way of a convolution (conv.h) that has no kernel along frequency, for
 * groups of few outputs: vectors of a product would stay empty. */
#ifndef DFN_CONV_ALONG_H
#define DFN_CONV_ALONG_H

#include "op/conv.h"

static inline bool conv_along(const conv_shape *s)
{
    enum { OUTPUTS = 8, CHANNELS = 4 };
    return s->kt > 1 && s->kf == 1 && s->stride_t == 1 && s->stride_f == 1 && !s->pad_f &&
           s->O / s->groups <= OUTPUTS && s->C / s->groups >= CHANNELS;
}

/* Frames of a fresh gradient, from the first on, that backward overwrites. */
static inline int conv_along_written(const conv_shape *s, int T)
{
    return conv_along(s) && T > s->before ? T - s->before : 0;
}

size_t OP(conv_along_scratch)(const conv_shape *s);
void OP(conv_along_forward)(const conv_run *r, REAL *y);
void OP(conv_along_backward)(const conv_run *r, const conv_grad *g);

#endif
