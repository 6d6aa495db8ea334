/* conv_direct.h - a convolution straight from its definition: the check on the ops' clever
 * ways to the same sum. Zero outside the given frames and bins. */
#ifndef CONV_DIRECT_H
#define CONV_DIRECT_H

#include "op_values.h"

typedef struct conv_size {
    int T, F, C, To, Fo, O, groups, kt, kf, stride_t, stride_f, before, pad_f;
    bool bias;
} conv_size;

static inline double conv_at(const conv_size *s, const double *x, int t, int f, int c)
{
    const bool there = t >= 0 && t < s->T && f >= 0 && f < s->F;
    return there ? x[(t * s->F + f) * s->C + c] : 0;
}

/* y[To][Fo][O] from x[T][F][C], w[O][C/g][kt][kf], b[O] or NULL */
static inline void conv_direct(double *y, const conv_size *s, const double *x,
                               const double *w, const double *b)
{
    const int nc = s->C / s->groups, no = s->O / s->groups;
    for (int t = 0; t < s->To; t++)
        for (int f = 0; f < s->Fo; f++)
            for (int o = 0; o < s->O; o++) {
                double sum = b ? b[o] : 0;
                for (int c = 0; c < nc; c++)
                    for (int d = 0; d < s->kt; d++)
                        for (int k = 0; k < s->kf; k++)
                            sum += w[((o * nc + c) * s->kt + d) * s->kf + k] *
                                   conv_at(s, x, t * s->stride_t - s->before + d,
                                           f * s->stride_f - s->pad_f + k, o / no * nc + c);
                y[(t * s->Fo + f) * s->O + o] = sum;
            }
}

/* The op of `build` for T frames of one stream against conv_direct on random numbers. */
static inline void conv_compare(const char *name, op_build build, const void *context,
                                int T, const conv_size *s)
{
    enum { MAX = 1 << 14 };
    static double x[MAX], w[MAX], y[MAX];
    const int n_w = s->O * (s->C / s->groups) * s->kt * s->kf;
    CHECK(s->T * s->F * s->C <= MAX && n_w + s->O <= MAX && s->To * s->Fo * s->O <= MAX,
          "%s is too large", name);
    check_fill(x, s->T * s->F * s->C, 1);
    check_fill(w, n_w + s->O, 2);
    conv_direct(y, s, x, w, s->bias ? w + n_w : NULL);
    op_values(name, build, context, T, x, w, y);
}

#endif
