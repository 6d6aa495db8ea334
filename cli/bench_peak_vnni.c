/* bench_peak_vnni.c - AVX-512 VNNI: four products of 8 bits in each of 16 sums. */
#include "bench_peak.h"

#include <immintrin.h>

double bench_multiply_vnni(long rounds, float *sink)
{
    __m512i a[BENCH_PEAK_CHAINS], sum = _mm512_setzero_si512();
    const __m512i u = _mm512_set1_epi8(5), w = _mm512_set1_epi8(3);
    for (int i = 0; i < BENCH_PEAK_CHAINS; i++)
        a[i] = _mm512_set1_epi32(i);
    for (long r = 0; r < rounds; r++)
        for (int i = 0; i < BENCH_PEAK_CHAINS; i++)
            a[i] = _mm512_dpbusd_epi32(a[i], u, w);
    for (int i = 0; i < BENCH_PEAK_CHAINS; i++)
        sum = _mm512_add_epi32(sum, a[i]);
    *sink += (float)_mm512_reduce_add_epi32(sum);
    return 2.0 * 64 * BENCH_PEAK_CHAINS * (double)rounds;
}
