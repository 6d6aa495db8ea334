/* bench_peak_neon.c - what every arm64 has. */
#include "bench_peak.h"

#include <arm_neon.h>

double bench_multiply_neon(long rounds, float *sink)
{
    float32x4_t a[BENCH_PEAK_CHAINS], sum = vdupq_n_f32(0);
    const float32x4_t m = vdupq_n_f32(0.999f);
    for (int i = 0; i < BENCH_PEAK_CHAINS; i++)
        a[i] = vdupq_n_f32((float)i);
    for (long r = 0; r < rounds; r++)
        for (int i = 0; i < BENCH_PEAK_CHAINS; i++)
            a[i] = vfmaq_f32(m, a[i], m);
    for (int i = 0; i < BENCH_PEAK_CHAINS; i++)
        sum = vaddq_f32(sum, a[i]);
    *sink += vaddvq_f32(sum);
    return 2.0 * 4 * BENCH_PEAK_CHAINS * (double)rounds;
}
