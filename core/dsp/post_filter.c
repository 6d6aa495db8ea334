/* post_filter.c - what is done to the enhanced spectrum after the network. Finite input
 * gives finite output: both functions only ever move Y towards zero or towards X. */
#include <dfnet4/dsp.h>
#include <math.h>
#include <string.h>

void dfn_post_filter(float *enhanced, const float *noisy, int bins, float beta)
{
    const float half_pi = 1.57079632679489661923f, tiny = 1e-12f;
    if (!(beta > 0))
        return;
    for (int f = 0; f < bins; f++) {
        float *y = enhanced + 2 * f;
        const float *x = noisy + 2 * f;
        /* hypotf has no overflow or underflow inside; fminf turns Inf/Inf into 1 */
        const float ratio = hypotf(y[0], y[1]) / (hypotf(x[0], x[1]) + tiny);
        const float g = fmaxf(fminf(ratio, 1), tiny);
        const float s = sinf(half_pi * g);
        const float gain = (1 + beta) / (1 + beta / (s * s));
        y[0] *= gain;
        y[1] *= gain;
    }
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
