/* pairs.h - arrays of complex numbers as two vectors, real and imaginary parts. */
#ifndef DFN_SIMD_PAIRS_H
#define DFN_SIMD_PAIRS_H

#include "op/simd/math.h"

typedef struct vc {
    vf re, im;
} vc;

/* `n` (1 or more) complex numbers at p, or VF of them if there are as many. */
static inline vc vc_load(const float *p, size_t n)
{
    vc z;
    vf_unzip(vf_load_some(p, 2 * n),
             2 * n > VF ? vf_load_some(p + VF, 2 * n - VF) : vf_set(0), &z.re, &z.im);
    return z;
}

static inline void vc_store(float *p, vc z, size_t n)
{
    vf lo, hi;
    vf_zip(z.re, z.im, &lo, &hi);
    vf_store_some(p, lo, 2 * n);
    if (2 * n > VF)
        vf_store_some(p + VF, hi, 2 * n - VF);
}

/* To the n complex numbers at p. */
static inline void vc_add_to(float *p, vc z, size_t n)
{
    const vc old = vc_load(p, n);
    vc_store(p, (vc){old.re + z.re, old.im + z.im}, n);
}

#endif
