/* loss_shard.h - a little shard of a little network, and its loss in double. */
#ifndef LOSS_SHARD_H
#define LOSS_SHARD_H

#include "loss_case.h"

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

static inline void unit(double *x, int n, uint64_t seed) /* 0.05 .. 0.95 */
{
    check_fill(x, n, seed);
    for (int i = 0; i < n; i++)
        x[i] = 0.5 + 0.45 * x[i];
}

static inline void fill(shard *s)
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

static inline double run(void *context)
{
    shard *s = context;
    return dfn_loss_run_f64(s->loss, &s->in, s->terms);
}

static inline double value(void *context) /* without gradients */
{
    shard *s = context;
    const dfn_loss_input_f64 keep = s->in;
    s->in.d_enhanced = s->in.d_mask = s->in.d_lsnr = s->in.d_vad = s->in.d_alpha = NULL;
    const double y = run(s);
    s->in = keep;
    return y;
}

static inline void open_with(shard *s, const dfn_loss_config *k)
{
    fill(s);
    s->loss = loss_open_f64(k, &s->shape, B, T);
}

/* All terms at once, with sizes that fit the little frames. */
static inline dfn_loss_config every_term(void)
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

#endif
