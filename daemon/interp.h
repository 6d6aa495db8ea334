/* interp.h - values between samples: a windowed sinc for any ratio of rates.
 *
 * 96 taps (more where the rate goes down), Kaiser window of 100 dB, 512 phases and straight
 * lines between them (-120 dB at 10 kHz of 48). Flat to 0.87 of the lower Nyquist
 * frequency; what would alias or be an image is 100 dB down. Linear phase, and no delay of
 * its own: it looks at half of its taps after the place it is asked for. */
#ifndef DFND_INTERP_H
#define DFND_INTERP_H

#include <dfnet4/status.h>

typedef struct dfnd_interp {
    int taps;     /* a multiple of 8 */
    float *table; /* [phases + 1][taps] */
} dfnd_interp;

/** For `ratio` samples in per sample out, 1/64 .. 64. rt: no */
DFN_MUST_CHECK dfn_status dfnd_interp_new(dfnd_interp *f, double ratio, dfn_error *err);
void dfnd_interp_free(dfnd_interp *f);

/** x[taps]: the value `at` (0 .. 1) of the way from x[taps/2 - 1] to x[taps/2]. rt: yes */
float dfnd_interp_at(const dfnd_interp *f, double at, const float *x) DFN_RT;

#endif
