/* smooth.h - changes without clicks. */
#ifndef DFN_STREAM_SMOOTH_H
#define DFN_STREAM_SMOOTH_H

#include <stdbool.h>

/* 3 t^2 - 2 t^3: from 0 to 1 with level ends; exact at both. */
static inline float dfn_smooth(float t) { return t * t * (3 - 2 * t); }

/* A switch that takes `length` samples. Once begun it goes all the way: turning back in the
 * middle would be a bend to hear. */
typedef struct dfn_fade {
    int at, length;
    bool up;
} dfn_fade;

/* One sample further towards 0 or 1; returns the share of 1. */
static inline float dfn_fade_step(dfn_fade *f, bool on)
{
    if (f->at == 0 || f->at == f->length)
        f->up = on;
    if (f->up)
        f->at += f->at < f->length;
    else
        f->at -= f->at > 0;
    return dfn_smooth((float)f->at / (float)f->length);
}

/* The share g of b in a; exactly a at 0 and b at 1. */
static inline float dfn_mix(float a, float b, float g)
{
    return g >= 1 ? b : a + g * (b - a);
}

#endif
