#include "data/level.h"

#include "data/clones.h"

#include <math.h>
#include <stdbool.h>

/* Sums side by side: exact enough for long signals, and several vectors of them, since each
 * addition waits for the one before. */
enum { LANES = 32 };

/* Of x, or of its squares: a constant wherever this is called. */
static inline __attribute__((always_inline)) double sum(const float *x, size_t n,
                                                        bool squares)
{
    double total = 0;
    for (size_t start = 0; start < n; start += DFN_LEVEL_FRAME) {
        const size_t end = n - start < DFN_LEVEL_FRAME ? n : start + DFN_LEVEL_FRAME;
        float part[LANES] = {0};
        size_t i = start;
        for (; i + LANES <= end; i += LANES)
            for (int k = 0; k < LANES; k++)
                part[k] += squares ? x[i + k] * x[i + k] : x[i + k];
        for (; i < end; i++)
            part[0] += squares ? x[i] * x[i] : x[i];
        for (int k = 0; k < LANES; k++)
            total += (double)part[k];
    }
    return total;
}

DFN_CLONES double dfn_power(const float *x, size_t n)
{
    return n ? sum(x, n, true) / (double)n : 0;
}

static double frame_power(const float *x, size_t n, size_t start)
{
    const size_t left = n - start, count = left < DFN_LEVEL_FRAME ? left : DFN_LEVEL_FRAME;
    return dfn_power(x + start, count) * (double)count / DFN_LEVEL_FRAME;
}

/* Frames are measured twice: cheaper than a place to keep them. */
double dfn_active_power(const float *x, size_t n)
{
    double loudest = 0, power = 0;
    size_t count = 0;
    for (size_t start = 0; start < n; start += DFN_LEVEL_FRAME)
        loudest = fmax(loudest, frame_power(x, n, start));
    if (loudest <= 0)
        return 0;
    for (size_t start = 0; start < n; start += DFN_LEVEL_FRAME) {
        const double p = frame_power(x, n, start);
        if (p >= 1e-4 * loudest) {
            power += p;
            count++;
        }
    }
    return power / (double)count;
}

DFN_CLONES float dfn_peak(const float *x, size_t n)
{
    float peak[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++) {
            const float a = fabsf(x[i + k]);
            peak[k] = a > peak[k] ? a : peak[k];
        }
    for (; i < n; i++)
        peak[0] = fmaxf(peak[0], fabsf(x[i]));
    for (int k = 1; k < LANES; k++)
        peak[0] = fmaxf(peak[0], peak[k]);
    return peak[0];
}

DFN_CLONES void dfn_remove_mean(float *x, size_t n)
{
    const float mean = n ? (float)(sum(x, n, false) / (double)n) : 0;
    for (size_t i = 0; i < n; i++)
        x[i] -= mean;
}

DFN_CLONES void dfn_scale(float *x, size_t n, float gain)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= gain;
}

DFN_CLONES void dfn_add_scaled(float *y, const float *x, size_t n, float gain)
{
    for (size_t i = 0; i < n; i++)
        y[i] += gain * x[i];
}

double dfn_gain(double db) { return pow(10, db / 20); }

double dfn_db(double power) { return power > 1e-20 ? 10 * log10(power) : -200; }
