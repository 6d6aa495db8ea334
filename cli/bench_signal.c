/* bench_signal.c - what the streams hear: made here, so that every machine hears the same.
 */
#include "bench.h"

#include <math.h>

enum { RATE = 48000 };

const char *const bench_signal_name[BENCH_SIGNALS + 1] = {
    "speech", "noise", "silence", "denormal", "loud", "nan", NULL};
const char *const bench_mode_name[BENCH_MODES + 1] = {"hot", "paced", NULL};
const char *const bench_precision_name[BENCH_PRECISIONS + 1] = {"file", "f32", "bf16",
                                                                "int8", NULL};

static double noise(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(int64_t)*seed / 9223372036854775808.0;
}

/* A resonance: y[i] = g x[i] + 2 r cos(w) y[i-1] - r^2 y[i-2], g so that it peaks near 1.
 */
typedef struct resonance {
    double y1, y2;
} resonance;

static double resonate(resonance *f, double x, double hertz, double width)
{
    const double pi = acos(-1), r = exp(-pi * width / RATE), w = 2 * pi * hertz / RATE;
    const double y = (1 - r) * 2 * sin(w) * x + 2 * r * cos(w) * f->y1 - r * r * f->y2;
    f->y2 = f->y1;
    f->y1 = y;
    return y;
}

/* Four syllables a second, the last of every six a pause: pulses at a gliding pitch, or
 * hiss, through two formants that move; a fan of -50 dBFS in the background. */
static void fill_speech(float *x, size_t n)
{
    const double pi = acos(-1);
    resonance low = {0, 0}, high = {0, 0};
    uint64_t seed = 1;
    double phase = 0;
    for (size_t i = 0; i < n; i++) {
        const double t = (double)i / RATE, syllable = 4 * t;
        const double swell = sin(pi * fmod(syllable, 1));
        const double loud = fmod(syllable, 6) < 5 ? swell * swell : 0;
        const bool hiss = fmod(syllable, 1) < 0.2;
        phase += (120 + 30 * sin(2 * pi * 0.7 * t)) / RATE;
        double source = 0.3 * noise(&seed);
        if (!hiss && phase >= 1)
            source += 60;
        phase -= floor(phase);
        const double voice =
            resonate(&low, loud * source, 550 + 250 * sin(2 * pi * 1.1 * t), 80) +
            resonate(&high, loud * source, 1700 + 600 * sin(2 * pi * 0.8 * t), 120);
        x[i] = (float)(0.8 * tanh(voice) + 0.005 * noise(&seed));
    }
}

static double sample(bench_signal s, size_t i, uint64_t *seed)
{
    switch (s) {
    case BENCH_NOISE: return 0.1 * noise(seed);
    case BENCH_DENORMAL: return 1e-39 * noise(seed);
    case BENCH_LOUD: return noise(seed) < 0 ? -1 : 1; /* full scale at every sample */
    case BENCH_NAN: return i % 3 == 0 ? NAN : i % 3 == 1 ? INFINITY : -INFINITY;
    default: return 0;
    }
}

void bench_signal_fill(float *x, size_t n, bench_signal s)
{
    uint64_t seed = 2;
    if (s == BENCH_SPEECH) {
        fill_speech(x, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        x[i] = (float)sample(s, i, &seed);
}
