/* interp.c - a windowed sinc, tabulated.
 *
 *   h(t) = fc sinc(fc t) w(t / half),  fc: cutoff over the Nyquist frequency of the input
 *
 * Kaiser: a stop band of A dB takes beta = 0.1102 (A - 8.7), and N taps make a transition
 * of (A - 7.95) / (14.36 N) of the rate. It ends at the lower Nyquist frequency. */
#include "interp.h"

#include <math.h>
#include <stdlib.h>

enum { TAPS = 96, PHASES = 512 };
static const double STOP_DB = 100, PI = 3.14159265358979323846;

static double bessel_i0(double x)
{
    double sum = 1, term = 1;
    for (int k = 1; k < 60; k++) {
        term *= x * x / (4.0 * k * k);
        sum += term;
    }
    return sum;
}

static double windowed_sinc(double t, double fc, double half)
{
    const double u = t / half, beta = 0.1102 * (STOP_DB - 8.7);
    if (fabs(u) >= 1)
        return 0;
    const double x = PI * fc * t;
    return (fabs(x) < 1e-9 ? 1 : sin(x) / x) * bessel_i0(beta * sqrt(1 - u * u));
}

dfn_status dfnd_interp_new(dfnd_interp *f, double ratio, dfn_error *err)
{
    if (!(ratio >= 1.0 / 64 && ratio <= 64))
        return dfn_fail(err, DFN_ERR_UNSUPPORTED, "cannot change the sample rate by %g",
                        1 / ratio);
    const double down = ratio > 1 ? ratio : 1;
    f->taps = (int)ceil(TAPS * down / 8) * 8;
    f->table = malloc((PHASES + 1) * (size_t)f->taps * sizeof *f->table);
    if (!f->table)
        return dfn_fail(err, DFN_ERR_NOMEM, "no memory for a resampler");
    /* Both in parts of the Nyquist frequency: the transition, and its middle. */
    const double transition = 2 * (STOP_DB - 7.95) / (14.36 * f->taps);
    const double fc = 1 / down - transition / 2;
    for (int p = 0; p <= PHASES; p++) {
        float *h = f->table + p * (size_t)f->taps;
        double sum = 0;
        for (int pass = 0; pass < 2; pass++) /* the sum of a phase is 1: exact for DC */
            for (int k = 0; k < f->taps; k++) {
                const double t = k - (f->taps / 2 - 1) - (double)p / PHASES;
                const double v = windowed_sinc(t, fc, f->taps / 2.0);
                if (pass == 0)
                    sum += v;
                else
                    h[k] = (float)(v / sum);
            }
    }
    return DFN_OK;
}

void dfnd_interp_free(dfnd_interp *f)
{
    free(f->table);
    f->table = NULL;
}

float dfnd_interp_at(const dfnd_interp *f, double at, const float *x)
{
    const int p = (int)(at * PHASES);
    const float t = (float)(at * PHASES - p);
    const float *a = f->table + (p < PHASES ? p : PHASES - 1) * (size_t)f->taps;
    const float *b = a + f->taps;
    float sum[8] = {0};
    for (int k = 0; k < f->taps; k += 8)
        for (int j = 0; j < 8; j++)
            sum[j] += (a[k + j] + t * (b[k + j] - a[k + j])) * x[k + j];
    return ((sum[0] + sum[4]) + (sum[1] + sum[5])) +
           ((sum[2] + sum[6]) + (sum[3] + sum[7]));
}
