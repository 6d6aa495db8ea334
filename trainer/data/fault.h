/* fault.h - what goes wrong between microphone and file. */
#ifndef DFN_FAULT_H
#define DFN_FAULT_H

#include "data/philox.h"

#include <stddef.h>

/** Nothing passes `share` (above 0, at most 1) of the peak: it is cut off, or bent softly.
 */
void dfn_fault_clip(float *x, size_t n, double share, int soft);
/** Zeros in pieces of 2.5 to 40 ms, until about `share` of the samples are gone. */
void dfn_fault_dropout(dfn_philox *r, float *x, size_t n, double share);

/** A low-pass of linear phase: h[DFN_LIMIT_TAPS], symmetric; nothing above `hz`, all up to
 * 500 Hz below it. */
enum { DFN_LIMIT_TAPS = 511 };
void dfn_limit_design(double hz, float *h);

#endif
