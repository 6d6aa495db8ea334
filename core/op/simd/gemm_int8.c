/* gemm_int8.c - packed product of int8 weights and inputs, sums in int32 and therefore the
 * same on every machine; see gemm.c and gemm.h.
 *
 *   VNNI     takes unsigned inputs: q + 128, and the sums start at -128 sum(w)
 *   AVX2     |q| times w with the sign of q: products of two fit in 16 bits, as |w| <= 127
 *   dotprod  one instruction
 *   NEON     products in 16 bits, added in pairs; halves of a sum are joined at the end */
#include "op/simd/simd.h"

#include <string.h>

enum { UNIT = 4 };
typedef int8_t input, weight;

static inline int32_t word(const input *x)
{
    int32_t bits;
    memcpy(&bits, x, sizeof bits);
    return bits;
}

#if defined(DFN_SIMD_VNNI)
typedef __m512i unit, sums;
static inline unit unit_set(const input *x)
{
    return _mm512_xor_si512(_mm512_set1_epi32(word(x)), _mm512_set1_epi8(-128));
}
static inline sums sums_zero(void) { return _mm512_setzero_si512(); }
static inline sums sums_start(const ends *e, int j)
{
    return _mm512_loadu_si512(e->offset + j);
}
static inline sums sums_dot(sums s, unit x, const weight *w)
{
    return _mm512_dpbusd_epi32(s, x, _mm512_loadu_si512(w));
}
static inline sums sums_add(sums s, sums t) { return _mm512_add_epi32(s, t); }
static inline vf to_float(sums s) { return _mm512_cvtepi32_ps(s); }
#elif defined(DFN_SIMD_AVX2)
typedef __m256i unit, sums;
static inline unit unit_set(const input *x) { return _mm256_set1_epi32(word(x)); }
static inline sums sums_zero(void) { return _mm256_setzero_si256(); }
static inline sums sums_start(const ends *e, int j)
{
    (void)e;
    (void)j;
    return sums_zero();
}
static inline sums sums_dot(sums s, unit x, const weight *w)
{
    const __m256i wx = _mm256_sign_epi8(_mm256_loadu_si256((const __m256i *)w), x);
    const __m256i two = _mm256_maddubs_epi16(_mm256_abs_epi8(x), wx);
    return _mm256_add_epi32(s, _mm256_madd_epi16(two, _mm256_set1_epi16(1)));
}
static inline sums sums_add(sums s, sums t) { return _mm256_add_epi32(s, t); }
static inline vf to_float(sums s) { return _mm256_cvtepi32_ps(s); }
#elif defined(DFN_SIMD_DOTPROD)
typedef int8x16_t unit;
typedef int32x4_t sums;
static inline unit unit_set(const input *x)
{
    return vreinterpretq_s8_s32(vdupq_n_s32(word(x)));
}
static inline sums sums_zero(void) { return vdupq_n_s32(0); }
static inline sums sums_start(const ends *e, int j)
{
    (void)e;
    (void)j;
    return sums_zero();
}
static inline sums sums_dot(sums s, unit x, const weight *w)
{
    return vdotq_s32(s, vld1q_s8(w), x);
}
static inline sums sums_add(sums s, sums t) { return vaddq_s32(s, t); }
static inline vf to_float(sums s) { return vcvtq_f32_s32(s); }
#else
typedef int8x8_t unit;
typedef struct sums {
    int32x4_t low, high; /* outputs 0 and 1, 2 and 3: two partial sums each */
} sums;
static inline unit unit_set(const input *x)
{
    return vreinterpret_s8_s32(vdup_n_s32(word(x)));
}
static inline sums sums_zero(void) { return (sums){vdupq_n_s32(0), vdupq_n_s32(0)}; }
static inline sums sums_start(const ends *e, int j)
{
    (void)e;
    (void)j;
    return sums_zero();
}
static inline sums sums_dot(sums s, unit x, const weight *w)
{
    const int8x16_t all = vld1q_s8(w);
    s.low = vpadalq_s16(s.low, vmull_s8(vget_low_s8(all), x));
    s.high = vpadalq_s16(s.high, vmull_s8(vget_high_s8(all), x));
    return s;
}
static inline sums sums_add(sums s, sums t)
{
    return (sums){vaddq_s32(s.low, t.low), vaddq_s32(s.high, t.high)};
}
static inline vf to_float(sums s) { return vcvtq_f32_s32(vpaddq_s32(s.low, s.high)); }
#endif

static inline vf sums_end(sums s, const ends *e, int j, float scale)
{
    return vf_fma(to_float(s), vf_set(scale) * vf_load(e->scale + j), vf_load(e->bias + j));
}

#include "op/simd/gemm.h"

void SIMD(gemm_int8)(float *restrict y, const int8_t *restrict q,
                     const float *restrict scale, const dfn_packed *w, int N, int ldy)
{
    gemm(y, q, scale, w, N, w->G * packed_inputs(w), ldy);
}
