/* stoi.c - short-time objective intelligibility: how well the envelopes of 15 third-octave
 * bands correlate over 30 frames (384 ms), averaged over bands and segments. Sources: Taal
 * et al. 2011 (STOI), Jensen and Taal 2016 (ESTOI); details as in their code. */
#include "dsp/fft.h"
#include <dfnet4/metrics.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 10000, FRAME = 256, HOP = 128, SIZE = 512, BINS = SIZE / 2 + 1 };
enum { BANDS = 15, SEGMENT = 30 };
static const double PI = 3.14159265358979323846;
static const double LOWEST_HZ = 150, RANGE_DB = 40, BETA_DB = -15;
static const double EPS = 0x1p-52;

typedef double bands[BANDS]; /* square root of the energy in each band of one frame */
typedef double segment[BANDS][SEGMENT];

typedef struct work {
    double window[FRAME];
    int edge[BANDS + 1]; /* band b: bins edge[b] .. edge[b + 1] - 1 */
    float *x, *y;        /* reference and estimate at 10 kHz */
    float *xs, *ys;      /* without silent frames */
    double *level;       /* of the frames of x, dB */
    bands *xb, *yb;
    void *fft_memory;
    dfn_fft *fft;
} work;

/* The last frame that would fit exactly is left out, as in the original. */
static size_t frame_count(size_t n) { return n > FRAME ? (n - FRAME + HOP - 1) / HOP : 0; }

/* Neighbours share an edge: 150 * 2^((2 b - 1) / 6) Hz, at the nearest bin. */
static void tables(work *w)
{
    for (int i = 0; i < FRAME; i++)
        w->window[i] = 0.5 - 0.5 * cos(2 * PI * (i + 1) / (FRAME + 1));
    for (int b = 0; b <= BANDS; b++)
        w->edge[b] = (int)round(LOWEST_HZ * exp2((2 * b - 1) / 6.0) * SIZE / RATE);
}

static void release(work *w)
{
    void *all[] = {w->x, w->y, w->xs, w->ys, w->level, w->xb, w->yb, w->fft_memory};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

/* All memory, for n samples at 10 kHz (at least one frame). */
static dfn_status allocate(work *w, size_t n, dfn_error *err)
{
    const size_t frames = frame_count(n) + 1;
    w->x = malloc(n * sizeof *w->x);
    w->y = malloc(n * sizeof *w->y);
    w->xs = calloc(n, sizeof *w->xs);
    w->ys = calloc(n, sizeof *w->ys);
    w->level = malloc(frames * sizeof *w->level);
    w->xb = malloc(frames * sizeof *w->xb);
    w->yb = malloc(frames * sizeof *w->yb);
    w->fft_memory = malloc(dfn_fft_bytes(SIZE));
    if (!w->x || !w->y || !w->xs || !w->ys || !w->level || !w->xb || !w->yb ||
        !w->fft_memory)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    w->fft = dfn_fft_place(w->fft_memory, SIZE);
    return DFN_OK;
}

static dfn_status to_rate(float *out, const float *in, size_t n, int rate, dfn_error *err)
{
    if (rate != RATE)
        return dfn_metric_resample(out, in, n, rate, RATE, err);
    memcpy(out, in, n * sizeof *out);
    return DFN_OK;
}

/* Overlap-add the frames of both sounds that are loud enough in x. Returns the length. */
static size_t drop_silence(work *w, size_t n)
{
    const size_t frames = frame_count(n);
    double loudest = -HUGE_VAL;
    for (size_t f = 0; f < frames; f++) {
        double energy = 0;
        for (int i = 0; i < FRAME; i++) {
            const double v = w->window[i] * w->x[f * HOP + (size_t)i];
            energy += v * v;
        }
        w->level[f] = 20 * log10(sqrt(energy) + EPS);
        loudest = fmax(loudest, w->level[f]);
    }
    const double least = fmax(loudest - RANGE_DB, 20 * log10(EPS)); /* zeros never count */
    size_t kept = 0;
    for (size_t f = 0; f < frames; f++) {
        if (!(w->level[f] > least))
            continue;
        const size_t from = f * HOP, to = kept++ * HOP;
        for (size_t i = 0; i < FRAME; i++) {
            w->xs[to + i] += (float)(w->window[i] * w->x[from + i]);
            w->ys[to + i] += (float)(w->window[i] * w->y[from + i]);
        }
    }
    return kept ? (kept - 1) * HOP + FRAME : 0;
}

static void analyse(const work *w, bands *out, const float *sound, size_t frames)
{
    float frame[SIZE] = {0}, spec[2 * BINS];
    for (size_t f = 0; f < frames; f++) {
        for (int i = 0; i < FRAME; i++)
            frame[i] = (float)(w->window[i] * sound[f * HOP + (size_t)i]);
        dfn_fft_forward(w->fft, spec, frame);
        for (int b = 0; b < BANDS; b++) {
            double energy = 0;
            for (int k = w->edge[b]; k < w->edge[b + 1]; k++)
                energy += (double)spec[2 * k] * spec[2 * k] +
                          (double)spec[2 * k + 1] * spec[2 * k + 1];
            out[f][b] = sqrt(energy);
        }
    }
}

/* Mean 0 and norm 1 of n numbers, `stride` apart. */
static void normalise(double *v, int n, int stride)
{
    double mean = 0, square = 0;
    for (int i = 0; i < n; i++)
        mean += v[i * stride] / n;
    for (int i = 0; i < n; i++) {
        v[i * stride] -= mean;
        square += v[i * stride] * v[i * stride];
    }
    const double scale = 1 / (sqrt(square) + EPS);
    for (int i = 0; i < n; i++)
        v[i * stride] *= scale;
}

static double product(segment x, segment y)
{
    double sum = 0;
    for (int b = 0; b < BANDS; b++)
        for (int t = 0; t < SEGMENT; t++)
            sum += x[b][t] * y[b][t];
    return sum;
}

/* Scale each band of y to the energy of x, and clip it at 15 dB of distortion. */
static void scale_and_clip(segment y, segment x)
{
    const double most = 1 + pow(10, -BETA_DB / 20);
    for (int b = 0; b < BANDS; b++) {
        double xx = 0, yy = 0;
        for (int t = 0; t < SEGMENT; t++) {
            xx += x[b][t] * x[b][t];
            yy += y[b][t] * y[b][t];
        }
        const double scale = sqrt(xx) / (sqrt(yy) + EPS);
        for (int t = 0; t < SEGMENT; t++)
            y[b][t] = fmin(y[b][t] * scale, x[b][t] * most);
    }
}

static void normalise_rows(segment s)
{
    for (int b = 0; b < BANDS; b++)
        normalise(s[b], SEGMENT, 1);
}

static void normalise_columns(segment s)
{
    for (int t = 0; t < SEGMENT; t++)
        normalise(&s[0][t], BANDS, SEGMENT);
}

/* Both measures of one segment, the first of whose frames is `first`. */
static void score_segment(const work *w, size_t first, double *plain, double *extended)
{
    segment x, y, clipped;
    for (int b = 0; b < BANDS; b++)
        for (int t = 0; t < SEGMENT; t++) {
            x[b][t] = w->xb[first + (size_t)t][b];
            y[b][t] = w->yb[first + (size_t)t][b];
        }
    memcpy(clipped, y, sizeof y);
    scale_and_clip(clipped, x);
    normalise_rows(clipped);
    normalise_rows(x);
    normalise_rows(y);
    *plain += product(x, clipped) / BANDS;
    normalise_columns(x);
    normalise_columns(y);
    *extended += product(x, y) / SEGMENT;
}

static dfn_status measure(work *w, size_t n, double *stoi, double *estoi, dfn_error *err)
{
    const size_t frames = frame_count(drop_silence(w, n));
    if (frames < SEGMENT)
        return dfn_fail(err, DFN_ERR_ARG,
                        "STOI: %zu frames with speech in the reference, at least %d needed",
                        frames, SEGMENT);
    analyse(w, w->xb, w->xs, frames);
    analyse(w, w->yb, w->ys, frames);
    const size_t segments = frames - SEGMENT + 1;
    double plain = 0, extended = 0;
    for (size_t s = 0; s < segments; s++)
        score_segment(w, s, &plain, &extended);
    plain /= (double)segments;
    extended /= (double)segments;
    if (!isfinite(plain) || !isfinite(extended))
        return dfn_fail(err, DFN_ERR_ARG, "STOI: a sample is not a finite number");
    if (stoi)
        *stoi = plain;
    if (estoi)
        *estoi = extended;
    return DFN_OK;
}

dfn_status dfn_stoi(double *stoi, double *estoi, const float *reference,
                    const float *estimate, size_t n, int rate, dfn_error *err)
{
    if (rate < 1)
        return dfn_fail(err, DFN_ERR_ARG, "STOI: a rate of %d Hz", rate);
    const size_t m = dfn_metric_resampled(n, rate, RATE);
    if (m <= FRAME)
        return dfn_fail(err, DFN_ERR_ARG, "STOI: a sound of %zu samples is too short", n);
    work w = {0};
    tables(&w);
    dfn_status status = allocate(&w, m, err);
    if (!status)
        status = to_rate(w.x, reference, n, rate, err);
    if (!status)
        status = to_rate(w.y, estimate, n, rate, err);
    if (!status)
        status = measure(&w, m, stoi, estoi, err);
    release(&w);
    return status;
}
