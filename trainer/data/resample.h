/* resample.h - a little faster or slower, and higher or lower with it. */
#ifndef DFN_RESAMPLE_H
#define DFN_RESAMPLE_H

#include <stddef.h>

enum {
    DFN_RESAMPLE_ONE = 256, /* steps of a sample */
    DFN_RESAMPLE_TAPS = 32,
};

typedef struct dfn_resampler {
    float taps[DFN_RESAMPLE_ONE][DFN_RESAMPLE_TAPS];
} dfn_resampler;

/** Flat to 19 kHz. Threads may share it. */
void dfn_resampler_init(dfn_resampler *s);
/** Samples of input that n of output need. */
size_t dfn_resample_need(size_t n, int step);
/** Samples of output that n of input give; 0 if too few. */
size_t dfn_resample_give(size_t n, int step);
/** y[n] at step / DFN_RESAMPLE_ONE times the speed of x, 15 samples early. */
void dfn_resample(const dfn_resampler *s, int step, const float *x, float *y, size_t n);

#endif
