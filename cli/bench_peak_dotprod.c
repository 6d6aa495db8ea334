/* bench_peak_dotprod.c - arm64 dot products: four products of 8 bits in each of 4 sums. */
#include "bench_peak.h"

#include <arm_neon.h>

double bench_multiply_dotprod(long rounds, float *sink)
{
    int32x4_t a[BENCH_PEAK_CHAINS], sum = vdupq_n_s32(0);
    const int8x16_t u = vdupq_n_s8(5), w = vdupq_n_s8(3);
    for (int i = 0; i < BENCH_PEAK_CHAINS; i++)
        a[i] = vdupq_n_s32(i);
    for (long r = 0; r < rounds; r++)
        for (int i = 0; i < BENCH_PEAK_CHAINS; i++)
            a[i] = vdotq_s32(a[i], u, w);
    for (int i = 0; i < BENCH_PEAK_CHAINS; i++)
        sum = vaddq_s32(sum, a[i]);
    *sink += (float)vaddvq_s32(sum);
    return 2.0 * 16 * BENCH_PEAK_CHAINS * (double)rounds;
}
