/* Noises that need no recording, and faults: that they are what they are called. */
#include "check.h"
#include "data/fault.h"
#include "data/level.h"
#include "data/synth.h"
#include "dsp/fft.h"

#include <stdlib.h>
#include <string.h>

enum { N = 480000, SIZE = 4800 }; /* bins of 10 Hz */

static const double pi = 3.14159265358979;
static float x[N], copy[N];
static double power[SIZE / 2 + 1];

/* Mean power of each bin, of Hann windows side by side. */
static void spectrum(const float *s)
{
    void *mem = malloc(dfn_fft_bytes(SIZE));
    dfn_fft *fft = dfn_fft_place(mem, SIZE);
    static float frame[SIZE], bins[SIZE + 2];
    memset(power, 0, sizeof power);
    for (int at = 0; at + SIZE <= N; at += SIZE) {
        for (int i = 0; i < SIZE; i++)
            frame[i] = s[at + i] * (float)(0.5 - 0.5 * cos(2 * pi * i / SIZE));
        dfn_fft_forward(fft, bins, frame);
        for (int k = 0; k <= SIZE / 2; k++)
            power[k] += pow((double)bins[2 * k], 2) + pow((double)bins[2 * k + 1], 2);
    }
    free(mem);
}

static double band(double from, double to)
{
    double sum = 0;
    for (int k = (int)(from / 10); k < (int)(to / 10); k++)
        sum += power[k];
    return sum;
}

/* An octave holds 2^(1 - beta) times the power of the one below. 100 frames of 16 and more
 * bins: the power of an octave is known to 1 / sqrt(1600 / 1.5), 0.13 dB; 5 times that. */
static void coloured(double beta)
{
    dfn_synth *s = dfn_synth_new();
    dfn_philox r = dfn_philox_start(1, 2, 3);
    dfn_synth_coloured(s, &r, beta, x, N);
    spectrum(x);
    for (double hz = 160; hz < 10000; hz *= 2) {
        const double db = 10 * log10(band(2 * hz, 4 * hz) / band(hz, 2 * hz));
        CHECK(fabs(db - 3.0103 * (1 - beta)) <= 1, "beta %g, %g Hz: %g dB", beta, hz, db);
    }
    /* the same power all along: tenths of a second of white noise agree to 5 / sqrt(2400)
     */
    for (int at = 0; beta == 0 && at < N; at += 4800)
        CHECK(fabs(dfn_power(x + at, 4800) / dfn_power(x, N) - 1) <= 0.1, "at %d", at);
    for (int lag = 1024; lag < 100000; lag += 1024) { /* nor does it repeat */
        double sum = 0;
        for (int i = 0; beta == 0 && i + lag < N; i++)
            sum += (double)x[i] * (double)x[i + lag];
        CHECK(fabs(sum) <= 6 * dfn_power(x, N) * sqrt(N), "repeats after %d", lag);
    }
    dfn_synth_free(s);
}

/* All power of a hum lies at its harmonics: within two bins of multiples of 50 Hz. */
static void hum(void)
{
    dfn_philox r = dfn_philox_start(1, 2, 4);
    dfn_synth_hum(&r, 50, x, N);
    spectrum(x);
    double on = 0;
    for (int k = 0; k <= SIZE / 2; k++)
        on += (k + 2) % 5 <= 3 && k < 85 ? power[k] : 0;
    CHECK(on >= 0.9999 * band(0, 24000), "%g of %g", on, band(0, 24000));
    CHECK(dfn_power(x, N / 10) > 0.5 * dfn_power(x + N / 10 * 9, N / 10), "dies away");
}

/* Clicks are short: at 5 a second of at most 50 ms most samples are zeros, and their count
 * is a Poisson number: 50 of 10 s, within 5 sqrt(50). */
static void clicks(void)
{
    dfn_philox r = dfn_philox_start(1, 2, 5);
    int count = 0, still = 48000;
    dfn_synth_clicks(&r, 5, x, N);
    for (int i = 0; i < N; i++) {
        count += fabsf(x[i]) > 1e-3f && still > 500;
        still = fabsf(x[i]) > 1e-3f ? 0 : still + 1;
    }
    CHECK(fabs(count - 50.) <= 5 * sqrt(50), "%d clicks", count);
    CHECK(isfinite(dfn_power(x, N)), "not finite");
}

static void noise(void)
{
    dfn_philox r = dfn_philox_start(1, 2, 6);
    dfn_philox_normals(&r, x, N);
    memcpy(copy, x, sizeof x);
}

static void clip(void)
{
    noise();
    const float peak = dfn_peak(x, N);
    dfn_fault_clip(x, N, 0.4, 0);
    for (int i = 0; i < N; i++)
        CHECK(x[i] == fmaxf(fminf(copy[i], 0.4f * peak), -0.4f * peak), "%d", i);
    memcpy(x, copy, sizeof x);
    dfn_fault_clip(x, N, 0.4, 1);
    for (int i = 0; i < N; i++) {
        CHECK(fabsf(x[i]) <= 0.4f * peak && x[i] * copy[i] >= 0, "%d", i);
        CHECK(fabsf(copy[i]) > 0.04f * peak ||
                  fabsf(x[i] - copy[i]) <= 0.006f * fabsf(copy[i]),
              "small ones pass: %d", i); /* 1 / sqrt(1 + 0.1^2) */
    }
}

/* A tenth is lost, less what is lost twice: 5 % of that at most. */
static void dropout(void)
{
    noise();
    dfn_philox r = dfn_philox_start(1, 2, 7);
    int lost = 0, changed = 0;
    dfn_fault_dropout(&r, x, N, 0.1);
    for (int i = 0; i < N; i++) {
        lost += x[i] == 0 && copy[i] != 0;
        changed += x[i] != 0 && x[i] != copy[i];
    }
    CHECK(!changed && lost > 0.09 * N && lost < 0.105 * N, "%d lost, %d changed", lost,
          changed);
}

/* Blackman: 74 dB down in the stop band, 0.002 dB off in the pass band. */
static void limit(double hz)
{
    float h[DFN_LIMIT_TAPS];
    dfn_limit_design(hz, h);
    for (double f = 0; f < 24000; f += 37) {
        double re = 0, im = 0;
        for (int i = 0; i < DFN_LIMIT_TAPS; i++) {
            re += (double)h[i] * cos(2 * pi * f * i / 48000);
            im += (double)h[i] * sin(2 * pi * f * i / 48000);
        }
        const double db = 20 * log10(hypot(re, im) + 1e-9);
        CHECK(f < hz || db <= -70, "%g Hz: %g at %g", hz, db, f);
        CHECK(f > hz - 550 || fabs(db) <= 0.01, "%g Hz: %g at %g", hz, db, f);
    }
}

int main(void)
{
    coloured(-1);
    coloured(0);
    coloured(2);
    hum();
    clicks();
    clip();
    dropout();
    limit(4000);
    limit(16000);
    return check_report();
}
