/* synth.h - noises that need no recording. x[n] is overwritten; levels are any. */
#ifndef DFN_SYNTH_H
#define DFN_SYNTH_H

#include "data/philox.h"

#include <stddef.h>

typedef struct dfn_synth dfn_synth; /* one thread's work space */

dfn_synth *dfn_synth_new(void); /* NULL: out of memory */
void dfn_synth_free(dfn_synth *s);

/** Noise with a power that falls as f^-beta above 40 Hz: 0 white, 1 pink. Does not repeat.
 */
void dfn_synth_coloured(dfn_synth *s, dfn_philox *r, double beta, float *x, size_t n);
/** Mains: `hz` and harmonics. */
void dfn_synth_hum(dfn_philox *r, double hz, float *x, size_t n);
/** Short decaying tones, `rate` a second on average. */
void dfn_synth_clicks(dfn_philox *r, double rate, float *x, size_t n);

#endif
