#include "data/measure.h"

#include <dfnet4/cpu.h>
#include <dfnet4/dsp.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    HOP = 480,
    BINS = HOP + 1,
    SMOOTH = 2,
    WIDENING = 5,    /* bins that smoothing and the window put behind an edge */
    NARROWEST = 3000 /* telephones have 3400 */
};

/* Content ends where the mean spectrum falls this far below its maximum for good. Speech of
 * full band holds out to 20 kHz so (nine of ten files of our collection), and what a codec
 * or resampler leaves above the band of the original stays below it. */
static const double DROP_DB = -58;

static double db(double power) { return power > 1e-20 ? 10 * log10(power) : -200; }

static double power_of(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return n ? sum / (double)n : 0;
}

/* Mean power of the frames that are within 40 dB of the loudest. */
static double active_power(const float *x, size_t n)
{
    const size_t frames = n / HOP;
    double most = 0, sum = 0;
    size_t active = 0;
    if (frames == 0)
        return power_of(x, n);
    for (size_t t = 0; t < frames; t++)
        most = fmax(most, power_of(x + t * HOP, HOP));
    for (size_t t = 0; t < frames; t++) {
        const double p = power_of(x + t * HOP, HOP);
        if (p >= 1e-4 * most) {
            sum += p;
            active++;
        }
    }
    return sum / (double)active;
}

/* Share of samples in runs of four and more at the largest value, or at the smallest: a
 * slow sine has three samples of the same 16 bit at its top. */
static double clipped_share(const float *x, size_t n)
{
    enum { RUN = 4 };
    size_t run = 0, all = 0;
    double end[2] = {0};             /* the smallest, the largest */
    for (size_t i = 0; i < n; i++) { /* fmin() and fmax() here break gcc 12 for arm64 */
        const double value = (double)x[i];
        end[0] = value < end[0] ? value : end[0];
        end[1] = value > end[1] ? value : end[1];
    }
    for (size_t i = 0; i < n; i++) {
        const double peak = fabs(end[x[i] > 0]);
        const bool top = peak > 0.01 && fabs((double)x[i]) >= peak - 1.0 / 65536;
        const bool same = run && (x[i] > 0) == (x[i - 1] > 0);
        run = !top ? 0 : same ? run + 1 : 1;
        all += run == RUN ? RUN : run > RUN;
    }
    return n ? (double)all / (double)n : 0;
}

static double find_end(const double power[BINS], int rate)
{
    double smooth[BINS], most = 0;
    for (int k = 0; k < BINS; k++) {
        const int a = k > SMOOTH ? k - SMOOTH : 0,
                  b = k + SMOOTH < BINS ? k + SMOOTH : BINS - 1;
        smooth[k] = 0;
        for (int i = a; i <= b; i++)
            smooth[k] += power[i] / (b - a + 1);
        most = fmax(most, smooth[k]);
    }
    if (!(most > 0))
        return 0;
    int k = BINS - 1;
    while (smooth[k] < most * pow(10, DROP_DB / 10))
        k--;
    const double end = k == BINS - 1 ? HOP : k - WIDENING;
    const double hz = end * rate / (2.0 * HOP);
    return hz < NARROWEST ? 0 : hz;
}

static dfn_status bandwidth(double *hz, const float *x, size_t n, int rate, dfn_error *err)
{
    dfn_stft *f;
    float memory[HOP] = {0}, spec[2 * BINS];
    double power[BINS] = {0};
    const dfn_status status = dfn_stft_new(&f, 2 * HOP, HOP, dfn_cpu_detect(), err);
    if (status)
        return status;
    for (size_t t = 0; t < n / HOP; t++) {
        dfn_stft_analyse(f, spec, memory, x + t * HOP);
        for (int k = 0; t > 0 && k < BINS; k++)
            power[k] += (double)spec[2 * k] * (double)spec[2 * k] +
                        (double)spec[2 * k + 1] * (double)spec[2 * k + 1];
    }
    dfn_stft_free(f);
    *hz = find_end(power, rate);
    return DFN_OK;
}

dfn_status dfn_measure_sound(dfn_measure *m, const float *x, size_t n, int rate,
                             dfn_error *err)
{
    double peak = 0;
    for (size_t i = 0; i < n; i++) { /* fmax() here breaks gcc 12 for arm64 */
        const double size = fabs((double)x[i]);
        if (size > peak)
            peak = size;
    }
    *m = (dfn_measure){.peak_db = db(peak * peak),
                       .level_db = db(active_power(x, n)),
                       .clipped = clipped_share(x, n)};
    return bandwidth(&m->bandwidth_hz, x, n, rate, err);
}
