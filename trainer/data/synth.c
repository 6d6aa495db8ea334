#include "data/synth.h"

#include "dsp/fft.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 48000, SIZE = 4096, HOP = SIZE / 2, BINS = SIZE / 2 + 1, HARMONICS = 16 };

static const double pi = 3.14159265358979, flat_hz = 40;

struct dfn_synth {
    dfn_fft *fft;
    void *mem;
    float window[SIZE], weight[BINS], bins[2 * BINS], frame[SIZE];
};

dfn_synth *dfn_synth_new(void)
{
    dfn_synth *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->mem = malloc(dfn_fft_bytes(SIZE));
    if (!s->mem) {
        free(s);
        return NULL;
    }
    s->fft = dfn_fft_place(s->mem, SIZE);
    for (int i = 0; i < SIZE; i++)
        s->window[i] = (float)sin(pi * (i + 0.5) / SIZE);
    return s;
}

void dfn_synth_free(dfn_synth *s)
{
    if (s)
        free(s->mem);
    free(s);
}

/* A random spectrum for each frame. Windows are sines that overlap by half: the squares add
 * up to one, so the power of frames that know nothing of each other stays the same. */
void dfn_synth_coloured(dfn_synth *s, dfn_philox *r, double beta, float *x, size_t n)
{
    for (int k = 0; k < BINS; k++) {
        const double hz = (double)k * RATE / SIZE;
        s->weight[k] = (float)pow(hz > flat_hz ? hz / flat_hz : 1, -beta / 2);
    }
    memset(x, 0, n * sizeof *x);
    for (size_t end = HOP; end < n + SIZE; end += HOP) {
        const size_t skip = end < SIZE ? SIZE - end : 0, from = end + skip - SIZE;
        dfn_philox_normals(r, s->bins, 2 * BINS);
        for (int k = 0; k < BINS; k++) {
            s->bins[2 * k] *= s->weight[k];
            s->bins[2 * k + 1] *= s->weight[k];
        }
        s->bins[0] = s->bins[1] = 0; /* no constant */
        dfn_fft_inverse(s->fft, s->frame, s->bins);
        for (size_t i = skip; i < SIZE && from + i - skip < n; i++)
            x[from + i - skip] += s->window[i] * s->frame[i];
    }
}

/* x[i] = 2 cos(w) x[i - 1] - x[i - 2], for all harmonics at once. */
void dfn_synth_hum(dfn_philox *r, double hz, float *x, size_t n)
{
    double now[HARMONICS], last[HARMONICS], turn[HARMONICS];
    const double fall = dfn_philox_uniform(r, 0.3, 1.5);
    for (int k = 0; k < HARMONICS; k++) {
        const double w = 2 * pi * hz * (k + 1) / RATE;
        const double a = dfn_philox_unit(r) * pow(k + 1, -fall);
        const double phase = dfn_philox_uniform(r, 0, 2 * pi);
        now[k] = a * sin(phase);
        last[k] = a * sin(phase - w);
        turn[k] = 2 * cos(w);
    }
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (int k = 0; k < HARMONICS; k++) {
            const double next = turn[k] * now[k] - last[k];
            last[k] = now[k];
            now[k] = next;
        }
        for (int k = 0; k < HARMONICS; k++)
            sum += last[k];
        x[i] = (float)sum;
    }
}

static void add_click(dfn_philox *r, float *x, size_t n)
{
    const double hz = 500 * pow(20, dfn_philox_unit(r)); /* 500 to 10000 */
    const double a = pow(10, dfn_philox_uniform(r, -1, 0));
    const double decay = exp(-1 / (RATE * dfn_philox_uniform(r, 0.0003, 0.004)));
    const double w = 2 * pi * hz / RATE, turn = 2 * decay * cos(w);
    double last = 0, now = a * sin(w);
    for (size_t i = 0; i < n && i < 2400; i++) {
        x[i] += (float)now;
        const double next = turn * now - decay * decay * last;
        last = now;
        now = next;
    }
}

void dfn_synth_clicks(dfn_philox *r, double rate, float *x, size_t n)
{
    memset(x, 0, n * sizeof *x);
    double at = 0;
    while ((at -= log(dfn_philox_unit(r)) / rate) * RATE < (double)n) {
        const size_t i = (size_t)(at * RATE);
        add_click(r, x + i, n - i);
    }
}
