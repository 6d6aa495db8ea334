/* gemm_f32.c - packed product in float32; see gemm.c and gemm.h. */
#include "op/simd/simd.h"

enum { UNIT = 1 };
typedef float input, weight;
typedef vf unit, sums;

static inline unit unit_set(const input *x) { return vf_set(*x); }
static inline sums sums_zero(void) { return vf_set(0); }
static inline sums sums_start(const ends *e, int j) { return vf_load(e->bias + j); }
static inline sums sums_dot(sums s, unit x, const weight *w)
{
    return vf_fma(x, vf_load(w), s);
}
static inline sums sums_add(sums s, sums t) { return s + t; }
static inline vf sums_end(sums s, const ends *e, int j, float scale)
{
    (void)e;
    (void)j;
    (void)scale;
    return s;
}

#include "op/simd/gemm.h"

void SIMD(gemm_f32)(float *restrict y, const float *restrict x, const dfn_packed *w, int N,
                    int ldx, int ldy)
{
    gemm(y, x, NULL, w, N, ldx, ldy);
}
