/* shuffle.h - moving numbers between the lanes of simd.h's vectors, for transforms.
 *
 *   vf_transpose      x[i] lane j <-> x[j] lane i, for VF vectors
 *   vf_load_pairs     complex numbers re im re im .. -> one vector of each
 *   vf_store_pairs    and back
 *   vf_reverse        last lane first */
#ifndef DFN_SIMD_SHUFFLE_H
#define DFN_SIMD_SHUFFLE_H

#include "op/simd/simd.h"

#if defined(DFN_SIMD_AVX512)

static inline void vf_transpose(vf x[VF])
{
    vf y[VF];
    for (int i = 0; i < VF; i += 2) { /* pairs of rows, then of pairs, .. */
        y[i] = _mm512_unpacklo_ps(x[i], x[i + 1]);
        y[i + 1] = _mm512_unpackhi_ps(x[i], x[i + 1]);
    }
    for (int i = 0; i < VF; i += 4)
        for (int j = 0; j < 2; j++) {
            const __m512d a = _mm512_castps_pd(y[i + j]),
                          b = _mm512_castps_pd(y[i + j + 2]);
            x[i + 2 * j] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
            x[i + 2 * j + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
        }
    for (int i = 0; i < VF; i += 8)
        for (int j = i; j < i + 4; j++) {
            y[j] = _mm512_shuffle_f32x4(x[j], x[j + 4], 0x88);
            y[j + 4] = _mm512_shuffle_f32x4(x[j], x[j + 4], 0xdd);
        }
    for (int j = 0; j < 8; j++) {
        x[j] = _mm512_shuffle_f32x4(y[j], y[j + 8], 0x88);
        x[j + 8] = _mm512_shuffle_f32x4(y[j], y[j + 8], 0xdd);
    }
}

static inline void vf_load_pairs(const float *p, vf *re, vf *im)
{
    const __m512i even =
        _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
    const vf a = vf_load(p), b = vf_load(p + VF);
    *re = _mm512_permutex2var_ps(a, even, b);
    *im = _mm512_permutex2var_ps(a, odd, b);
}

static inline void vf_store_pairs(float *p, vf re, vf im)
{
    const __m512i low =
        _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const __m512i high = _mm512_add_epi32(low, _mm512_set1_epi32(8));
    vf_store(p, _mm512_permutex2var_ps(re, low, im));
    vf_store(p + VF, _mm512_permutex2var_ps(re, high, im));
}

static inline vf vf_reverse(vf x)
{
    const __m512i last =
        _mm512_setr_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    return _mm512_permutexvar_ps(last, x);
}

#elif defined(DFN_SIMD_AVX2)

static inline void vf_transpose(vf x[VF])
{
    vf y[VF];
    for (int i = 0; i < VF; i += 2) { /* pairs of rows, then of pairs, .. */
        y[i] = _mm256_unpacklo_ps(x[i], x[i + 1]);
        y[i + 1] = _mm256_unpackhi_ps(x[i], x[i + 1]);
    }
    for (int i = 0; i < VF; i += 4)
        for (int j = 0; j < 2; j++) {
            const __m256d a = _mm256_castps_pd(y[i + j]),
                          b = _mm256_castps_pd(y[i + j + 2]);
            x[i + 2 * j] = _mm256_castpd_ps(_mm256_unpacklo_pd(a, b));
            x[i + 2 * j + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(a, b));
        }
    for (int j = 0; j < 4; j++) {
        y[j] = _mm256_permute2f128_ps(x[j], x[j + 4], 0x20);
        y[j + 4] = _mm256_permute2f128_ps(x[j], x[j + 4], 0x31);
    }
    for (int j = 0; j < VF; j++)
        x[j] = y[j];
}

static inline void vf_load_pairs(const float *p, vf *re, vf *im)
{
    const vf a = vf_load(p), b = vf_load(p + VF);
    const vf low = _mm256_permute2f128_ps(a, b, 0x20);
    const vf high = _mm256_permute2f128_ps(a, b, 0x31);
    *re = _mm256_shuffle_ps(low, high, 0x88);
    *im = _mm256_shuffle_ps(low, high, 0xdd);
}

static inline void vf_store_pairs(float *p, vf re, vf im)
{
    const vf low = _mm256_unpacklo_ps(re, im), high = _mm256_unpackhi_ps(re, im);
    vf_store(p, _mm256_permute2f128_ps(low, high, 0x20));
    vf_store(p + VF, _mm256_permute2f128_ps(low, high, 0x31));
}

static inline vf vf_reverse(vf x)
{
    const vf y = _mm256_permute2f128_ps(x, x, 1);
    return _mm256_permute_ps(y, 0x1b);
}

#elif defined(DFN_SIMD_NEON)

static inline void vf_transpose(vf x[VF])
{
    const float32x4x2_t a = vtrnq_f32(x[0], x[1]), b = vtrnq_f32(x[2], x[3]);
    for (int j = 0; j < 2; j++) {
        x[j] = vcombine_f32(vget_low_f32(a.val[j]), vget_low_f32(b.val[j]));
        x[j + 2] = vcombine_f32(vget_high_f32(a.val[j]), vget_high_f32(b.val[j]));
    }
}

static inline void vf_load_pairs(const float *p, vf *re, vf *im)
{
    const float32x4x2_t x = vld2q_f32(p);
    *re = x.val[0];
    *im = x.val[1];
}

static inline void vf_store_pairs(float *p, vf re, vf im)
{
    const float32x4x2_t x = {{re, im}};
    vst2q_f32(p, x);
}

static inline vf vf_reverse(vf x)
{
    const vf y = vrev64q_f32(x);
    return vextq_f32(y, y, 2);
}

#endif
#endif
