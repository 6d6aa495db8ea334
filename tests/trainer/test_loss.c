/* Losses in double: every gradient against differences, what does not count, and clips
 * without speech or noise; then float against double. */
#include "cpu.h"
#include "loss_case.h"

#include <stdbool.h>
#include <string.h>

enum { B = 2, T = 7, F = 41, E = 8, ROWS = B * T, SKIP = 2 };

static const double level = 0.01; /* of the spectra: all bins are above the phase guard */

/* A shard, its gradients, and what makes a scalar of it. */
typedef struct shard {
    double noisy[ROWS * F * 2], target[ROWS * F * 2], enhanced[ROWS * F * 2];
    double mask[ROWS * E], lsnr[ROWS], vad[ROWS], alpha[ROWS], bandwidth[B];
    double d_enhanced[ROWS * F * 2], d_mask[ROWS * E], d_lsnr[ROWS], d_vad[ROWS],
        d_alpha[ROWS];
    loss_case shape;
    dfn_loss_f64 *loss;
    dfn_loss_input_f64 in;
    double terms[DFN_LOSS_COUNT];
} shard;

static void unit(double *x, int n, uint64_t seed) /* 0.05 .. 0.95 */
{
    check_fill(x, n, seed);
    for (int i = 0; i < n; i++)
        x[i] = 0.5 + 0.45 * x[i];
}

static void fill(shard *s)
{
    memset(s, 0, sizeof *s);
    loss_case_init(&s->shape, F, E);
    check_fill(s->noisy, ROWS * F * 2, 1);
    check_fill(s->target, ROWS * F * 2, 2);
    check_fill(s->enhanced, ROWS * F * 2, 3);
    for (int i = 0; i < ROWS * F * 2; i++) {
        s->noisy[i] *= level;
        s->target[i] *= level * (i / (F * 2) % 3 == 1 ? 1e-3 : 1); /* pauses, too */
        s->enhanced[i] *= level;
    }
    unit(s->mask, ROWS * E, 4);
    unit(s->vad, ROWS, 5);
    unit(s->alpha, ROWS, 6);
    check_fill(s->lsnr, ROWS, 7);
    for (int i = 0; i < ROWS; i++)
        s->lsnr[i] *= 20;
    s->in = (dfn_loss_input_f64){.skip = SKIP,
                                 .noisy = s->noisy,
                                 .target = s->target,
                                 .enhanced = s->enhanced,
                                 .mask = s->mask,
                                 .lsnr = s->lsnr,
                                 .vad = s->vad,
                                 .alpha = s->alpha,
                                 .bandwidth_hz = s->bandwidth,
                                 .d_enhanced = s->d_enhanced,
                                 .d_mask = s->d_mask,
                                 .d_lsnr = s->d_lsnr,
                                 .d_vad = s->d_vad,
                                 .d_alpha = s->d_alpha,
                                 .scale = 1};
}

static double run(void *context)
{
    shard *s = context;
    return dfn_loss_run_f64(s->loss, &s->in, s->terms);
}

static double value(void *context) /* without gradients */
{
    shard *s = context;
    const dfn_loss_input_f64 keep = s->in;
    s->in.d_enhanced = s->in.d_mask = s->in.d_lsnr = s->in.d_vad = s->in.d_alpha = NULL;
    const double y = run(s);
    s->in = keep;
    return y;
}

static void open_with(shard *s, const dfn_loss_config *k)
{
    fill(s);
    s->loss = loss_open_f64(k, &s->shape, B, T);
}

/* dx[0..n) against differences over five points, whose error is of the order h^4: with
 * steps of 1e-4 of the numbers' size 1e-16, and 1e-16 / 1e-4 of rounding. What is left,
 * 1e-8 of the largest, is for numbers close to where a term bends. */
static void check_gradient(const char *name, double *x, const double *dx, int n,
                           double size, shard *s)
{
    const double h = 1e-4 * size;
    double top = 0, rounding = 1e-14 * fabs(value(s)) / h;
    for (int i = 0; i < n; i++)
        top = check_worse(fabs(dx[i]), top);
    for (int i = 0; i < n; i++) {
        const double keep = x[i];
        double y[4];
        for (int j = 0; j < 4; j++) {
            x[i] = keep + h * (j < 2 ? j - 2 : j - 1);
            y[j] = value(s);
        }
        x[i] = keep;
        const double want = (y[0] - 8 * y[1] + 8 * y[2] - y[3]) / (12 * h);
        CHECK(fabs(dx[i] - want) <= 1e-8 * top + rounding, "%s[%d]: %.12g, want %.12g",
              name, i, dx[i], want);
    }
}

static void check_gradients(const char *name, const dfn_loss_config *k, double bandwidth)
{
    static shard s;
    open_with(&s, k);
    s.bandwidth[1] = bandwidth;
    const double y = run(&s);
    CHECK(y != 0 && isfinite(y), "%s: %g", name, y);
    CHECK(fabs(value(&s) - y) <= 1e-12 * fabs(y), "%s: %.15g, with gradients %.15g", name,
          value(&s), y);
    check_gradient(name, s.enhanced, s.d_enhanced, ROWS * F * 2, level, &s);
    check_gradient(name, s.mask, s.d_mask, ROWS * E, 0.1, &s);
    check_gradient(name, s.lsnr, s.d_lsnr, ROWS, 1, &s);
    check_gradient(name, s.vad, s.d_vad, ROWS, 0.05, &s);
    check_gradient(name, s.alpha, s.d_alpha, ROWS, 0.1, &s);
    dfn_loss_free_f64(s.loss);
}

/* All terms at once, with sizes that fit the little frames. */
static dfn_loss_config every_term(void)
{
    dfn_loss_config k = dfn_loss_config_default();
    for (int i = 0; i < DFN_LOSS_COUNT; i++)
        k.weight[i] = 2;
    k.spectral_under = 3;
    k.segment_size[0] = 30;
    k.segment_size[1] = 55;
    k.segment_floor = -30;
    memcpy(k.multi_size, (const int[DFN_LOSS_SIZES]){60, 8, 256}, sizeof k.multi_size);
    return k;
}

static void gradients(void)
{
    for (int i = 0; i < DFN_LOSS_COUNT; i++) {
        const int variants = i == DFN_LOSS_MASK               ? 4
                             : i == DFN_LOSS_MULTI_RESOLUTION ? 0
                                                              : 2;
        for (int v = 0; v < variants; v++) {
            dfn_loss_config k = every_term();
            memset(k.weight, 0, sizeof k.weight);
            k.weight[i] = 2;
            k.spectral_gamma = k.multi_gamma = v ? 1 : 0.5;
            k.mask_target = v;
            check_gradients(dfn_loss_term_name((dfn_loss_term)i), &k, v == 1 ? 13000 : 0);
        }
    }
}

static bool all_finite(const double *x, int n)
{
    for (int i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

static void check_finite(const char *what, shard *s)
{
    const double y = run(s);
    CHECK(isfinite(y) && all_finite(s->terms, DFN_LOSS_COUNT), "%s: %g", what, y);
    CHECK(all_finite(s->d_enhanced, ROWS * F * 2) && all_finite(s->d_mask, ROWS * E) &&
              all_finite(s->d_lsnr, ROWS) && all_finite(s->d_vad, ROWS) &&
              all_finite(s->d_alpha, ROWS),
          "%s: a gradient is not finite", what);
}

/* Clips of noise only, of nothing, and of speech only; heads that are saturated. */
static void silence(void)
{
    static shard s;
    const dfn_loss_config k = every_term();
    const size_t clip = sizeof s.target / B;
    open_with(&s, &k);
    run(&s);
    const double before = s.terms[DFN_LOSS_SI_SDR];
    memset(s.target, 0, clip);
    check_finite("a clip of noise", &s);
    CHECK(s.terms[DFN_LOSS_SI_SDR] != before && s.terms[DFN_LOSS_SI_SDR] != 0, "%g, %g",
          s.terms[DFN_LOSS_SI_SDR], before);
    memset(s.target, 0, sizeof s.target);
    for (int i = 0; i < ROWS; i++)
        s.vad[i] = s.alpha[i] = i % 2;
    memset(s.mask, 0, sizeof s.mask);
    check_finite("only noise", &s);
    CHECK(s.terms[DFN_LOSS_SI_SDR] == 0 && s.terms[DFN_LOSS_SEGMENTAL] == 0,
          "SDR of silence: %g, %g", s.terms[DFN_LOSS_SI_SDR], s.terms[DFN_LOSS_SEGMENTAL]);
    memset(s.noisy, 0, sizeof s.noisy);
    check_finite("silence, and an output that is none", &s);
    memset(s.enhanced, 0, sizeof s.enhanced);
    check_finite("silence", &s);
    fill(&s);
    s.loss = loss_open_f64(&k, &s.shape, B, T);
    memcpy(s.noisy, s.target, sizeof s.noisy);
    memcpy(s.enhanced, s.target, sizeof s.enhanced);
    check_finite("speech as it should be", &s);
    CHECK(s.terms[DFN_LOSS_SPECTRAL] == 0 && s.terms[DFN_LOSS_OVER_SUPPRESSION] == 0,
          "%g, %g", s.terms[DFN_LOSS_SPECTRAL], s.terms[DFN_LOSS_OVER_SUPPRESSION]);
    dfn_loss_free_f64(s.loss);
}

/* What lies above a clip's bandwidth or before the first frame that counts changes neither
 * value nor gradient, and has none. */
static void what_does_not_count(void)
{
    static shard s;
    const dfn_loss_config k = every_term();
    const int limit = 22; /* bins: 21 * 600 Hz = 12.6 kHz */
    open_with(&s, &k);
    s.bandwidth[0] = s.bandwidth[1] = 13000;
    const double before = run(&s);
    static double d[ROWS * F * 2];
    memcpy(d, s.d_enhanced, sizeof d);
    memset(s.d_enhanced, 0, sizeof s.d_enhanced);
    for (int row = 0; row < ROWS; row++)
        for (int i = 0; i < 2 * F; i++)
            if (i >= 2 * limit || row % T < SKIP) {
                const int at = row * 2 * F + i;
                CHECK(d[at] == 0, "row %d, number %d has a gradient: %g", row, i, d[at]);
                s.enhanced[at] += 1;
                s.noisy[at] -= 1;
                s.target[at] *= row % T < SKIP ? 7 : 0;
            }
    const double after = run(&s);
    CHECK(fabs(after - before) <= 1e-12 * fabs(before), "%.15g, then %.15g", before, after);
    CHECK(!memcmp(d, s.d_enhanced, sizeof d), "the gradient is another one");
    dfn_loss_free_f64(s.loss);
}

/* Two equal clips have the loss of one, whatever their number, and half its gradient each;
 * in->scale multiplies gradients only. */
static void means(void)
{
    static shard s;
    const dfn_loss_config k = every_term();
    open_with(&s, &k);
    const size_t n = ROWS / B;
    memcpy(s.noisy + n * F * 2, s.noisy, n * F * 2 * sizeof *s.noisy);
    memcpy(s.target + n * F * 2, s.target, n * F * 2 * sizeof *s.target);
    memcpy(s.enhanced + n * F * 2, s.enhanced, n * F * 2 * sizeof *s.enhanced);
    memcpy(s.mask + n * E, s.mask, n * E * sizeof *s.mask);
    memcpy(s.lsnr + n, s.lsnr, n * sizeof *s.lsnr);
    memcpy(s.vad + n, s.vad, n * sizeof *s.vad);
    memcpy(s.alpha + n, s.alpha, n * sizeof *s.alpha);
    s.in.scale = 0.5f;
    const double both = run(&s);
    static double d[ROWS * F * 2];
    memcpy(d, s.d_enhanced, sizeof d);
    memset(s.d_enhanced, 0, sizeof s.d_enhanced);
    dfn_loss_free_f64(s.loss);
    s.loss = loss_open_f64(&k, &s.shape, 1, T);
    s.in.scale = 0.25f;
    const double one = run(&s);
    dfn_loss_free_f64(s.loss);
    CHECK(fabs(both - one) <= 1e-12 * fabs(one), "%.15g of two clips, %.15g of one", both,
          one);
    for (size_t i = 0; i < n * F * 2; i++)
        CHECK(fabs(d[i] - s.d_enhanced[i]) <= 1e-12 * fabs(d[i]), "[%zu]: %.15g, %.15g", i,
              d[i], s.d_enhanced[i]);
}

/* The local SNR does not depend on the level: 60 dB less change nothing. */
static void level_of_lsnr(void)
{
    static shard s;
    dfn_loss_config k = dfn_loss_config_default();
    k.weight[DFN_LOSS_LSNR] = k.weight[DFN_LOSS_DF_ALPHA] = 1;
    open_with(&s, &k);
    const double loud = run(&s);
    for (int i = 0; i < ROWS * F * 2; i++) {
        s.noisy[i] *= 1e-3;
        s.target[i] *= 1e-3;
    }
    const double soft = run(&s);
    CHECK(loud > 0 && fabs(soft - loud) <= 1e-9 * loud, "%.15g, 60 dB less: %.15g", loud,
          soft);
    dfn_loss_free_f64(s.loss);
}

/* Speech in frames 2, 3 and 5 by level alone: the head that says so has almost no loss, and
 * every other answer costs. */
static void vad_target(void)
{
    static shard s;
    dfn_loss_config k = dfn_loss_config_default();
    k.weight[DFN_LOSS_VAD] = 1;
    open_with(&s, &k);
    s.in.skip = 0;
    static const double gain[T] = {0.9e-2, 0, 1, 1.1e-2, 0.9e-2, 0.5, 1e-4};
    for (int b = 0; b < B; b++)
        for (int t = 0; t < T; t++) {
            const int row = b * T + t;
            for (int i = 0; i < 2 * F; i++)
                s.target[row * 2 * F + i] = gain[t] * level * (i % 2 ? 1 : -1);
            s.vad[row] = t == 2 || t == 3 || t == 5 ? 0.999 : 0.001;
        }
    CHECK(run(&s) < 0.0011, "%g", run(&s));
    for (int row = 0; row < ROWS; row++) {
        s.vad[row] = 1 - s.vad[row];
        CHECK(run(&s) > 6.0 / ROWS, "frame %d: %g", row, run(&s));
        s.vad[row] = 1 - s.vad[row];
    }
    for (int i = 0; i < ROWS * 2 * F; i++) /* in 13 bins, 0.01 is -20 dB of full scale */
        s.target[i] *= 1e-3;
    for (int row = 0; row < ROWS; row++)
        s.vad[row] = 0.001;
    CHECK(run(&s) < 0.0011, "at -80 dB: %g", run(&s));
    dfn_loss_free_f64(s.loss);
}

int main(void)
{
    gradients();
    silence();
    what_does_not_count();
    means();
    level_of_lsnr();
    vad_target();
    return check_report();
}
