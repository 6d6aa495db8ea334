#include "data/resample.h"

#include "data/clones.h"

#include <math.h>

enum { ONE = DFN_RESAMPLE_ONE, TAPS = DFN_RESAMPLE_TAPS, LANES = 8 };

/* A sinc of 22 kHz under a Kaiser window of beta 7: 21 kHz is down by 1.4 dB, what folds
 * back at 10 % more speed lies above 21 kHz. */
static const double pi = 3.14159265358979, cut = 22.0 / 24, beta = 7;

/* Modified Bessel function of order 0. */
static double bessel(double x)
{
    double sum = 1, term = 1;
    for (int k = 1; k < 40; k++)
        sum += term *= x * x / (4.0 * k * k);
    return sum;
}

void dfn_resampler_init(dfn_resampler *s)
{
    for (int p = 0; p < ONE; p++) {
        double taps[TAPS], sum = 0;
        for (int k = 0; k < TAPS; k++) {
            const double t = k - (TAPS / 2 - 1) - (double)p / ONE, u = t / (TAPS / 2);
            const double w = u * u < 1 ? bessel(beta * sqrt(1 - u * u)) : 0;
            taps[k] = w * (t == 0 ? 1 : sin(pi * cut * t) / (pi * cut * t));
            sum += taps[k];
        }
        for (int k = 0; k < TAPS; k++) /* every phase passes a constant unchanged */
            s->taps[p][k] = (float)(taps[k] / sum);
    }
}

size_t dfn_resample_need(size_t n, int step)
{
    return n ? (n - 1) * (size_t)step / ONE + TAPS : 0;
}

size_t dfn_resample_give(size_t n, int step)
{
    return n < TAPS ? 0 : ((n - TAPS + 1) * ONE - 1) / (size_t)step + 1;
}

DFN_CLONES void dfn_resample(const dfn_resampler *s, int step, const float *x, float *y,
                             size_t n)
{
    size_t at = 0;
    for (size_t i = 0; i < n; i++, at += (size_t)step) {
        const float *h = s->taps[at % ONE], *in = x + at / ONE;
        float sum[LANES] = {0};
        for (int k = 0; k < TAPS; k += LANES)
            for (int j = 0; j < LANES; j++)
                sum[j] += h[k + j] * in[k + j];
        y[i] = ((sum[0] + sum[4]) + (sum[2] + sum[6])) +
               ((sum[1] + sum[5]) + (sum[3] + sum[7]));
    }
}
