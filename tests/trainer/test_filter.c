/* Filters and the resampler against what their definitions say of sines. */
#include "check.h"
#include "data/filter.h"
#include "data/resample.h"

#include <string.h>

enum { N = 48000, SETTLED = 24000 };

static const double pi = 3.14159265358979;
static float x[2 * N], y[N];
static dfn_resampler resampler;

static void sine(double hz, int n)
{
    for (int i = 0; i < n; i++)
        x[i] = (float)sin(2 * pi * hz * i / 48000);
}

/* Amplitude at `hz`, a whole number: half a second holds whole periods of even ones. */
static double amplitude(const float *s, double hz)
{
    double re = 0, im = 0;
    for (int i = 0; i < N - SETTLED; i++) {
        re += (double)s[SETTLED + i] * cos(2 * pi * hz * i / 48000);
        im += (double)s[SETTLED + i] * sin(2 * pi * hz * i / 48000);
    }
    return 2 * hypot(re, im) / (N - SETTLED);
}

static double gain_db(dfn_biquad f, double hz)
{
    const dfn_biquad all[DFN_FILTERS] = {{1, 0, 0, 0, 0}, f, {1, 0, 0, 0, 0}};
    sine(hz, N);
    dfn_filter_run(all, x, N);
    return 20 * log10(amplitude(x, hz));
}

static void near(const char *what, double db, double want, double tol)
{
    CHECK(fabs(db - want) <= tol, "%s: %g dB, not %g", what, db, want);
}

/* What the cookbook promises where its formulas are exact; floats hold 1e-6. */
static void designs(void)
{
    near("peak", gain_db(dfn_filter_design(DFN_PEAK, 1000, 1, 9), 1000), 9, 1e-3);
    near("far from a peak", gain_db(dfn_filter_design(DFN_PEAK, 1000, 1, 9), 20), 0, 0.01);
    const dfn_biquad low = dfn_filter_design(DFN_LOW_SHELF, 1000, 0.7, -12);
    near("low shelf", gain_db(low, 1000), -6, 1e-3); /* half way at its place */
    near("on it", gain_db(low, 20), -12, 0.01);
    near("above it", gain_db(low, 20000), 0, 0.01);
    const dfn_biquad high = dfn_filter_design(DFN_HIGH_SHELF, 2000, 0.7, 10);
    near("high shelf", gain_db(high, 2000), 5, 1e-3);
    near("on it", gain_db(high, 23000), 10, 0.01);
    near("below it", gain_db(high, 40), 0, 0.01);
    /* Q is the gain at the corner */
    near("low-pass", gain_db(dfn_filter_design(DFN_LOW_PASS, 4000, 0.5, 0), 4000), -6.0206,
         1e-3);
    near("its band", gain_db(dfn_filter_design(DFN_LOW_PASS, 4000, 0.7, 0), 40), 0, 0.01);
    near("high-pass", gain_db(dfn_filter_design(DFN_HIGH_PASS, 400, 2, 0), 400), 6.0206,
         1e-3);
    near("below it", gain_db(dfn_filter_design(DFN_HIGH_PASS, 400, 0.7, 0), 40), -40, 0.1);
}

/* Three filters one after the other are the difference equation thrice. */
static void cascade(void)
{
    dfn_biquad f[DFN_FILTERS];
    static double want[N];
    dfn_philox r = dfn_philox_start(1, 1, 1);
    double worst = 0, top = 0;
    dfn_filter_draw(f, &r, 10);
    dfn_philox_normals(&r, x, N);
    for (int i = 0; i < N; i++)
        want[i] = (double)x[i];
    for (int k = 0; k < DFN_FILTERS; k++) {
        double x1 = 0, x2 = 0, y1 = 0, y2 = 0;
        for (int i = 0; i < N; i++) {
            const double in = want[i];
            want[i] =
                f[k].b0 * in + f[k].b1 * x1 + f[k].b2 * x2 - f[k].a1 * y1 - f[k].a2 * y2;
            x2 = x1, x1 = in, y2 = y1, y1 = want[i];
        }
    }
    dfn_filter_run(f, x, N);
    for (int i = 0; i < N; i++) {
        worst = check_worse(fabs(want[i] - (double)x[i]), worst);
        top = check_worse(fabs(want[i]), top);
    }
    CHECK(worst <= 1e-7 * top, "%g of %g", worst, top); /* one rounding to float */
}

/* Whatever is drawn is stable: an impulse is gone after a second. Poles of 40 Hz with Q 1.5
 * leave exp(-2 pi 40 / 3) of it, 1e-36; of a peak cut to -15 dB, 2.4 times slower, 1e-15.
 */
static void stable(void)
{
    for (int i = 0; i < 300; i++) {
        dfn_biquad f[DFN_FILTERS];
        dfn_philox r = dfn_philox_start(2, 0, (uint64_t)i);
        dfn_filter_draw(f, &r, 15);
        memset(x, 0, N * sizeof *x);
        x[0] = 1;
        dfn_filter_run(f, x, N);
        for (int j = N - 100; j < N; j++)
            CHECK(fabsf(x[j]) <= 1e-9f, "%d: %g is left", i, (double)x[j]);
    }
}

/* A sine becomes one of another frequency and the same amplitude, and nothing else. */
static void resampled(int step, double hz, double tol)
{
    const size_t need = dfn_resample_need(N, step);
    CHECK(dfn_resample_give(need, step) == N, "step %d: %zu samples for %d", step, need, N);
    CHECK(dfn_resample_give(need - 1, step) == N - 1, "step %d", step);
    sine(hz, (int)need);
    dfn_resample(&resampler, step, x, y, N);
    const double found = hz * step / DFN_RESAMPLE_ONE, a = amplitude(y, found);
    CHECK(fabs(a - 1) <= tol, "step %d, %g Hz: %g", step, hz, a);
    double sum = 0;
    for (int i = SETTLED; i < N; i++)
        sum += (double)y[i] * (double)y[i];
    const double rest = sum / (N - SETTLED) - a * a / 2;
    CHECK(fabs(rest) <= 1e-5, "step %d, %g Hz: %g besides it", step, hz, rest);
}

int main(void)
{
    dfn_resampler_init(&resampler);
    designs();
    cascade();
    stable();
    resampled(256, 1000, 1e-3);
    resampled(240, 1024, 1e-3);
    resampled(272, 5120, 1e-3);
    resampled(272, 15360, 0.01);
    resampled(240, 17920, 0.02);
    return check_report();
}
