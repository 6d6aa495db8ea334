/* fft_lanes.h - real transforms of eight signals side by side: one per lane of a vector.
 * The compiler's vectors, so this is plain C on any machine; results do not depend on how
 * wide the machine's are. */
#ifndef DFN_FFT_LANES_H
#define DFN_FFT_LANES_H

#include "data/clones.h"

enum {
    DFN_LANES = 8,
    DFN_FFT_LANES_SIZE = 4096,
    DFN_FFT_LANES_HALF = DFN_FFT_LANES_SIZE / 2,
    DFN_FFT_LANES_BINS = DFN_FFT_LANES_HALF + 1,
};

typedef float dfn_lanes __attribute__((vector_size(4 * DFN_LANES)));

typedef struct dfn_pair {
    dfn_lanes re, im;
} dfn_pair;

/* One thread's tables and work space; aligned to 32. */
typedef struct dfn_fft_lanes {
    dfn_pair data[DFN_FFT_LANES_HALF]; /* samples 2 m (re) and 2 m + 1 (im) of all lanes */
    dfn_pair other[DFN_FFT_LANES_HALF];
    float turn[DFN_FFT_LANES_SIZE][2]; /* exp(-2 pi i k / SIZE) */
} dfn_fft_lanes;

void dfn_fft_lanes_init(dfn_fft_lanes *f);

/** Samples of one lane, all SIZE of them, before a transform. */
void dfn_fft_lanes_put(dfn_fft_lanes *f, int lane, const float *x);
/** `count` samples from sample `from` on, an even number, after an inverse transform. */
void dfn_fft_lanes_get(const dfn_fft_lanes *f, int lane, int from, int count, float *x);

/** Spectra of what was put: bin k of the lanes to re[k * step ...] and im[k * step ...]. */
void dfn_fft_lanes_forward(dfn_fft_lanes *f, float *re, float *im, size_t step);
/** The same way back, times HALF. */
void dfn_fft_lanes_inverse(dfn_fft_lanes *f, const float *re, const float *im, size_t step);

#endif
