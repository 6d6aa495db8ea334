/* fft_lanes.c - Stockham's transform, of radix 4 with a last pass of radix 2: it needs no
 * reordering. A real signal of SIZE samples is a complex one of half of that, taken apart
 * afterwards. */
#include "data/fft_lanes.h"

#include <math.h>
#include <string.h>

enum { SIZE = DFN_FFT_LANES_SIZE, HALF = DFN_FFT_LANES_HALF };

_Static_assert(HALF == 2 * 4 * 4 * 4 * 4 * 4, "five passes of radix 4 and one of radix 2");

void dfn_fft_lanes_init(dfn_fft_lanes *f)
{
    for (int k = 0; k < SIZE; k++) {
        const double w = -2 * 3.14159265358979324 * k / SIZE;
        f->turn[k][0] = (float)cos(w);
        f->turn[k][1] = (float)sin(w);
    }
}

void dfn_fft_lanes_put(dfn_fft_lanes *f, int lane, const float *x)
{
    float *to = (float *)f->data + lane;
    for (int m = 0; m < HALF; m++) {
        to[2 * DFN_LANES * m] = x[2 * m];
        to[2 * DFN_LANES * m + DFN_LANES] = x[2 * m + 1];
    }
}

void dfn_fft_lanes_get(const dfn_fft_lanes *f, int lane, int from, int count, float *x)
{
    const float *at = (const float *)(f->data + from / 2) + lane;
    for (int i = 0; i < count; i++)
        x[i] = at[DFN_LANES * i];
}

/* y = w x */
#define TURN(y, w, x_re, x_im)                                                             \
    do {                                                                                   \
        const dfn_lanes turn_re = x_re, turn_im = x_im;                                    \
        (y).re = turn_re * (w)[0] - turn_im * (w)[1];                                      \
        (y).im = turn_re * (w)[1] + turn_im * (w)[0];                                      \
    } while (0)

/* One pass: transforms of n points, `s` of them, become those of n / 4. */
__attribute__((always_inline)) static inline void
pass4(const dfn_fft_lanes *f, const dfn_pair *x, dfn_pair *y, int n, int s)
{
    const int quarter = n / 4, step = SIZE / n;
    for (int p = 0; p < quarter; p++) {
        const float *w1 = f->turn[p * step], *w2 = f->turn[2 * p * step];
        const float *w3 = f->turn[3 * p * step];
        for (int q = 0; q < s; q++) {
            const dfn_pair *in = x + q + s * p;
            dfn_pair *out = y + q + s * 4 * p;
            const dfn_pair a = in[0], b = in[s * quarter], c = in[2 * s * quarter],
                           d = in[3 * s * quarter];
            const dfn_lanes sr = a.re + c.re, si = a.im + c.im;
            const dfn_lanes dr = a.re - c.re, di = a.im - c.im;
            const dfn_lanes tr = b.re + d.re, ti = b.im + d.im;
            const dfn_lanes ur = d.im - b.im, ui = b.re - d.re; /* i (b - d) */
            out[0].re = sr + tr;
            out[0].im = si + ti;
            TURN(out[s], w1, dr - ur, di - ui);
            TURN(out[2 * s], w2, sr - tr, si - ti);
            TURN(out[3 * s], w3, dr + ur, di + ui);
        }
    }
}

/* data -> data: an even number of passes. */
__attribute__((always_inline)) static inline void transform(dfn_fft_lanes *f)
{
    dfn_pair *x = f->data, *y = f->other;
    pass4(f, x, y, 2048, 1);
    pass4(f, y, x, 512, 4);
    pass4(f, x, y, 128, 16);
    pass4(f, y, x, 32, 64);
    pass4(f, x, y, 8, 256);
    for (int q = 0; q < HALF / 2; q++) {
        const dfn_pair a = y[q], b = y[q + HALF / 2];
        x[q].re = a.re + b.re;
        x[q].im = a.im + b.im;
        x[q + HALF / 2].re = a.re - b.re;
        x[q + HALF / 2].im = a.im - b.im;
    }
}

/* Even samples have the spectrum E[k] = (Z[k] + conj Z[HALF - k]) / 2, odd ones O[k] =
 * (Z[k]
 * - conj Z[HALF - k]) / 2i, and X[k] = E[k] + w^k O[k], X[HALF - k] = conj(E[k] - w^k
 * O[k]).
 */
DFN_CLONES void dfn_fft_lanes_forward(dfn_fft_lanes *f, float *re, float *im, size_t step)
{
    const float half = 0.5f;
    transform(f);
    for (size_t k = 0; k <= HALF / 2; k++) {
        const dfn_pair a = f->data[k], b = f->data[(HALF - k) % HALF];
        const dfn_lanes er = half * (a.re + b.re), ei = half * (a.im - b.im);
        const dfn_lanes or = half * (a.im + b.im), oi = half * (b.re - a.re);
        dfn_pair t;
        TURN(t, f->turn[k], or, oi);
        const dfn_lanes out[4] = {er + t.re, ei + t.im, er - t.re, t.im - ei};
        memcpy(re + k * step, &out[0], sizeof *out);
        memcpy(im + k * step, &out[1], sizeof *out);
        memcpy(re + (HALF - k) * step, &out[2], sizeof *out);
        memcpy(im + (HALF - k) * step, &out[3], sizeof *out);
    }
}

/* Back with real and imaginary parts exchanged on the way in and out. */
DFN_CLONES void dfn_fft_lanes_inverse(dfn_fft_lanes *f, const float *re, const float *im,
                                      size_t step)
{
    const float half = 0.5f;
    for (size_t k = 0; k <= HALF / 2; k++) {
        dfn_pair a, b, o;
        memcpy(&a.re, re + k * step, sizeof a.re);
        memcpy(&a.im, im + k * step, sizeof a.im);
        memcpy(&b.re, re + (HALF - k) * step, sizeof b.re);
        memcpy(&b.im, im + (HALF - k) * step, sizeof b.im);
        const dfn_lanes er = half * (a.re + b.re), ei = half * (a.im - b.im);
        const float back[2] = {f->turn[k][0], -f->turn[k][1]};
        TURN(o, back, half * (a.re - b.re), half * (a.im + b.im));
        f->data[k].im = er - o.im;
        f->data[k].re = ei + o.re;
        if (k) {
            f->data[HALF - k].im = er + o.im;
            f->data[HALF - k].re = o.re - ei;
        }
    }
    transform(f);
    for (int m = 0; m < HALF; m++) {
        const dfn_lanes swap = f->data[m].re;
        f->data[m].re = f->data[m].im;
        f->data[m].im = swap;
    }
}
