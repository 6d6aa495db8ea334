/* test_metrics.c - what the measures must do by their definition, and what they refuse. */
#include "check.h"
#include <dfnet4/metrics.h>
#include <stdlib.h>
#include <string.h>

enum { N = 20000 };
static const double PI = 3.14159265358979323846;
static float x[N], y[N];

static void noise(float *to, uint64_t seed)
{
    static double random[N];
    check_fill(random, N, seed);
    for (int i = 0; i < N; i++)
        to[i] = (float)random[i];
}

static double si_sdr(void)
{
    double db = NAN;
    CHECK(!dfn_si_sdr(&db, x, y, N, NULL), "refused");
    return db;
}

static void test_si_sdr(void)
{
    /* Orthogonal noise: half the samples each. 10 lg(4) for a target twice as large. */
    for (int i = 0; i < N; i++) {
        x[i] = i % 2 ? 1.f : 0.f;
        y[i] = i % 2 ? 1.f : 0.5f;
    }
    const double want = 10 * log10(4), got = si_sdr();
    CHECK(fabs(got - want) <= 1e-9, "%.12g, want %.12g", got, want);
    for (int i = 0; i < N; i++)
        y[i] *= -3;
    CHECK(fabs(si_sdr() - want) <= 1e-9, "not invariant to scale");
    /* No removal of the mean: an offset is distortion. */
    for (int i = 0; i < N; i++)
        y[i] = x[i] + 0.5f;
    const double offset = si_sdr(); /* a = 1.5: (a x)^2 = 2.25 n/2, rest .25 n/2 */
    CHECK(fabs(offset - 10 * log10(9)) <= 1e-6, "%.12g", offset);
}

static void test_si_sdr_refuses(void)
{
    double db;
    dfn_error err = {0};
    memset(x, 0, sizeof x);
    CHECK(dfn_si_sdr(&db, x, y, N, &err) == DFN_ERR_ARG && strstr(err.text, "silent"), "%s",
          err.text);
    CHECK(dfn_si_sdr(&db, x, y, 0, &err) == DFN_ERR_ARG, "empty");
    noise(x, 1);
    y[7] = NAN;
    CHECK(dfn_si_sdr(&db, x, y, N, &err) == DFN_ERR_ARG && strstr(err.text, "finite"), "%s",
          err.text);
    y[7] = 0;
    memset(y, 0, sizeof y);
    CHECK(fabs(si_sdr()) <= 1, "silence scores %g", si_sdr());
}

static void stoi(int n, int rate, double *plain, double *extended)
{
    dfn_error err = {0};
    CHECK(!dfn_stoi(plain, extended, x, y, (size_t)n, rate, &err), "%s", err.text);
}

static void test_stoi(void)
{
    double plain, extended, less, less_extended;
    noise(x, 1);
    memcpy(y, x, sizeof y);
    stoi(N, 10000, &plain, &extended);
    CHECK(fabs(plain - 1) <= 1e-6 && fabs(extended - 1) <= 1e-6, "%g %g of itself", plain,
          extended);
    noise(y, 2);
    for (int i = 0; i < N; i++)
        y[i] = x[i] + y[i];
    stoi(N, 10000, &plain, &extended);
    noise(y, 2);
    for (int i = 0; i < N; i++)
        y[i] = x[i] + 4 * y[i];
    stoi(N, 10000, &less, &less_extended);
    CHECK(plain < 0.99 && less < plain && less_extended < extended,
          "more noise: %g %g, then %g %g", plain, extended, less, less_extended);
    /* Silence in both sounds is left out: the score of the loud part alone. */
    for (int i = N / 2; i < N; i++)
        x[i] = y[i] = 0;
    stoi(N, 10000, &plain, NULL);
    stoi(N / 2, 10000, &less, NULL);
    CHECK(fabs(plain - less) <= 0.02, "with silence %g, without %g", plain, less);
    memset(y, 0, sizeof y);
    stoi(N, 10000, &plain, &extended);
    CHECK(plain == 0 && extended == 0, "silence: %g %g", plain, extended);
}

static void test_stoi_refuses(void)
{
    double plain;
    dfn_error err = {0};
    noise(x, 1);
    noise(y, 2);
    /* 31 frames of 128 and 256 more: 30 in the spectrum. One sample less: 29. */
    const size_t least = 256 + 30 * 128 + 1;
    for (size_t n = 0; n < least; n += n < 512 ? 64 : 1)
        CHECK(dfn_stoi(&plain, NULL, x, y, n, 10000, &err) == DFN_ERR_ARG, "%zu", n);
    CHECK(!dfn_stoi(&plain, NULL, x, y, least, 10000, &err), "%s", err.text);
    CHECK(dfn_stoi(&plain, NULL, x, y, N, 0, &err) == DFN_ERR_ARG, "rate 0");
    CHECK(dfn_stoi(&plain, NULL, x, y, N, -5, &err) == DFN_ERR_ARG, "rate -5");
    y[N / 2] = INFINITY;
    CHECK(dfn_stoi(&plain, NULL, x, y, N, 10000, &err) == DFN_ERR_ARG, "infinite");
    memset(x, 0, sizeof x);
    noise(y, 2);
    CHECK(dfn_stoi(&plain, NULL, x, y, N, 10000, &err) == DFN_ERR_ARG, "silent reference");
}

/* A tone well inside both bands keeps phase and level; one above the new limit is gone.
 * 60 dB of rejection: 1e-3 of amplitude, also in the pass band. */
static void test_resample(int from, int to)
{
    const double tone = 0.3 * (from < to ? from : to);
    const size_t n = N, m = dfn_metric_resampled(n, from, to);
    float *out = malloc(m * sizeof *out);
    for (int i = 0; i < N; i++)
        x[i] = (float)sin(2 * PI * tone * i / from);
    dfn_error err = {0};
    CHECK(!dfn_metric_resample(out, x, n, from, to, &err), "%s", err.text);
    double worst = 0;
    for (size_t i = m / 4; i < m * 3 / 4; i++)
        worst = check_worse(worst, fabs(out[i] - sin(2 * PI * tone * (double)i / to)));
    CHECK(worst <= 2e-3, "%d to %d: %g", from, to, worst);
    if (to < from) {
        for (int i = 0; i < N; i++)
            x[i] = (float)sin(2 * PI * 0.56 * to * i / from);
        CHECK(!dfn_metric_resample(out, x, n, from, to, &err), "%s", err.text);
        worst = 0;
        for (size_t i = m / 4; i < m * 3 / 4; i++)
            worst = check_worse(worst, fabs((double)out[i]));
        CHECK(worst <= 2e-3, "%d to %d: alias %g", from, to, worst);
    }
    free(out);
}

int main(void)
{
    test_si_sdr();
    test_si_sdr_refuses();
    test_stoi();
    test_stoi_refuses();
    test_resample(48000, 16000);
    test_resample(48000, 10000);
    test_resample(16000, 10000);
    test_resample(16000, 48000);
    test_resample(44100, 10000);
    CHECK(dfn_metric_resampled(480, 48000, 10000) == 100, "length");
    CHECK(dfn_metric_resampled(481, 48000, 10000) == 101, "length, rounded up");
    return check_report();
}
