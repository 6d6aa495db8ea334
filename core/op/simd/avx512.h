/* avx512.h - the vector type of simd.h: 16 floats. */
#ifndef DFN_SIMD_AVX512_H
#define DFN_SIMD_AVX512_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#if defined(DFN_SIMD_VNNI)
#    define SIMD(name) dfn_##name##_vnni
#elif defined(DFN_SIMD_BF16)
#    define SIMD(name) dfn_##name##_bf16
#else
#    define SIMD(name) dfn_##name##_avx512
#endif

typedef __m512 vf;
typedef __mmask16 vm;
enum { VF = 16 };

static inline vf vf_set(float x) { return _mm512_set1_ps(x); }
static inline vf vf_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void vf_store(float *p, vf x) { _mm512_storeu_ps(p, x); }

static inline vm vf_part_mask(int n) { return (vm)(n >= VF ? 0xffff : (1 << n) - 1); }
static inline vf vf_load_part(const float *p, int n)
{
    return _mm512_maskz_loadu_ps(vf_part_mask(n), p);
}
static inline void vf_store_part(float *p, vf x, int n)
{
    _mm512_mask_storeu_ps(p, vf_part_mask(n), x);
}

static inline vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
static inline vf vf_fnma(vf a, vf b, vf c) { return _mm512_fnmadd_ps(a, b, c); }
static inline vf vf_min(vf a, vf b) { return _mm512_min_ps(a, b); }
static inline vf vf_max(vf a, vf b) { return _mm512_max_ps(a, b); }
static inline vf vf_sqrt(vf x) { return _mm512_sqrt_ps(x); }
static inline vf vf_abs(vf x) { return _mm512_abs_ps(x); }
static inline vf vf_copysign(vf x, vf sign)
{
    return _mm512_or_ps(vf_abs(x), _mm512_and_ps(_mm512_set1_ps(-0.0f), sign));
}
static inline vm vf_gt(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
static inline vf vf_select(vm m, vf a, vf b) { return _mm512_mask_blend_ps(m, b, a); }

static inline vf vf_exp2_magic(vf t)
{
    const __m512i i = _mm512_slli_epi32(_mm512_castps_si512(t), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(i, _mm512_set1_epi32(126 << 23)));
}
#define VF_SCALES
static inline vf vf_round(vf x)
{
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
static inline vf vf_scale(vf x, vf n) { return _mm512_scalef_ps(x, n); }
static inline vf vf_floor_log2(vf x) { return _mm512_getexp_ps(x); }
static inline vf vf_near_inverse_root(vf x) { return _mm512_rsqrt14_ps(x); }

static inline vf vf_exponent(vf x)
{
    const __m512i i = _mm512_srli_epi32(_mm512_castps_si512(x), 23);
    return _mm512_cvtepi32_ps(_mm512_sub_epi32(i, _mm512_set1_epi32(127)));
}
static inline vf vf_mantissa(vf x)
{
    const __m512i bits =
        _mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32(0x7fffff));
    return _mm512_castsi512_ps(_mm512_or_si512(bits, _mm512_set1_epi32(0x3f800000)));
}

static inline float vf_sum(vf x) { return _mm512_reduce_add_ps(x); }
static inline float vf_top(vf x) { return _mm512_reduce_max_ps(x); }
static inline vf vf_larger(vf a, vf b)
{
    const __m512i i = _mm512_max_epi32(_mm512_castps_si512(a), _mm512_castps_si512(b));
    return _mm512_castsi512_ps(i);
}
static inline float vf_largest(vf x)
{
    const int top = _mm512_reduce_max_epi32(_mm512_castps_si512(x));
    return _mm_cvtss_f32(_mm_castsi128_ps(_mm_cvtsi32_si128(top)));
}

static inline vf vf_halves(float lo, float hi)
{
    return _mm512_insertf32x8(_mm512_set1_ps(lo), _mm256_set1_ps(hi), 1);
}
static inline vf vf_load_twice(const float *p)
{
    return _mm512_broadcast_f32x8(_mm256_loadu_ps(p));
}
static inline vf vf_fold(vf x) { return x + _mm512_shuffle_f32x4(x, x, 0x4e); }
static inline float vf_sum_low(vf x)
{
    const __m256 half = _mm512_castps512_ps256(x);
    __m128 h = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    h = _mm_add_ps(h, _mm_movehl_ps(h, h));
    return _mm_cvtss_f32(_mm_add_ss(h, _mm_movehdup_ps(h)));
}
static inline float vf_sum_high(vf x)
{
    return vf_sum_low(_mm512_castps256_ps512(_mm512_extractf32x8_ps(x, 1)));
}
static inline vf vf_first(vf x, int n, vf rest)
{
    return _mm512_mask_blend_ps(vf_part_mask(n), rest, x);
}

static inline void vf_unzip(vf lo, vf hi, vf *even, vf *odd)
{
    const __m512i at =
        _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    *even = _mm512_permutex2var_ps(lo, at, hi);
    *odd = _mm512_permutex2var_ps(lo, _mm512_add_epi32(at, _mm512_set1_epi32(1)), hi);
}
static inline void vf_zip(vf even, vf odd, vf *lo, vf *hi)
{
    const __m512i at =
        _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    *lo = _mm512_permutex2var_ps(even, at, odd);
    *hi = _mm512_permutex2var_ps(even, _mm512_add_epi32(at, _mm512_set1_epi32(8)), odd);
}
static inline vf vf_swap_pairs(vf x) { return _mm512_permute_ps(x, 0xb1); }
static inline vf vf_even(vf x) { return _mm512_moveldup_ps(x); }
static inline vf vf_odd(vf x) { return _mm512_movehdup_ps(x); }
static inline vf vf_fmaddsub(vf a, vf b, vf c) { return _mm512_fmaddsub_ps(a, b, c); }

static inline void vf_widen_bf16(__m512i x, vf *even, vf *odd)
{
    *even = _mm512_castsi512_ps(_mm512_slli_epi32(x, 16));
    *odd = _mm512_castsi512_ps(_mm512_and_si512(x, _mm512_set1_epi32((int)0xffff0000)));
}
static inline void vf_load_bf16(const uint16_t *p, vf *even, vf *odd)
{
    vf_widen_bf16(_mm512_loadu_si512(p), even, odd);
}
static inline void vf_set_bf16(const uint16_t *p, vf *even, vf *odd)
{
    int32_t both;
    memcpy(&both, p, sizeof both);
    vf_widen_bf16(_mm512_set1_epi32(both), even, odd);
}
static inline void vf_store_bf16(uint16_t *p, vf x)
{
    const __m512i bits = _mm512_castps_si512(x);
    const __m512i even =
        _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    __m512i h = _mm512_add_epi32(_mm512_add_epi32(bits, even), _mm512_set1_epi32(0x7fff));
    h = _mm512_mask_or_epi32(h, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), bits,
                             _mm512_set1_epi32(0x400000));
    _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi32_epi16(_mm512_srli_epi32(h, 16)));
}
static inline void vf_store_int8(int8_t *p, vf x)
{
    _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(x)));
}

#endif
