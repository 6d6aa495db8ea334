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

/* Weights that make the gradient of each term about 1, so that the absolute tolerance of
 * check_grad() suits all: steps of 1e-5 in spectra of 0.01. */
static const double weights[DFN_LOSS_COUNT] = {[DFN_LOSS_SPECTRAL] = 1e-3,
                                               [DFN_LOSS_MASK] = 1,
                                               [DFN_LOSS_LSNR] = 1e-2,
                                               [DFN_LOSS_VAD] = 1e-1,
                                               [DFN_LOSS_OVER_SUPPRESSION] = 1e-3};

static void check_gradients(const char *name, const dfn_loss_config *k, double bandwidth)
{
    static shard s;
    open_with(&s, k);
    s.bandwidth[1] = bandwidth;
    const double y = run(&s);
    CHECK(y > 0 && isfinite(y), "%s: %g", name, y);
    CHECK(fabs(value(&s) - y) <= 1e-12 * y, "%s: %.15g, with gradients %.15g", name,
          value(&s), y);
    /* spectra in units of their level, or the steps would be too large */
    check_grad(name, s.enhanced, s.d_enhanced, ROWS * F * 2, 0, value, &s);
    check_grad(name, s.mask, s.d_mask, ROWS * E, 0, value, &s);
    check_grad(name, s.lsnr, s.d_lsnr, ROWS, 0, value, &s);
    check_grad(name, s.vad, s.d_vad, ROWS, 0, value, &s);
    check_grad(name, s.alpha, s.d_alpha, ROWS, 0, value, &s);
    dfn_loss_free_f64(s.loss);
}

static void gradients(void)
{
    for (int i = 0; i < DFN_LOSS_COUNT; i++)
        for (int variant = 0; weights[i] > 0 && variant < 4; variant++) {
            dfn_loss_config k = dfn_loss_config_default();
            k.weight[i] = weights[i];
            k.spectral_gamma = variant ? 1 : 0.5;
            k.spectral_under = 3;
            k.mask_target = variant;
            check_gradients(dfn_loss_term_name((dfn_loss_term)i), &k,
                            variant == 1 ? 13000 : 0);
        }
}

int main(void)
{
    gradients();
    return check_report();
}
