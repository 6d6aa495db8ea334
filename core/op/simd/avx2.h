/* avx2.h - the vector type of simd.h: 8 floats. */
#ifndef DFN_SIMD_AVX2_H
#define DFN_SIMD_AVX2_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#define SIMD(name) dfn_##name##_avx2

typedef __m256 vf;
typedef __m256 vm;
enum { VF = 8 };

/* x stays in its register: with 16 of them gcc would rather load a weight twice, or keep a
 * sum in memory and move the others about. */
#define VF_KEEP(x) __asm__("" : "+x"(x))

static inline vf vf_set(float x) { return _mm256_set1_ps(x); }
static inline vf vf_load(const float *p) { return _mm256_loadu_ps(p); }
static inline void vf_store(float *p, vf x) { _mm256_storeu_ps(p, x); }

static inline __m256i vf_part_mask(int n)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), lane);
}
static inline vf vf_load_part(const float *p, int n)
{
    return _mm256_maskload_ps(p, vf_part_mask(n));
}
/* In pieces: a masked store takes 12 cycles of a Zen 4. */
static inline void vf_store_part(float *p, vf x, int n)
{
    __m128 h = _mm256_castps256_ps128(x);
    if (n >= VF) {
        _mm256_storeu_ps(p, x);
        return;
    }
    if (n & 4) {
        _mm_storeu_ps(p, h);
        h = _mm256_extractf128_ps(x, 1);
        p += 4;
    }
    if (n & 2) {
        _mm_storel_pi((__m64 *)p, h);
        h = _mm_movehl_ps(h, h);
        p += 2;
    }
    if (n & 1)
        _mm_store_ss(p, h);
}

static inline vf vf_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
static inline vf vf_fnma(vf a, vf b, vf c) { return _mm256_fnmadd_ps(a, b, c); }
static inline vf vf_min(vf a, vf b) { return _mm256_min_ps(a, b); }
static inline vf vf_max(vf a, vf b) { return _mm256_max_ps(a, b); }
static inline vf vf_sqrt(vf x) { return _mm256_sqrt_ps(x); }
static inline vf vf_abs(vf x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x); }
static inline vf vf_copysign(vf x, vf sign)
{
    return _mm256_or_ps(vf_abs(x), _mm256_and_ps(_mm256_set1_ps(-0.0f), sign));
}
static inline vm vf_gt(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_GT_OQ); }
static inline vf vf_select(vm m, vf a, vf b) { return _mm256_blendv_ps(b, a, m); }

static inline vf vf_exp2_magic(vf t)
{
    const __m256i i = _mm256_slli_epi32(_mm256_castps_si256(t), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(i, _mm256_set1_epi32(126 << 23)));
}
static inline vf vf_exponent(vf x)
{
    const __m256i i = _mm256_srli_epi32(_mm256_castps_si256(x), 23);
    return _mm256_cvtepi32_ps(_mm256_sub_epi32(i, _mm256_set1_epi32(127)));
}
static inline vf vf_mantissa(vf x)
{
    const __m256i bits =
        _mm256_and_si256(_mm256_castps_si256(x), _mm256_set1_epi32(0x7fffff));
    return _mm256_castsi256_ps(_mm256_or_si256(bits, _mm256_set1_epi32(0x3f800000)));
}

static inline float vf_sum(vf x)
{
    __m128 h = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    h = _mm_add_ps(h, _mm_movehl_ps(h, h));
    return _mm_cvtss_f32(_mm_add_ss(h, _mm_movehdup_ps(h)));
}
static inline float vf_top(vf x)
{
    __m128 h = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    h = _mm_max_ps(h, _mm_movehl_ps(h, h));
    return _mm_cvtss_f32(_mm_max_ss(h, _mm_movehdup_ps(h)));
}
static inline vf vf_larger(vf a, vf b)
{
    const __m256i i = _mm256_max_epi32(_mm256_castps_si256(a), _mm256_castps_si256(b));
    return _mm256_castsi256_ps(i);
}
static inline float vf_largest(vf x)
{
    const __m256i i = _mm256_castps_si256(x);
    __m128i h = _mm_max_epi32(_mm256_castsi256_si128(i), _mm256_extracti128_si256(i, 1));
    h = _mm_max_epi32(h, _mm_shuffle_epi32(h, 0x4e));
    h = _mm_max_epi32(h, _mm_shuffle_epi32(h, 0xb1));
    return _mm_cvtss_f32(_mm_castsi128_ps(h));
}

static inline vf vf_halves(float lo, float hi)
{
    return _mm256_set_m128(_mm_set1_ps(hi), _mm_set1_ps(lo));
}
static inline vf vf_load_twice(const float *p)
{
    const __m128 h = _mm_loadu_ps(p);
    return _mm256_set_m128(h, h);
}
static inline vf vf_fold(vf x) { return x + _mm256_permute2f128_ps(x, x, 0x01); }
static inline float vf_sum_low(vf x)
{
    __m128 h = _mm256_castps256_ps128(x);
    h = _mm_add_ps(h, _mm_movehl_ps(h, h));
    return _mm_cvtss_f32(_mm_add_ss(h, _mm_movehdup_ps(h)));
}
static inline float vf_sum_high(vf x)
{
    return vf_sum_low(_mm256_castps128_ps256(_mm256_extractf128_ps(x, 1)));
}
static inline vf vf_first(vf x, int n, vf rest)
{
    return _mm256_blendv_ps(rest, x, _mm256_castsi256_ps(vf_part_mask(n)));
}

static inline void vf_unzip(vf lo, vf hi, vf *even, vf *odd)
{
    const vf a = _mm256_permute2f128_ps(lo, hi, 0x20);
    const vf b = _mm256_permute2f128_ps(lo, hi, 0x31);
    *even = _mm256_shuffle_ps(a, b, 0x88);
    *odd = _mm256_shuffle_ps(a, b, 0xdd);
}
static inline void vf_zip(vf even, vf odd, vf *lo, vf *hi)
{
    const vf a = _mm256_unpacklo_ps(even, odd), b = _mm256_unpackhi_ps(even, odd);
    *lo = _mm256_permute2f128_ps(a, b, 0x20);
    *hi = _mm256_permute2f128_ps(a, b, 0x31);
}
static inline vf vf_swap_pairs(vf x) { return _mm256_permute_ps(x, 0xb1); }
static inline vf vf_even(vf x) { return _mm256_moveldup_ps(x); }
static inline vf vf_odd(vf x) { return _mm256_movehdup_ps(x); }
static inline vf vf_fmaddsub(vf a, vf b, vf c) { return _mm256_fmaddsub_ps(a, b, c); }

static inline void vf_widen_bf16(__m256i x, vf *even, vf *odd)
{
    *even = _mm256_castsi256_ps(_mm256_slli_epi32(x, 16));
    *odd = _mm256_castsi256_ps(_mm256_and_si256(x, _mm256_set1_epi32((int)0xffff0000)));
}
static inline void vf_load_bf16(const uint16_t *p, vf *even, vf *odd)
{
    __m256i x = _mm256_loadu_si256((const __m256i *)p);
    VF_KEEP(x);
    vf_widen_bf16(x, even, odd);
}
static inline void vf_set_bf16(const uint16_t *p, vf *even, vf *odd)
{
    int32_t both;
    memcpy(&both, p, sizeof both);
    vf_widen_bf16(_mm256_set1_epi32(both), even, odd);
}
static inline void vf_store_bf16(uint16_t *p, vf x)
{
    const __m256i bits = _mm256_castps_si256(x);
    const __m256i even =
        _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
    __m256i h = _mm256_add_epi32(_mm256_add_epi32(bits, even), _mm256_set1_epi32(0x7fff));
    h = _mm256_blendv_epi8(h, _mm256_or_si256(bits, _mm256_set1_epi32(0x400000)), nan);
    h = _mm256_srli_epi32(h, 16);
    h = _mm256_permute4x64_epi64(_mm256_packus_epi32(h, h), 0x08);
    _mm_storeu_si128((__m128i *)p, _mm256_castsi256_si128(h));
}
/* What is no number, and so -128, becomes -127. */
static inline void vf_store_int8(int8_t *p, vf x)
{
    const __m256i i = _mm256_cvtps_epi32(x);
    const __m128i h =
        _mm_packs_epi32(_mm256_castsi256_si128(i), _mm256_extracti128_si256(i, 1));
    _mm_storel_epi64((__m128i *)p,
                     _mm_max_epi8(_mm_packs_epi16(h, h), _mm_set1_epi8(-127)));
}
#define VF_STORES_INT8_4
static inline void vf_store_int8_4(int8_t *p, vf a, vf b, vf c, vf d)
{
    const __m256i ab = _mm256_packs_epi32(_mm256_cvtps_epi32(a), _mm256_cvtps_epi32(b));
    const __m256i cd = _mm256_packs_epi32(_mm256_cvtps_epi32(c), _mm256_cvtps_epi32(d));
    const __m256i q = _mm256_max_epi8(_mm256_packs_epi16(ab, cd), _mm256_set1_epi8(-127));
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    _mm256_storeu_si256((__m256i *)p, _mm256_permutevar8x32_epi32(q, order));
}

#endif
