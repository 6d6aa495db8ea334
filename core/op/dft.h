/* dft.h - real transforms of whole signals, for the offline spectral ops: kissfft in float,
 * the plain sums in double, both in scratch memory.
 *
 * Forward X[k] = sum_i x[i] exp(-2 pi j k i / n), spectra [n/2+1][2]. Inverse is the
 * unnormalised sum over all n bins. Each is the other's transpose up to the middle bins,
 * which stand for two. */
#ifndef DFN_DFT_H
#define DFN_DFT_H

#include "dsp/fft.h"
#include "op/op.h"

enum { DFT_HANN, DFT_VORBIS };

/* One analysis or synthesis in progress; `window`, `frame` and `spec` are free to use. */
typedef struct dft {
    int n;
    REAL *window, *frame, *spec; /* [n] [n] [n + 2] */
#ifdef DFN_REAL_F64
    double *cosine, *sine; /* [n] */
#else
    dfn_fft *fft;
#endif
} dft;

static inline size_t dft_table(int n)
{
#ifdef DFN_REAL_F64
    return 2 * (size_t)n;
#else
    return (dfn_fft_bytes(n) + 63) / 64 * 16; /* in numbers, whole cache lines */
#endif
}

/* Numbers of scratch for a transform of size n. */
static inline size_t dft_scratch(int n) { return dft_table(n) + 3 * (size_t)n + 2; }

/* NULL, or why these settings are impossible. */
static inline const char *dft_refuse(const dfn_attr *a)
{
    if (!dfn_fft_supported(a->size))
        return "the transform size must be even, 4 to 65536, without prime factors above 5";
    if (a->hop < 1 || a->hop > a->size / 2)
        return "the hop must be 1 to half the transform size";
    if (a->variant != DFT_HANN && a->variant != DFT_VORBIS)
        return "unknown window";
    return NULL;
}

/* Multiply-adds of the transform of one frame, by the usual estimate 2 n log2(n). */
static inline uint64_t dft_macs(int n)
{
    uint64_t stages = 0;
    while (1 << stages < n)
        stages++;
    return 2 * (uint64_t)n * stages;
}

static inline dft dft_open(REAL *scratch, const dfn_attr *a)
{
    const double pi = 3.14159265358979323846;
    const int n = a->size;
    REAL *at = scratch + dft_table(n);
    dft d = {.n = n, .window = at, .frame = at + n, .spec = at + 2 * n};
#ifdef DFN_REAL_F64
    d.cosine = scratch;
    d.sine = scratch + n;
    for (int i = 0; i < n; i++) {
        d.cosine[i] = cos(2 * pi * i / n);
        d.sine[i] = sin(2 * pi * i / n);
    }
#else
    d.fft = dfn_fft_place(scratch, n);
#endif
    for (int i = 0; i < n; i++) {
        const double shift = a->variant == DFT_VORBIS ? 0.5 : 0;
        const REAL s = SIN((REAL)(pi * (i + shift) / n));
        d.window[i] = a->variant == DFT_VORBIS ? SIN((REAL)(pi / 2) * s * s) : s * s;
    }
    return d;
}

/* spec = transform of frame */
static inline void dft_forward(dft *d)
{
#ifdef DFN_REAL_F64
    for (int k = 0; k <= d->n / 2; k++) {
        double re = 0, im = 0;
        for (int i = 0, p = 0; i < d->n; i++) {
            re += d->frame[i] * d->cosine[p];
            im -= d->frame[i] * d->sine[p];
            p += k;
            p -= p >= d->n ? d->n : 0;
        }
        d->spec[2 * k] = re;
        d->spec[2 * k + 1] = im;
    }
#else
    dfn_fft_forward(d->fft, d->spec, d->frame);
#endif
}

/* frame = inverse transform of spec; imaginary parts of the end bins do not count */
static inline void dft_inverse(dft *d)
{
#ifdef DFN_REAL_F64
    const int half = d->n / 2;
    for (int i = 0; i < d->n; i++) {
        double sum = d->spec[0] + (i % 2 ? -1 : 1) * d->spec[2 * half];
        for (int k = 1, p = i; k < half; k++) {
            sum += 2 * (d->spec[2 * k] * d->cosine[p] - d->spec[2 * k + 1] * d->sine[p]);
            p += i;
            p -= p >= d->n ? d->n : 0;
        }
        d->frame[i] = sum;
    }
#else
    dfn_fft_inverse(d->fft, d->frame, d->spec);
#endif
}

/* Scale the middle bins: by 1/2 before dft_inverse() as the transpose of dft_forward(), by
 * 2 after dft_forward() as the transpose of dft_inverse(), where the end bins have no
 * imaginary part. */
static inline void dft_middle(dft *d, REAL factor)
{
    for (int i = 2; i < d->n; i++)
        d->spec[i] *= factor;
    d->spec[1] = d->spec[d->n + 1] = 0;
}

#endif
