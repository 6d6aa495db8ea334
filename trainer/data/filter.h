/* filter.h - colours: a few filters of second order, one after the other. */
#ifndef DFN_FILTER_H
#define DFN_FILTER_H

#include "data/philox.h"

#include <stddef.h>

enum { DFN_FILTERS = 3 };

typedef struct dfn_biquad {
    double b0, b1, b2, a1, a2; /* a0 = 1 */
} dfn_biquad;

typedef enum dfn_filter_kind {
    DFN_PEAK,
    DFN_LOW_SHELF,
    DFN_HIGH_SHELF,
    DFN_LOW_PASS,
    DFN_HIGH_PASS,
} dfn_filter_kind;

/** At 48 kHz, 0 < hz < 24000, q > 0. Source: Bristow-Johnson, "Cookbook formulae for audio
 * EQ biquad filter coefficients". */
dfn_biquad dfn_filter_design(dfn_filter_kind kind, double hz, double q, double gain_db);

/** 1 to DFN_FILTERS of any kind, gains up to +-db; what is not needed passes all. Stable.
 */
void dfn_filter_draw(dfn_biquad f[DFN_FILTERS], dfn_philox *r, double db);

/** In place, from rest. */
void dfn_filter_run(const dfn_biquad f[DFN_FILTERS], float *x, size_t n);

#endif
