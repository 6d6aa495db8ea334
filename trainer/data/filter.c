#include "data/filter.h"

#include <math.h>

enum { RATE = 48000, CHECK = 1024 }; /* samples between looks at the state */

static const double pi = 3.14159265358979;

/* m: amplitude - 1, negative for a shelf at the top. */
static dfn_biquad shelf(double m, double p, double c, double alpha, double a)
{
    const double root = 2 * sqrt(a) * alpha, a0 = p + m * c + root;
    return (dfn_biquad){a * (p - m * c + root) / a0, 2 * a * (m - p * c) / a0,
                        a * (p - m * c - root) / a0, -2 * (m + p * c) / a0,
                        (p + m * c - root) / a0};
}

dfn_biquad dfn_filter_design(dfn_filter_kind kind, double hz, double q, double gain_db)
{
    const double w = 2 * pi * hz / RATE, c = cos(w), alpha = sin(w) / (2 * q);
    const double a = pow(10, gain_db / 40), a0 = 1 + alpha;
    switch (kind) {
    case DFN_LOW_SHELF: return shelf(a - 1, a + 1, c, alpha, a);
    case DFN_HIGH_SHELF: return shelf(1 - a, a + 1, c, alpha, a);
    case DFN_LOW_PASS:
        return (dfn_biquad){(1 - c) / 2 / a0, (1 - c) / a0, (1 - c) / 2 / a0, -2 * c / a0,
                            (1 - alpha) / a0};
    case DFN_HIGH_PASS:
        return (dfn_biquad){(1 + c) / 2 / a0, -(1 + c) / a0, (1 + c) / 2 / a0, -2 * c / a0,
                            (1 - alpha) / a0};
    case DFN_PEAK: break;
    }
    const double p0 = 1 + alpha / a;
    return (dfn_biquad){(1 + alpha * a) / p0, -2 * c / p0, (1 - alpha * a) / p0,
                        -2 * c / p0, (1 - alpha / a) / p0};
}

/* Coefficients small enough for poles well inside the circle, as microphones have them
 * (Valin, "A hybrid DSP/deep learning approach to real-time full-band speech enhancement",
 * 2018). */
static dfn_biquad draw_any(dfn_philox *r)
{
    double c[4];
    for (int i = 0; i < 4; i++)
        c[i] = dfn_philox_uniform(r, -0.375, 0.375);
    return (dfn_biquad){1, c[0], c[1], c[2], c[3]};
}

void dfn_filter_draw(dfn_biquad f[DFN_FILTERS], dfn_philox *r, double db)
{
    static const double hz[][2] = {
        {40, 8000}, {40, 1000}, {1000, 10000}, {4000, 12000}, {40, 400}};
    const size_t count = 1 + dfn_philox_below(r, DFN_FILTERS);
    for (size_t i = 0; i < DFN_FILTERS; i++) {
        const size_t kind = dfn_philox_below(r, 6);
        const double place = dfn_philox_unit(r), q = dfn_philox_uniform(r, 0.5, 1.5);
        const double gain = dfn_philox_uniform(r, -db, db);
        if (i >= count)
            f[i] = (dfn_biquad){1, 0, 0, 0, 0};
        else if (kind == 5)
            f[i] = draw_any(r);
        else
            f[i] = dfn_filter_design((dfn_filter_kind)kind,
                                     hz[kind][0] * pow(hz[kind][1] / hz[kind][0], place), q,
                                     gain);
    }
}

/* The filters run side by side: each waits for its own last result only, with as little as
 * possible to be done then. Denormal numbers
 * are slow: what has died away is set to zero. */
void dfn_filter_run(const dfn_biquad f[DFN_FILTERS], float *x, size_t n)
{
    const dfn_biquad f0 = f[0], f1 = f[1], f2 = f[2];
    double s[2 * DFN_FILTERS] = {0};
    for (size_t start = 0; start < n; start += CHECK) {
        const size_t end = n - start < CHECK ? n : start + CHECK;
        double p0 = s[0], q0 = s[1], p1 = s[2], q1 = s[3], p2 = s[4], q2 = s[5];
        for (size_t i = start; i < end; i++) {
            const double in = (double)x[i];
            const double y0 = f0.b0 * in + p0;
            p0 = (f0.b1 * in + q0) - f0.a1 * y0;
            q0 = f0.b2 * in - f0.a2 * y0;
            const double y1 = f1.b0 * y0 + p1;
            p1 = (f1.b1 * y0 + q1) - f1.a1 * y1;
            q1 = f1.b2 * y0 - f1.a2 * y1;
            const double y2 = f2.b0 * y1 + p2;
            p2 = (f2.b1 * y1 + q2) - f2.a1 * y2;
            q2 = f2.b2 * y1 - f2.a2 * y2;
            x[i] = fabs(y2) < 1e-20 ? 0 : (float)y2;
        }
        const double now[] = {p0, q0, p1, q1, p2, q2};
        for (int k = 0; k < 2 * DFN_FILTERS; k++)
            s[k] = fabs(now[k]) < 1e-25 ? 0 : now[k];
    }
}
