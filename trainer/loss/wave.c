/* wave.c - terms of the waveform: both spectra through the inverse of the network's framing
 * (dfn_stft_synthesise), and gradients back through its transpose.
 *
 * A wave begins at frame in->skip, whose first half is faded in for want of the frame
 * before, and has no bins above the clip's bandwidth: the same for both. */
#include "loss/terms.h"

#include <string.h>

#ifdef DFN_REAL_F64
#    include "op/dft.h"

/* dsp/stft.c in double */
static dft transform(LOSS *l)
{
    return dft_open(l->dft, &(dfn_attr){.size = l->fft_size, .variant = DFT_VORBIS});
}

static void synthesise(LOSS *l, dft *d, REAL *out, REAL *memory, const REAL *spec)
{
    const int hop = l->hop;
    memcpy(d->spec, spec, (size_t)(2 * l->bins) * sizeof *spec);
    dft_inverse(d);
    for (int i = 0; i < hop; i++) {
        out[i] = d->frame[i] * d->window[i] + memory[i];
        memory[i] = d->frame[hop + i] * d->window[hop + i];
    }
}

static void analyse(LOSS *l, dft *d, REAL *spec, REAL *memory, const REAL *in)
{
    const int hop = l->hop;
    for (int i = 0; i < hop; i++) {
        d->frame[i] = memory[i] * d->window[i];
        d->frame[hop + i] = in[i] * d->window[hop + i];
    }
    memcpy(memory, in, (size_t)hop * sizeof *in);
    dft_forward(d);
    for (int i = 0; i < 2 * l->bins; i++)
        spec[i] = d->spec[i] / l->fft_size;
}
#    define OPEN dft tables = transform(l), *d = &tables
#else
typedef dfn_stft dft;
static void synthesise(LOSS *l, dft *d, REAL *out, REAL *memory, const REAL *spec)
{
    (void)l;
    dfn_stft_synthesise(d, out, memory, spec);
}
static void analyse(LOSS *l, dft *d, REAL *spec, REAL *memory, const REAL *in)
{
    (void)l;
    dfn_stft_analyse(d, spec, memory, in);
}
#    define OPEN dft *d = l->stft
#endif

/* The wave of the spectra of clip b. */
static void to_wave(LOSS *l, const LOSS_INPUT *in, int b, const REAL *spectra, REAL *wave)
{
    OPEN;
    const size_t hop = (size_t)l->hop, n = (size_t)(2 * l->bins_of[b]);
    memset(l->memory, 0, hop * sizeof *l->memory);
    memset(l->row, 0, (size_t)(2 * l->bins) * sizeof *l->row);
    for (int t = in->skip; t < l->frames; t++, wave += hop) {
        const REAL *row = spectra + loss_row(l, b, t, 2 * l->bins);
        if (l->bins_of[b] < l->bins)
            row = memcpy(l->row, row, n * sizeof *row);
        synthesise(l, d, wave, l->memory, row);
    }
}

/* d_spectra += transpose of to_wave() of d_wave, of which one more hop is zero. Analysis
 * divides by the size, and its middle bins stand for two. */
static void to_spectra(LOSS *l, const LOSS_INPUT *in, int b, REAL *d_spectra,
                       const REAL *d_wave)
{
    OPEN;
    const size_t hop = (size_t)l->hop;
    const int n = 2 * l->bins_of[b], last = 2 * l->bins - 2;
    const REAL middle = (REAL)(2 * l->fft_size), end = (REAL)l->fft_size;
    memcpy(l->memory, d_wave, hop * sizeof *l->memory);
    for (int t = in->skip; t < l->frames; t++) {
        REAL *to = d_spectra + loss_row(l, b, t, 2 * l->bins);
        analyse(l, d, l->row, l->memory, d_wave += hop);
        to[0] += end * l->row[0];
        for (int i = 2; i < n && i < last; i++)
            to[i] += middle * l->row[i];
        if (n > last)
            to[last] += end * l->row[last];
    }
}

/* Terms of one clip's waves x and s, and the gradient in dx, which may be NULL. */
static void compare(LOSS *l, const LOSS_INPUT *in, int b, REAL *x, REAL *s, REAL *dx,
                    double *terms)
{
    OP(loss_sdr)(l, in, x, s, dx, terms);
    if (!(l->config.weight[DFN_LOSS_MULTI_RESOLUTION] > 0))
        return;
    OP(loss_multi_mirror)(l, x);
    OP(loss_multi_mirror)(l, s);
    OP(loss_multi)(l, in, b, x, s, dx, terms);
    if (dx)
        OP(loss_multi_fold)(l, dx);
}

void OP(loss_wave)(LOSS *l, const LOSS_INPUT *in, double *terms)
{
    if (!OP(loss_needs_wave)(&l->config) || in->skip >= l->frames)
        return;
    l->length = (l->frames - in->skip) * l->hop;
    for (int b = 0; b < l->clips; b++)
        to_wave(l, in, b, in->target, loss_target(l, b));
    OP(loss_sdr_count)(l);
    OP(loss_multi_count)(l, in);
    for (int b = 0; b < l->clips; b++) {
        REAL *dx = in->d_enhanced ? l->d_wave : NULL;
        to_wave(l, in, b, in->enhanced, l->wave);
        if (dx)
            memset(dx - l->margin, 0, (size_t)l->stride * sizeof *dx);
        compare(l, in, b, l->wave, loss_target(l, b), dx, terms);
        if (dx)
            to_spectra(l, in, b, in->d_enhanced, dx);
    }
}

bool OP(loss_needs_wave)(const dfn_loss_config *k)
{
    return k->weight[DFN_LOSS_SI_SDR] > 0 || k->weight[DFN_LOSS_SEGMENTAL] > 0 ||
           k->weight[DFN_LOSS_MULTI_RESOLUTION] > 0;
}
