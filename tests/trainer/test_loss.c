/* What a loss must not depend on, what must not count, and clips without speech or noise,
 * in double. */
#include "loss_shard.h"

#include <stdbool.h>

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
    dfn_loss_free_f64(s.loss);
    open_with(&s, &k);
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

/* The target of the head, found again in the head's gradient, against the formula. */
static void lsnr_target(void)
{
    static shard s;
    static const double speech[T] = {1, 0.1, 2, 0, 3, 1, 40}, noise[T] = {1, 2, 0.5, 3, 1};
    static const double want[T] = {1 / ((2 + 4) / 3.0),
                                   0.01 / ((1 + 8 + 0.25) / 4),
                                   4 / ((4 + 0.5 + 9) / 4),
                                   0,
                                   9 / ((9 + 2 + 0) / 4.0),
                                   1 / (1 / 4.0),
                                   1e30};
    dfn_loss_config k = dfn_loss_config_default();
    k.weight[DFN_LOSS_LSNR] = 1;
    open_with(&s, &k);
    s.in.skip = 0;
    memset(s.noisy, 0, sizeof s.noisy);
    memset(s.target, 0, sizeof s.target);
    for (int row = 0; row < ROWS; row++) {
        const int at = row * F * 2;
        s.target[at + 11] = s.noisy[at + 11] = 0.01 * speech[row % T];
        s.noisy[at + 14] = 0.01 * noise[row % T];
    }
    run(&s);
    for (int row = 0; row < ROWS; row++) {
        const double db = 10 * log10(fmax(want[row % T], 1e-30));
        const double limited = fmin(fmax(db, -16), 36); /* 1 dB beyond -15 .. 35 */
        const double target = s.lsnr[row] - s.d_lsnr[row] * ROWS / 2;
        CHECK(fabs(target - limited) <= 1e-6, "frame %d: %.9g dB, want %.9g", row % T,
              target, limited);
    }
    dfn_loss_free_f64(s.loss);
}

/* A clip at -95 dB, and segments below the floor, are silent. */
static void quiet_sdr(void)
{
    static shard s;
    dfn_loss_config k = every_term();
    const int clip = ROWS / B * F * 2;
    open_with(&s, &k);
    run(&s);
    const double both = s.terms[DFN_LOSS_SI_SDR];
    for (int i = 0; i < clip; i++)
        s.target[i] *= 1e-4;
    run(&s);
    const double second = s.terms[DFN_LOSS_SI_SDR];
    for (int i = 0; i < clip; i++)
        s.enhanced[i] *= 3; /* of the quiet clip */
    run(&s);
    CHECK(both != second && s.terms[DFN_LOSS_SI_SDR] == second, "%g, %g, %g", both, second,
          s.terms[DFN_LOSS_SI_SDR]);
    dfn_loss_free_f64(s.loss);

    open_with(&s, &k);
    for (int i = 0; i < ROWS * F * 2; i++) /* frames 4 to 6 of each clip at -60 dB */
        s.target[i] *= i / (F * 2) % T >= 4 ? 1e-3 : 1;
    run(&s);
    const double before = s.terms[DFN_LOSS_SEGMENTAL];
    for (int i = 0; i < ROWS * F * 2; i++)
        s.enhanced[i] *= i / (F * 2) % T >= 6 ? 5 : 1;
    run(&s);
    CHECK(before != 0 && s.terms[DFN_LOSS_SEGMENTAL] == before,
          "%g, changed where there is no speech: %g", before, s.terms[DFN_LOSS_SEGMENTAL]);
    dfn_loss_free_f64(s.loss);
}

/* The local SNR does not depend on the level: 120 dB less change nothing. */
static void level_of_lsnr(void)
{
    static shard s;
    dfn_loss_config k = dfn_loss_config_default();
    k.weight[DFN_LOSS_LSNR] = k.weight[DFN_LOSS_DF_ALPHA] = 1;
    open_with(&s, &k);
    const double loud = run(&s);
    for (int i = 0; i < ROWS * F * 2; i++) {
        s.noisy[i] *= 1e-6;
        s.target[i] *= 1e-6;
    }
    const double soft = run(&s);
    CHECK(loud > 0 && fabs(soft - loud) <= 1e-9 * loud, "%.15g, 120 dB less: %.15g", loud,
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
    silence();
    what_does_not_count();
    means();
    lsnr_target();
    level_of_lsnr();
    quiet_sdr();
    vad_target();
    return check_report();
}
