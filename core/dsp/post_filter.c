/* post_filter.c - what is done to the enhanced spectrum after the network. Finite input
 * gives finite output: both functions only ever move Y towards zero or towards X. */
#include <dfnet4/dsp.h>
#include <math.h>
#include <string.h>

/* Loops over few bins, without calls and with nothing to jump around, so that compilers
 * make vectors of them: hypotf and sinf of libm took most of the time. */
enum { BINS = 32 };
static const float tiny = 1e-12f;

/* |re + j im|, squares without overflow or underflow */
static inline float size(float re, float im)
{
    return (float)sqrt((double)re * (double)re + (double)im * (double)im);
}

/* sin(pi/2 g) for g = 0 .. 1, relative error 0.5 x 2^-24 (tools/minimax.py) */
static inline float sine(float g)
{
    const float q = g * g;
    float p = 0.000155929243f;
    p = p * q - 0.00468310434f;
    p = p * q + 0.0796959326f;
    p = p * q - 0.645965099f;
    p = p * q + 1.57079637f;
    return g * p;
}

static void filter_bins(float *restrict y, const float *restrict x, int n, float beta)
{
    float g[BINS];
    for (int f = 0; f < n; f++)
        g[f] = size(y[2 * f], y[2 * f + 1]) / (size(x[2 * f], x[2 * f + 1]) + tiny);
    for (int f = 0; f < n; f++)
        g[f] = g[f] < 1 ? g[f] : 1; /* Inf/Inf counts as 1 */
    for (int f = 0; f < n; f++)
        g[f] = g[f] > tiny ? g[f] : tiny;
    for (int f = 0; f < n; f++) {
        const float s = sine(g[f]);
        g[f] = (1 + beta) / (1 + beta / (s * s));
    }
    for (int f = 0; f < n; f++)
        g[f] = g[f] < 1 ? g[f] : 1;
    for (int f = 0; f < n; f++) {
        y[2 * f] *= g[f];
        y[2 * f + 1] *= g[f];
    }
}

void dfn_post_filter(float *enhanced, const float *noisy, int bins, float beta)
{
    if (!(beta > 0))
        return;
    for (int f = 0; f < bins; f += BINS)
        filter_bins(enhanced + 2 * f, noisy + 2 * f, bins - f < BINS ? bins - f : BINS,
                    beta);
}

void dfn_attenuation_limit(float *enhanced, const float *noisy, int bins, float limit_db)
{
    if (!(limit_db < 100))
        return;
    if (!(limit_db > 0)) { /* not by arithmetic: Y times 0 is NaN where Y overflowed */
        memcpy(enhanced, noisy, 2 * (size_t)bins * sizeof *enhanced);
        return;
    }
    const float wet = powf(10, -limit_db / 20), dry = 1 - wet;
    for (int i = 0; i < 2 * bins; i++)
        enhanced[i] = dry * enhanced[i] + wet * noisy[i];
}
