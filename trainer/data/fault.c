#include "data/fault.h"

#include "data/level.h"

#include <math.h>
#include <string.h>

enum { RATE = 48000, SHORTEST = 120, LONGEST = 1920 };

void dfn_fault_clip(float *x, size_t n, double share, int soft)
{
    const float top = (float)share * dfn_peak(x, n);
    if (!(top > 0))
        return;
    for (size_t i = 0; i < n; i++) {
        const float bent = x[i] / sqrtf(1 + (x[i] / top) * (x[i] / top));
        const float cut = x[i] > top ? top : x[i] < -top ? -top : x[i];
        x[i] = soft ? bent : cut;
    }
}

void dfn_fault_dropout(dfn_philox *r, float *x, size_t n, double share)
{
    const double want = share * (double)n;
    for (double gone = 0; gone < want;) {
        const size_t length = SHORTEST + dfn_philox_below(r, LONGEST - SHORTEST);
        const size_t at = dfn_philox_below(r, n);
        memset(x + at, 0, (n - at < length ? n - at : length) * sizeof *x);
        gone += (double)length;
    }
}

/* A sinc under a Blackman window, whose edge is 5.5 / 511 of the rate wide: 517 Hz. */
void dfn_limit_design(double hz, float *h)
{
    const double pi = 3.14159265358979, cut = (hz - 258) / RATE;
    double sum = 0;
    for (int i = 0; i < DFN_LIMIT_TAPS; i++) {
        const double t = i - DFN_LIMIT_TAPS / 2;
        const double u = 2 * pi * (i + 1) / (DFN_LIMIT_TAPS + 1);
        const double w = 0.42 - 0.5 * cos(u) + 0.08 * cos(2 * u);
        h[i] = (float)(w * (t == 0 ? 2 * cut : sin(2 * pi * cut * t) / (pi * t)));
        sum += (double)h[i];
    }
    dfn_scale(h, DFN_LIMIT_TAPS, (float)(1 / sum));
}
