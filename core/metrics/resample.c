/* resample.c - one sound to another rate, for measures. Rates p / q of the old one:
 *
 *   out[m] = sum_k in[k] h[m q - k p],   h[t] = c sinc(2 f t) kaiser(t / L),
 *   f = 1 / (2 max(p, q)), sum of all h = p (each phase has a gain of about 1)
 *
 * with L and the window's beta from Kaiser's formulas for 60 dB and a roll-off of f / 10.
 */
#include <dfnet4/metrics.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

enum { RATE_MAX = 1000000 };
static const double PI = 3.14159265358979323846, REJECTION_DB = 60;

static int greatest_divisor(int a, int b)
{
    while (b) {
        const int rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Modified Bessel function of the first kind, order 0: sum of ((x / 2)^k / k!)^2. */
static double bessel(double x)
{
    double sum = 1, term = 1;
    for (int k = 1; term > sum * 1e-17; k++) {
        term *= (x / (2 * k)) * (x / (2 * k));
        sum += term;
    }
    return sum;
}

size_t dfn_metric_resampled(size_t n, int from, int to)
{
    const uint64_t whole = n / (unsigned)from, rest = n % (unsigned)from;
    return (size_t)(whole * (unsigned)to +
                    (rest * (unsigned)to + (unsigned)from - 1) / (unsigned)from);
}

/* h[0 .. 2 half], its middle at `half`; NULL if out of memory. */
static double *design(int p, int q, long *half)
{
    const double cutoff = 1.0 / (2.0 * (p > q ? p : q));
    const double beta = 0.1102 * (REJECTION_DB - 8.7); /* for more than 50 dB */
    *half = (long)ceil((REJECTION_DB - 8) / (28.714 * cutoff / 10));
    double *h = malloc((size_t)(2 * *half + 1) * sizeof *h), sum = 0;
    if (!h)
        return NULL;
    for (long t = -*half; t <= *half; t++) {
        const double x = PI * 2 * cutoff * (double)t, r = (double)t / (double)*half;
        const double sinc = t ? sin(x) / x : 1;
        h[t + *half] = sinc * bessel(beta * sqrt(1 - r * r)) / bessel(beta);
        sum += h[t + *half];
    }
    for (long i = 0; i <= 2 * *half; i++)
        h[i] *= p / sum;
    return h;
}

dfn_status dfn_metric_resample(float *out, const float *in, size_t n, int from, int to,
                               dfn_error *err)
{
    if (from < 1 || to < 1 || from > RATE_MAX || to > RATE_MAX)
        return dfn_fail(err, DFN_ERR_ARG, "cannot resample from %d to %d Hz", from, to);
    const int divisor = greatest_divisor(from, to), p = to / divisor, q = from / divisor;
    long half;
    double *h = design(p, q, &half);
    if (!h)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    const size_t count = dfn_metric_resampled(n, from, to);
    for (size_t m = 0; m < count; m++) {
        /* in[k] counts where |m q - k p| <= half */
        const int64_t at = (int64_t)m * q;
        int64_t k = at > half ? (at - half + p - 1) / p : 0, last = (at + half) / p;
        if (last >= (int64_t)n)
            last = (int64_t)n - 1;
        double sum = 0;
        for (; k <= last; k++)
            sum += in[k] * h[at - k * p + half];
        out[m] = (float)sum;
    }
    free(h);
    return DFN_OK;
}
