/* level.h - how loud a signal is. */
#ifndef DFN_LEVEL_H
#define DFN_LEVEL_H

#include <stddef.h>

enum { DFN_LEVEL_FRAME = 960 }; /* 20 ms */

/** Mean power. */
double dfn_power(const float *x, size_t n);
/** Mean power of the frames within 40 dB of the loudest: of speech without its pauses. 0
 * for silence. A last frame that is not whole counts as if zeros filled it. */
double dfn_active_power(const float *x, size_t n);
float dfn_peak(const float *x, size_t n); /* largest magnitude */
void dfn_remove_mean(float *x, size_t n);
void dfn_scale(float *x, size_t n, float gain);
void dfn_add_scaled(float *y, const float *x, size_t n, float gain); /* y += gain x */

/** 10^(db / 20), of an amplitude. */
double dfn_gain(double db);
/** 10 log10(power), at least -200. */
double dfn_db(double power);

#endif
