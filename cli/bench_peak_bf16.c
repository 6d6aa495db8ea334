/* bench_peak_bf16.c - AVX-512 BF16: two products of bfloat16 in each of 16 sums. */
#include "bench_peak.h"

#include <immintrin.h>

double bench_multiply_bf16(long rounds, float *sink)
{
    __m512 a[BENCH_PEAK_CHAINS], sum = _mm512_setzero_ps();
    const __m512bh m = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.5f), _mm512_set1_ps(0.25f));
    for (int i = 0; i < BENCH_PEAK_CHAINS; i++)
        a[i] = _mm512_set1_ps((float)i);
    for (long r = 0; r < rounds; r++)
        for (int i = 0; i < BENCH_PEAK_CHAINS; i++)
            a[i] = _mm512_dpbf16_ps(a[i], m, m);
    for (int i = 0; i < BENCH_PEAK_CHAINS; i++)
        sum = _mm512_add_ps(sum, a[i]);
    *sink += _mm512_reduce_add_ps(sum);
    return 2.0 * 32 * BENCH_PEAK_CHAINS * (double)rounds;
}
