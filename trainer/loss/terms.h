/* terms.h - the inside of a loss. Its sources are compiled twice, as those of core/op: with
 * REAL as float, and as double for the tests, which compare gradients with differences. */
#ifndef DFN_LOSS_TERMS_H
#define DFN_LOSS_TERMS_H

#include "loss/frames.h"
#include "loss/loss_config.h"
#include "op/real.h"

#include <dfnet4/dsp.h>
#include <stdbool.h>

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

    /* the waveform's terms; NULL if none is on */
#ifdef DFN_REAL_F64
    REAL *dft; /* dft_scratch() */
#else
    dfn_stft *stft;
#endif
    int hop, length;            /* samples of a wave that count: (frames - skip) hop */
    int margin, stride;         /* samples around a wave, and from one to the next */
    REAL *target;               /* [clips] waves */
    REAL *wave, *d_wave;        /* one */
    REAL *row, *memory;         /* [bins][2], [hop] */
    int sdr_clips, segments[2]; /* that count in this shard */

    OP(loss_frames) multi[DFN_LOSS_SIZES];
    REAL *multi_work[2];
    double multi_count[DFN_LOSS_SIZES];   /* bins in this shard */
    double multi_part[DFN_LOSS_SIZES][2]; /* values: magnitudes, complex */
};

/* Target wave of clip b. */
static inline REAL *loss_target(const LOSS *l, int b)
{
    return l->target + (size_t)b * (size_t)l->stride;
}

static inline double squared(double x) { return x * x; }

/** Sum of (x[i] - y[i])^2, or of x[i]^2 if y is NULL, in partial sums for vectors. */
double OP(loss_power)(const REAL *x, const REAL *y, int n);

/** Row of frame t of clip b in an array [clips][frames][n]. */
static inline size_t loss_row(const LOSS *l, int b, int t, int n)
{
    return ((size_t)b * (size_t)l->frames + (size_t)t) * (size_t)n;
}

/* Each adds its value (already weighted) and its gradients. */
void OP(loss_spectral)(LOSS *l, const LOSS_INPUT *in, double *terms);
void OP(loss_mask)(LOSS *l, const LOSS_INPUT *in, double *terms);
void OP(loss_lsnr)(LOSS *l, const LOSS_INPUT *in, double *terms);
void OP(loss_df_alpha)(LOSS *l, const LOSS_INPUT *in, double *terms);
void OP(loss_vad)(LOSS *l, const LOSS_INPUT *in, double *terms);
void OP(loss_wave)(LOSS *l, const LOSS_INPUT *in, double *terms);

/* One clip's wave x, with dx, which may be NULL, against s. The counts come first, with all
 * targets there; multi needs l->margin samples around x and s (mirror), and leaves
 * gradients there (fold). */
void OP(loss_sdr_count)(LOSS *l);
void OP(loss_sdr)(LOSS *l, const LOSS_INPUT *in, const REAL *x, const REAL *s, REAL *dx,
                  double *terms);
void OP(loss_multi_count)(LOSS *l, const LOSS_INPUT *in);
void OP(loss_multi)(LOSS *l, const LOSS_INPUT *in, int b, const REAL *x, const REAL *s,
                    REAL *dx, double *terms);
void OP(loss_multi_mirror)(const LOSS *l, REAL *x);
void OP(loss_multi_fold)(const LOSS *l, REAL *dx);

/** SI-SDR of x[n] in dB; dx, which may be NULL, gets `scale` times its gradient added. */
double OP(loss_si_sdr)(const REAL *x, const REAL *s, REAL *dx, int n, double scale);

bool OP(loss_needs_wave)(const dfn_loss_config *k);

/* Fill l->lsnr_target, of which the terms lsnr and df_alpha make use. */
void OP(loss_lsnr_target)(LOSS *l, const LOSS_INPUT *in);

#endif
