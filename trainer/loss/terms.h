/* terms.h - the inside of a loss. Its sources are compiled twice, as those of core/op: with
 * REAL as float, and as double for the tests, which compare gradients with differences. */
#ifndef DFN_LOSS_TERMS_H
#define DFN_LOSS_TERMS_H

#include "loss/loss_config.h"
#include "op/real.h"

#include <dfnet4/dsp.h>

#ifdef DFN_REAL_F64
#    include "loss/loss_f64.h"
#    define LOSS dfn_loss_f64
#    define LOSS_INPUT dfn_loss_input_f64
#    define LOSS_API(name) dfn_loss_##name##_f64
#    define INIT_KERNELS dfn_kernels_init_f64
#else
#    define LOSS dfn_loss
#    define LOSS_INPUT dfn_loss_input
#    define LOSS_API(name) dfn_loss_##name
#    define INIT_KERNELS dfn_kernels_init_c
#endif

struct LOSS {
    dfn_loss_config config;
    KERNELS kernels;
    int clips, frames, bins, bands, sample_rate, fft_size;
    int *widths; /* [bands] */
    double lsnr_low, lsnr_high;

    int *bins_of, *bands_of;     /* [clips] that count in this shard */
    double *lsnr_target;         /* [clips][frames] */
    double *speech, *noise;      /* [frames]: powers */
    REAL *abs_x, *abs_s, *abs_n; /* [bins] */
};

static inline double squared(double x) { return x * x; }

/** Row of frame t of clip b in an array [clips][frames][n]. */
static inline size_t loss_row(const LOSS *l, int b, int t, int n)
{
    return ((size_t)b * (size_t)l->frames + (size_t)t) * (size_t)n;
}

/* Each adds its value (already weighted) and its gradients. */
void OP(loss_spectral)(LOSS *l, const LOSS_INPUT *in, double *terms);
void OP(loss_mask)(LOSS *l, const LOSS_INPUT *in, double *terms);
void OP(loss_lsnr)(LOSS *l, const LOSS_INPUT *in, double *terms);
void OP(loss_vad)(LOSS *l, const LOSS_INPUT *in, double *terms);

/* Fill l->lsnr_target for all frames from in->skip on. */
void OP(loss_lsnr_target)(LOSS *l, const LOSS_INPUT *in);

#endif
