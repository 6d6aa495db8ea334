/* bench_peak_avx2.c - AVX2 with FMA. */
#include "bench_peak.h"

#include <immintrin.h>

double bench_multiply_avx2(long rounds, float *sink)
{
    __m256 a[BENCH_PEAK_CHAINS], sum = _mm256_setzero_ps();
    const __m256 m = _mm256_set1_ps(0.999f);
    for (int i = 0; i < BENCH_PEAK_CHAINS; i++)
        a[i] = _mm256_set1_ps((float)i);
    for (long r = 0; r < rounds; r++)
        for (int i = 0; i < BENCH_PEAK_CHAINS; i++)
            a[i] = _mm256_fmadd_ps(a[i], m, m);
    for (int i = 0; i < BENCH_PEAK_CHAINS; i++)
        sum = _mm256_add_ps(sum, a[i]);
    *sink += _mm256_cvtss_f32(sum);
    return 2.0 * 8 * BENCH_PEAK_CHAINS * (double)rounds;
}

/* Pairs of 8-bit products are added in 16, then in 32 bits: three instructions for 32. Each
 * sum is its own next factor, or the products would be computed only once. Eight sums hide
 * the latency of that and leave registers for what comes in between. */
double bench_multiply_int8_avx2(long rounds, float *sink)
{
    enum { CHAINS = 8 };
    __m256i a[CHAINS], sum = _mm256_setzero_si256();
    const __m256i one = _mm256_set1_epi16(1), w = _mm256_set1_epi8(3);
    for (int i = 0; i < CHAINS; i++)
        a[i] = _mm256_set1_epi32(i);
    for (long r = 0; r < rounds; r++)
        for (int i = 0; i < CHAINS; i++)
            a[i] = _mm256_add_epi32(a[i],
                                    _mm256_madd_epi16(_mm256_maddubs_epi16(a[i], w), one));
    for (int i = 0; i < CHAINS; i++)
        sum = _mm256_add_epi32(sum, a[i]);
    *sink += (float)_mm256_cvtsi256_si32(sum);
    return 2.0 * 32 * CHAINS * (double)rounds;
}

void bench_read_avx2(const float *x, size_t n, float *sink)
{
    __m256 a[8] = {_mm256_setzero_ps()};
    for (int k = 1; k < 8; k++)
        a[k] = a[0];
    for (size_t i = 0; i < n; i += 64)
        for (size_t k = 0; k < 8; k++)
            a[k] = _mm256_add_ps(a[k], _mm256_load_ps(x + i + 8 * k));
    for (int k = 1; k < 8; k++)
        a[0] = _mm256_add_ps(a[0], a[k]);
    *sink += _mm256_cvtss_f32(a[0]);
}
