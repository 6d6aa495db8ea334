/* gemm_int8.c - packed product of int8 weights and inputs, sums in int32 and therefore the
 * same on every machine; see gemm.c and gemm.h.
 *
 *   VNNI     takes unsigned inputs: q + 128, and the sums start at -128 sum(w)
 *   AVX2     |q| times w, or -1 - w where q < 0, as one xor makes it: products of two fit
 *            in 16 bits, as |w| <= 127; what that lacks is the same for all outputs of a row
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
typedef __m256i sums;
typedef struct unit {
    __m256i size, below; /* |q|; all bits where q < 0 */
} unit;
static inline unit unit_set(const input *x)
{
    const __m256i q = _mm256_set1_epi32(word(x));
    return (unit){_mm256_abs_epi8(q), _mm256_cmpgt_epi8(_mm256_setzero_si256(), q)};
}
static inline sums sums_zero(void) { return _mm256_setzero_si256(); }
static inline sums sums_start(const ends *e, int j)
{
    (void)e;
    (void)j;
    return sums_zero();
}
static inline sums sums_dot(sums s, unit x, const weight *w)
{
    const __m256i all = _mm256_loadu_si256((const __m256i *)w);
    const __m256i two = _mm256_maddubs_epi16(x.size, _mm256_xor_si256(all, x.below));
    s = _mm256_add_epi32(s, _mm256_madd_epi16(two, _mm256_set1_epi16(1)));
    VF_KEEP(s);
    return s;
}
static inline sums sums_add(sums s, sums t) { return _mm256_add_epi32(s, t); }
#    define SUMS_REST
/* The sizes of those q that are below zero, added up by eights. */
static inline __m256i below(__m256i q)
{
    const __m256i zero = _mm256_setzero_si256();
    return _mm256_sad_epu8(_mm256_max_epi8(_mm256_sub_epi8(zero, q), zero), zero);
}
/* Each product of a negative q lacks |q|. */
static inline void sums_rest(sums *s, int n, const input *x, int units)
{
    __m256i all = _mm256_setzero_si256();
    for (; units >= VF; units -= VF, x += UNIT * VF)
        all = _mm256_add_epi64(all, below(_mm256_loadu_si256((const __m256i *)x)));
    if (units > 0) {
        const int32_t *rest = (const int32_t *)(const void *)x;
        all =
            _mm256_add_epi64(all, below(_mm256_maskload_epi32(rest, vf_part_mask(units))));
    }
    all = _mm256_add_epi64(all, _mm256_permute4x64_epi64(all, 0x4e));
    all = _mm256_add_epi32(all, _mm256_shuffle_epi32(all, 0x4e));
    all = _mm256_shuffle_epi32(all, 0);
    SIMD_UNROLL for (int j = 0; j < n; j++) s[j] = _mm256_add_epi32(s[j], all);
}
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
