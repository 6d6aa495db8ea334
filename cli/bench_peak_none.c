/* bench_peak_none.c - portable C: as fast as the compiler can make it. */
#include "bench_peak.h"

enum { WIDTH = 4 * BENCH_PEAK_CHAINS };

double bench_multiply_none(long rounds, float *sink)
{
    float a[WIDTH];
    const float m = 0.999f + 0 * *sink;
    for (int i = 0; i < WIDTH; i++)
        a[i] = (float)i;
    for (long r = 0; r < rounds; r++)
        for (int i = 0; i < WIDTH; i++)
            a[i] = a[i] * m + m;
    for (int i = 0; i < WIDTH; i++)
        *sink += a[i];
    return 2.0 * WIDTH * (double)rounds;
}

void bench_read_none(const float *x, size_t n, float *sink)
{
    float sum[32] = {0};
    for (size_t i = 0; i < n; i += 32)
        for (size_t k = 0; k < 32; k++)
            sum[k] += x[i + k];
    for (int k = 0; k < 32; k++)
        *sink += sum[k];
}
