/* Losses in float, on every level that this machine has, against double, on frames of the
 * usual size; and configurations that make no sense. */
#include "loss_case.h"

#include <dfnet4/cpu.h>
#include <stdbool.h>
#include <string.h>

enum { B = 2, T = 13, F = 481, E = 32, ROWS = B * T, SPECTRUM = ROWS * F * 2 };

typedef struct both {
    float *f;
    double *d;
    size_t n;
} both;

/* The same n numbers, scale times -1 .. 1 plus offset; zeros with a scale of 0. */
static both numbers(size_t n, double scale, double offset, uint64_t seed)
{
    both x = {loss_zeros(n, sizeof *x.f), loss_zeros(n, sizeof *x.d), n};
    if (scale > 0)
        check_fill(x.d, (int)n, seed);
    for (size_t i = 0; i < n; i++)
        x.d[i] = (double)(x.f[i] = (float)(x.d[i] * scale + offset));
    return x;
}

/* Relative L2 distance; 0 if both are zero. */
static double distance(const both *x)
{
    double error = 0, size = 0;
    for (size_t i = 0; i < x->n; i++) {
        error += ((double)x->f[i] - x->d[i]) * ((double)x->f[i] - x->d[i]);
        size += x->d[i] * x->d[i];
    }
    return size > 0 ? sqrt(error / size) : error;
}

enum { NOISY, TARGET, ENHANCED, MASK, LSNR, VAD, ALPHA, GIVEN };
enum { D_ENHANCED, D_MASK, D_LSNR, D_VAD, D_ALPHA, GRADIENTS };

/* Values: sums of thousands of numbers, each off by a few 6e-8 of itself, which mostly
 * cancel. Gradients: 3e-7 where it is a formula of the bin. A transform errs by 1e-7 of the
 * loudest bin, and the slope of a compressed magnitude by as much relative to the smallest
 * bins; and the SDR of what has nothing in common, as here, is a quotient of small sums. */
static void compare(const dfn_loss_config *k, const char *name, unsigned cpu, bool limited)
{
    static const double sizes[GIVEN] = {1e-3, 1e-3, 1e-3, 0.45, 20, 0.45, 0.45};
    static const double offsets[GIVEN] = {0, 0, 0, 0.5, 0, 0.5, 0.5};
    static const size_t counts[GIVEN] = {SPECTRUM, SPECTRUM, SPECTRUM, ROWS * E,
                                         ROWS,     ROWS,     ROWS};
    static const size_t slopes[GRADIENTS] = {SPECTRUM, ROWS * E, ROWS, ROWS, ROWS};
    const double bandwidth[B] = {0, limited ? 7000 : 0};
    both x[GIVEN], d[GRADIENTS];
    double terms[2][DFN_LOSS_COUNT];
    loss_case shape;
    loss_case_init(&shape, F, E);
    for (int i = 0; i < GIVEN; i++)
        x[i] = numbers(counts[i], sizes[i], offsets[i], (uint64_t)i + 1);
    for (int i = 0; i < GRADIENTS; i++)
        d[i] = numbers(slopes[i], 0, 0, 0);
#define INPUT(m)                                                                           \
    {                                                                                      \
        2, x[NOISY].m, x[TARGET].m, x[ENHANCED].m, x[MASK].m, x[LSNR].m, x[VAD].m,         \
            x[ALPHA].m, bandwidth, d[D_ENHANCED].m, d[D_MASK].m, d[D_LSNR].m, d[D_VAD].m,  \
            d[D_ALPHA].m, 0.5f                                                             \
    }
    const dfn_loss_input in = INPUT(f);
    const dfn_loss_input_f64 in64 = INPUT(d);
    dfn_loss *l = loss_open(k, &shape, B, T, cpu);
    dfn_loss_f64 *l64 = loss_open_f64(k, &shape, B, T);
    const double y = dfn_loss_run(l, &in, terms[0]);
    const double want = dfn_loss_run_f64(l64, &in64, terms[1]);
    CHECK(fabs(y - want) <= 1e-6 * fabs(want), "%s, cpu %x: %.9g, want %.9g", name, cpu, y,
          want);
    for (int i = 0; i < GRADIENTS; i++)
        CHECK(distance(&d[i]) <= 3e-5, "%s, cpu %x: gradient %d off by %.2g", name, cpu, i,
              distance(&d[i]));
    dfn_loss_free(l);
    dfn_loss_free_f64(l64);
    for (int i = 0; i < GIVEN; i++) {
        free(x[i].f);
        free(x[i].d);
    }
    for (int i = 0; i < GRADIENTS; i++) {
        free(d[i].f);
        free(d[i].d);
    }
}

/* NaN in what a term reads makes the loss NaN: the step must not count. */
static void nan_in(dfn_loss_term term, int given, unsigned cpu)
{
    both x[GIVEN], d = numbers(SPECTRUM, 0, 0, 0);
    double terms[DFN_LOSS_COUNT];
    loss_case shape;
    loss_case_init(&shape, F, E);
    dfn_loss_config k = dfn_loss_config_default();
    k.weight[term] = 1;
    for (int i = 0; i < GIVEN; i++) {
        const size_t n = i <= ENHANCED ? SPECTRUM : i == MASK ? ROWS * E : ROWS;
        x[i] = numbers(n, 0.4, 0.5, (uint64_t)i + 1);
    }
    x[given].f[x[given].n - x[given].n / 8] = NAN; /* towards the end */
    const dfn_loss_input in = {2,         x[NOISY].f, x[TARGET].f, x[ENHANCED].f, x[MASK].f,
                               x[LSNR].f, x[VAD].f,   x[ALPHA].f,  NULL,          d.f,
                               NULL,      NULL,       NULL,        NULL,          1};
    dfn_loss *l = loss_open(&k, &shape, B, T, cpu);
    const double y = dfn_loss_run(l, &in, terms);
    CHECK(isnan(y) && isnan(terms[term]), "%s, cpu %x, NaN in %d: %g",
          dfn_loss_term_name(term), cpu, given, y);
    dfn_loss_free(l);
    for (int i = 0; i < GIVEN; i++) {
        free(x[i].f);
        free(x[i].d);
    }
    free(d.f);
    free(d.d);
}

static void nans(unsigned cpu)
{
    nan_in(DFN_LOSS_SPECTRAL, ENHANCED, cpu);
    nan_in(DFN_LOSS_OVER_SUPPRESSION, ENHANCED, cpu);
    nan_in(DFN_LOSS_MULTI_RESOLUTION, ENHANCED, cpu);
    nan_in(DFN_LOSS_SI_SDR, ENHANCED, cpu);
    nan_in(DFN_LOSS_SEGMENTAL, ENHANCED, cpu);
    nan_in(DFN_LOSS_MASK, MASK, cpu);
    nan_in(DFN_LOSS_LSNR, LSNR, cpu);
    nan_in(DFN_LOSS_VAD, VAD, cpu);
    nan_in(DFN_LOSS_DF_ALPHA, ALPHA, cpu);
}

/* Names of keys are the recipe's business; what the numbers mean is checked here. */
static void refused(const char *what, const dfn_loss_config *k, int clips, int frames)
{
    dfn_loss *l = NULL;
    dfn_error err = {0};
    loss_case shape;
    loss_case_init(&shape, F, E);
    CHECK(dfn_loss_new(&l, k, &shape.info, clips, frames, 0, &err) == DFN_ERR_ARG && !l,
          "%s was accepted", what);
    CHECK(strlen(err.text) > 10, "%s: \"%s\"", what, err.text);
    dfn_loss_free(l);
}

static void nonsense(void)
{
    const dfn_loss_config good = dfn_loss_config_default();
    dfn_loss_config k = good;
    k.weight[DFN_LOSS_MASK] = -1;
    refused("a negative weight", &k, 1, 1);
    k.weight[DFN_LOSS_MASK] = NAN;
    refused("NaN as a weight", &k, 1, 1);
    k = good;
    k.spectral_gamma = 0;
    refused("an exponent of 0", &k, 1, 1);
    k = good;
    k.multi_gamma = 1.5;
    refused("an exponent above 1", &k, 1, 1);
    k = good;
    k.mask_target = 4;
    refused("a target that does not exist", &k, 1, 1);
    k = good;
    k.multi_size[1] = 1022;
    refused("a transform of 2 x 511", &k, 1, 1);
    k = good;
    k.multi_size[1] = -512;
    refused("a negative size", &k, 1, 1);
    k = good;
    k.segment_size[1] = -1;
    refused("a negative segment", &k, 1, 1);
    k = good;
    k.segment_overlap = 1;
    refused("segments that do not move on", &k, 1, 1);
    k = good;
    k.alpha_on[1] = k.alpha_on[0];
    refused("a ramp without width", &k, 1, 1);
    refused("no clips", &good, 0, 1);
    refused("no frames", &good, 1, 0);
    refused("frames without end", &good, 1, 2000000000);
}

int main(void)
{
    static const unsigned levels[] = {0, DFN_CPU_AVX2, DFN_CPU_AVX2 | DFN_CPU_AVX512,
                                      DFN_CPU_NEON};
    const unsigned have = dfn_cpu_detect();
    for (int i = 0; i < DFN_LOSS_COUNT; i++) {
        dfn_loss_config k = dfn_loss_config_default();
        k.weight[i] = 3;
        k.spectral_gamma = 0.5;
        memcpy(k.multi_size, (const int[DFN_LOSS_SIZES]){512, 960, 1024},
               sizeof k.multi_size);
        for (int j = 0; j < 4; j++)
            if (!(levels[j] & ~have))
                compare(&k, dfn_loss_term_name((dfn_loss_term)i), levels[j], i % 2);
    }
    for (int j = 0; j < 4; j++)
        if (!(levels[j] & ~have))
            nans(levels[j]);
    nonsense();
    return check_report();
}
