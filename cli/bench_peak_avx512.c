/* bench_peak_avx512.c - AVX-512. */
#include "bench_peak.h"

#include <immintrin.h>

double bench_multiply_avx512(long rounds, float *sink)
{
    __m512 a[BENCH_PEAK_CHAINS], sum = _mm512_setzero_ps();
    const __m512 m = _mm512_set1_ps(0.999f);
    for (int i = 0; i < BENCH_PEAK_CHAINS; i++)
        a[i] = _mm512_set1_ps((float)i);
    for (long r = 0; r < rounds; r++)
        for (int i = 0; i < BENCH_PEAK_CHAINS; i++)
            a[i] = _mm512_fmadd_ps(a[i], m, m);
    for (int i = 0; i < BENCH_PEAK_CHAINS; i++)
        sum = _mm512_add_ps(sum, a[i]);
    *sink += _mm512_reduce_add_ps(sum);
    return 2.0 * 16 * BENCH_PEAK_CHAINS * (double)rounds;
}

void bench_read_avx512(const float *x, size_t n, float *sink)
{
    __m512 a[8] = {_mm512_setzero_ps()};
    for (int k = 1; k < 8; k++)
        a[k] = a[0];
    for (size_t i = 0; i < n; i += 128)
        for (size_t k = 0; k < 8; k++)
            a[k] = _mm512_add_ps(a[k], _mm512_load_ps(x + i + 16 * k));
    for (int k = 1; k < 8; k++)
        a[0] = _mm512_add_ps(a[0], a[k]);
    *sink += _mm512_reduce_add_ps(a[0]);
}
