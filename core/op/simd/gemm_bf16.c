/* gemm_bf16.c - packed product with bfloat16 weights and inputs, sums in float32; see
 * gemm.c and gemm.h. One instruction where there is BF16, else both halves of a word are
 * widened. */
#include "op/simd/simd.h"

#include <string.h>

enum { UNIT = 2 };
typedef uint16_t input, weight;
typedef vf sums;

#if defined(DFN_SIMD_BF16)
typedef __m512bh unit;
static inline unit unit_set(const input *x)
{
    int32_t bits;
    memcpy(&bits, x, sizeof bits);
    return (unit)_mm512_set1_epi32(bits);
}
static inline sums sums_dot(sums s, unit x, const weight *w)
{
    return _mm512_dpbf16_ps(s, (unit)_mm512_loadu_si512(w), x);
}
#else
typedef struct unit {
    vf even, odd;
} unit;
static inline unit unit_set(const input *x)
{
    unit u;
    vf_set_bf16(x, &u.even, &u.odd);
    return u;
}
static inline sums sums_dot(sums s, unit x, const weight *w)
{
    vf even, odd;
    vf_load_bf16(w, &even, &odd);
    s = vf_fma(x.odd, odd, vf_fma(x.even, even, s));
    VF_KEEP(s);
    return s;
}
#endif

static inline sums sums_zero(void) { return vf_set(0); }
static inline sums sums_start(const ends *e, int j) { return vf_load(e->bias + j); }
static inline sums sums_add(sums s, sums t) { return s + t; }
static inline vf sums_end(sums s, const ends *e, int j, float scale)
{
    (void)e;
    (void)j;
    (void)scale;
    return s;
}

#include "op/simd/gemm.h"
#include "op/simd/gemm_overlap.h"

void SIMD(gemm_bf16)(float *restrict y, const uint16_t *restrict h, const dfn_packed *w,
                     int N, int ldy)
{
    gemm(y, h, NULL, w, N, w->G * packed_inputs(w), ldy);
}

void SIMD(gemm_overlap_bf16)(float *restrict y, float *restrict kept,
                             const uint16_t *restrict h, const dfn_packed *w, int N, int kt)
{
    overlap(y, kept, h, w, N, kt);
}
