/* vad.c - voice activity: cross-entropy of the head's probability p with where the target
 * has speech, v: -v log p - (1 - v) log(1 - p). */
#include "loss/terms.h"

static const double LEAST = 1e-6; /* of p and 1 - p: a saturated head must come back */

/* Levels of the target in dB of full scale (a square wave), in l->speech. A frame's mean
 * square is the sum of |S|^2 over all bins, of which these are half, by the mean square of
 * the window, which is one half. */
static double levels(LOSS *l, const LOSS_INPUT *in, int b)
{
    const double bin_hz = (double)l->sample_rate / l->fft_size;
    const double low = ceil(l->config.vad_low_hz / bin_hz);
    const double high = floor(l->config.vad_high_hz / bin_hz) + 1;
    const int first = low < l->bins ? (int)low : l->bins;
    const int end = high < l->bins ? (int)high : l->bins;
    double loudest = -INFINITY;
    for (int t = in->skip; t < l->frames; t++) {
        const REAL *s = in->target + loss_row(l, b, t, 2 * l->bins);
        const double sum = OP(loss_power)(s + 2 * first, NULL, 2 * (end - first));
        l->speech[t] = 10 * log10(fmax(4 * sum, 1e-30));
        loudest = fmax(loudest, l->speech[t]);
    }
    return loudest;
}

static double cross_entropy(double p, bool speech, double *slope)
{
    const double said = speech ? p : 1 - p, right = said < LEAST ? LEAST : said;
    *slope = speech ? -1 / right : 1 / right;
    return right > 1 ? 0 : -log(right); /* NaN stays */
}

void OP(loss_vad)(LOSS *l, const LOSS_INPUT *in, double *terms)
{
    const double weight = l->config.weight[DFN_LOSS_VAD];
    const double count = (double)l->clips * (l->frames - in->skip);
    double sum = 0, slope;
    if (weight <= 0 || !in->vad || !(count > 0))
        return;
    for (int b = 0; b < l->clips; b++) {
        const double near = levels(l, in, b) - l->config.vad_range;
        const double floor_db = fmax(near, l->config.vad_floor);
        for (int t = in->skip; t < l->frames; t++) {
            const size_t at = loss_row(l, b, t, 1);
            sum += cross_entropy((double)in->vad[at], l->speech[t] > floor_db, &slope);
            if (in->d_vad)
                in->d_vad[at] += (REAL)(weight * in->scale / count * slope);
        }
    }
    terms[DFN_LOSS_VAD] = weight * sum / count;
}
