/* Post-filter and attenuation limit: against their formulas in double, at the ends of their
 * parameters, and with every pair of extreme finite numbers. */
#include "check.h"

#include <dfnet4/dsp.h>
#include <float.h>
#include <string.h>

enum { N = 64 };

static const float extreme[] = {0,     -0.0f, 1e-45f, -1e-40f, 1e-38f, 1e-20f, 1e-12f,
                                1e-6f, 1,     -1,     1e6f,    1e30f,  -3e38f, FLT_MAX};
enum { EXTREMES = sizeof extreme / sizeof *extreme };

static void fill(float *a, int n, uint64_t seed)
{
    double x[2 * N];
    check_fill(x, n, seed);
    for (int i = 0; i < n; i++)
        a[i] = (float)x[i];
}

static void check_formula(float beta)
{
    const double pi = 3.14159265358979323846;
    float x[2 * N], y[2 * N], z[2 * N];
    fill(x, 2 * N, 1);
    fill(y, 2 * N, 2);
    memcpy(z, y, sizeof z);
    dfn_post_filter(z, x, N, beta);
    for (int f = 0; f < N; f++) {
        const double X = hypot((double)x[2 * f], (double)x[2 * f + 1]);
        const double Y = hypot((double)y[2 * f], (double)y[2 * f + 1]);
        const double g = fmax(fmin(Y / (X + 1e-12), 1), 1e-12);
        const double s = sin(pi / 2 * g);
        const double gain = (1 + (double)beta) / (1 + (double)beta / (s * s));
        for (int i = 2 * f; i < 2 * f + 2; i++)
            CHECK(fabs((double)z[i] - gain * (double)y[i]) <= 16 * (double)FLT_EPSILON * Y,
                  "beta %g, bin %d: %g, want %g", (double)beta, f, (double)z[i],
                  gain * (double)y[i]);
    }
}

static void check_limit_formula(float db)
{
    const double wet = pow(10, -(double)db / 20);
    float x[2 * N], y[2 * N], z[2 * N];
    fill(x, 2 * N, 3);
    fill(y, 2 * N, 4);
    memcpy(z, y, sizeof z);
    dfn_attenuation_limit(z, x, N, db);
    for (int i = 0; i < 2 * N; i++) {
        const double want = (1 - wet) * (double)y[i] + wet * (double)x[i];
        CHECK(fabs((double)z[i] - want) <= 8 * (double)FLT_EPSILON, "%g dB: %g, want %g",
              (double)db, (double)z[i], want);
    }
}

/* Parameters at which the functions do nothing, or give the noisy signal, bit for bit. */
static void check_ends(void)
{
    static const float idle_beta[] = {0, -0.0f, -1, -FLT_MAX, NAN};
    static const float idle_db[] = {100, 101, FLT_MAX, INFINITY, NAN};
    static const float through_db[] = {0, -0.0f, -3, -FLT_MAX, -INFINITY};
    float x[2 * N], y[2 * N], z[2 * N];
    fill(x, 2 * N, 5);
    fill(y, 2 * N, 6);
    for (int k = 0; k < 5; k++) {
        memcpy(z, y, sizeof z);
        dfn_post_filter(z, x, N, idle_beta[k]);
        CHECK(!memcmp(z, y, sizeof z), "beta %g does something", (double)idle_beta[k]);
        dfn_attenuation_limit(z, x, N, idle_db[k]);
        CHECK(!memcmp(z, y, sizeof z), "%g dB does something", (double)idle_db[k]);
        dfn_attenuation_limit(z, x, N, through_db[k]);
        CHECK(!memcmp(z, x, sizeof z), "%g dB is not the input", (double)through_db[k]);
    }
}

static void check_extremes(void)
{
    static const float beta[] = {1e-45f, 1e-20f, 0.02f, 1, 1e10f, FLT_MAX};
    static const float db[] = {1e-30f, 0.01f, 12, 60, 99.999f};
    for (int i = 0; i < EXTREMES * EXTREMES; i++)
        for (int j = 0; j < EXTREMES * EXTREMES; j++) {
            const float x[2] = {extreme[i % EXTREMES], extreme[i / EXTREMES]};
            const float y[2] = {extreme[j % EXTREMES], extreme[j / EXTREMES]};
            for (int k = 0; k < 6; k++) {
                float z[2] = {y[0], y[1]};
                dfn_post_filter(z, x, 1, beta[k]);
                for (int c = 0; c < 2; c++)
                    CHECK(fabsf(z[c]) <= fabsf(y[c]), "beta %g: (%g, %g) over (%g, %g)",
                          (double)beta[k], (double)y[0], (double)y[1], (double)x[0],
                          (double)x[1]);
            }
            for (int k = 0; k < 5; k++) {
                float z[2] = {y[0], y[1]};
                dfn_attenuation_limit(z, x, 1, db[k]);
                for (int c = 0; c < 2; c++) /* NaN fails */
                    CHECK(fabsf(z[c]) <= FLT_MAX, "%g dB: %g with %g", (double)db[k],
                          (double)y[c], (double)x[c]);
            }
        }
}

/* Where both magnitudes overflow their ratio counts as 1: nothing is attenuated. */
static void check_overflow(void)
{
    const float x[2] = {FLT_MAX, FLT_MAX};
    float z[2] = {FLT_MAX, -FLT_MAX};
    dfn_post_filter(z, x, 1, 0.02f);
    CHECK(fabsf(z[0] / FLT_MAX - 1) <= 4 * FLT_EPSILON && z[1] == -z[0],
          "overflow: (%g, %g)", (double)z[0], (double)z[1]);
}

int main(void)
{
    check_formula(0.02f);
    check_formula(0.1f);
    check_formula(5);
    check_limit_formula(6);
    check_limit_formula(12);
    check_limit_formula(80);
    check_ends();
    check_extremes();
    check_overflow();
    return check_report();
}
