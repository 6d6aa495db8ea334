/* Whatever comes in, what goes out is finite, and soon as if nothing had happened. */
#include "play.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES = 26000, FROM = 5000, TO = 7000, TAIL = 8000 };

static const struct {
    const char *name;
    float value;
    bool alternate;
} poison[] = {
    {"NaN", NAN, false},        {"infinity", INFINITY, true},
    {"1e38", 1e38f, true},      {"1e38 constant", 1e38f, false},
    {"FLT_MAX", FLT_MAX, true}, {"1e-40", 1e-40f, true},
    {"1000", 1000, true},
};

static void check_poison(int rate, int which)
{
    player p = play_open(rate, 2, true);
    float *in = play_noise(2, FRAMES, 3), *out = play_silence(2, FRAMES);
    for (int i = FROM; i < TO; i++) /* the first channel only */
        in[i] =
            poison[which].alternate && i % 2 ? -poison[which].value : poison[which].value;
    play(&p, in, out, FRAMES, 333);
    CHECK(play_finite(out, 2 * FRAMES), "%d Hz, %s: not finite", rate, poison[which].name);
    double top = 0, tail = 0, dry = 0;
    for (int i = 0; i < FRAMES; i++)
        top = check_worse(top, fabs((double)out[i]));
    for (int i = FRAMES - TAIL; i < FRAMES; i++) {
        tail += (double)out[i] * (double)out[i];
        dry += (double)in[i] * (double)in[i];
    }
    CHECK(top <= 1e6, "%d Hz, %s: output of %g", rate, poison[which].name, top);
    CHECK(tail > 1e-4 * dry && tail < dry * 4, "%d Hz, %s: does not recover: %g of %g",
          rate, poison[which].name, tail, dry);
    for (int m = 0; m < DFN_METER_COUNT; m++)
        CHECK(isfinite(dfn_stream_meter(p.stream, (dfn_meter)m)), "meter %d", m);

    float *clean = play_silence(2, FRAMES); /* the other channel hears nothing of it */
    in = memset(in, 0, FRAMES * sizeof *in);
    dfn_stream_reset(p.stream);
    play(&p, in, clean, FRAMES, 333);
    CHECK(play_differ(clean + FRAMES, out + FRAMES, FRAMES) < 0,
          "%d Hz, %s: reaches another channel", rate, poison[which].name);
    free(in);
    free(out);
    free(clean);
    play_close(&p);
}

/* Bypass gives back what the input was taken for. */
static void check_taken_for(void)
{
    static const float in[][2] = {{NAN, 0},         {INFINITY, 0},   {-INFINITY, 0},
                                  {1e38f, 1000},    {-1001, -1000},  {1000, 1000},
                                  {-0.25f, -0.25f}, {1e-40f, 1e-40f}};
    player p = play_open(48000, 1, false);
    const int latency = dfn_stream_latency(p.stream), frames = latency + 100;
    float *x = play_silence(1, frames), *y = play_silence(1, frames);
    for (int i = 0; i < 8; i++)
        x[i] = in[i][0];
    dfn_stream_set(p.stream, DFN_PARAM_BYPASS, 1);
    dfn_stream_reset(p.stream);
    play(&p, x, y, frames, 50);
    for (int i = 0; i < 8; i++)
        CHECK(play_differ(&y[latency + i], &in[i][1], 1) < 0, "%g becomes %g, want %g",
              (double)in[i][0], (double)y[latency + i], (double)in[i][1]);
    free(x);
    free(y);
    play_close(&p);
}

int main(void)
{
    for (int i = 0; i < (int)(sizeof poison / sizeof *poison); i++) {
        check_poison(48000, i);
        check_poison(16000, i);
    }
    check_taken_for();
    return check_report();
}
