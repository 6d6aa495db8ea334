/* Overload: the delayed input passes, faded in and out, and the delay stays the same. */
#include "play.h"

#include <stdlib.h>
#include <string.h>

enum { FRAMES = 120000 };

static void check_rate(int rate)
{
    player p = play_open(rate, 1, false);
    const int hop = rate / 100, start = 40 * hop, end = 70 * hop;
    const int frames = 120 * hop;
    float *in = play_silence(1, frames), *calm = play_silence(1, frames);
    float *dry = play_silence(1, frames), *out = play_silence(1, frames);
    for (int i = 0; i < frames; i++)
        in[i] = 0.5f * sinf(480.0f / (float)rate * (float)i);
    play(&p, in, calm, frames, 480);
    dfn_stream_reset(p.stream);
    dfn_stream_set(p.stream, DFN_PARAM_LIMIT_DB, 0);
    play(&p, in, dry, frames, 480);
    dfn_stream_set(p.stream, DFN_PARAM_LIMIT_DB, 100);

    dfn_stream_reset(p.stream);
    play_part(&p, in, out, frames, 0, start, 480);
    dfn_stream_overload(p.stream, true);
    play_part(&p, in, out, frames, start, end, 480);
    dfn_stream_overload(p.stream, false);
    play_part(&p, in, out, frames, end, frames, 480);

    CHECK(play_distance(calm, dry, start, end) > 0.01, "nothing to tell apart");
    CHECK(play_differ(out, calm, start) < 0, "%d Hz: touched before the overload", rate);
    /* two hops to notice and fade, two more where resamplers smear; rounding of a
     * transform of +-0.5 there and back */
    CHECK(play_distance(out, dry, start + 4 * hop, end) < 1e-5,
          "%d Hz: not the delayed input: %g", rate,
          play_distance(out, dry, start + 4 * hop, end));
    /* the network wakes up, then one hop of fade */
    double late = play_distance(out, calm, frames - 20 * hop, frames);
    CHECK(late < 0.25 * play_distance(calm, dry, start, end),
          "%d Hz: does not come back: %g", rate, late);
    const double step = play_distance(calm, dry, hop * 10, frames), n = hop;
    const double smooth =
        fmax(play_bend(calm, 10 * hop, frames), play_bend(dry, 10 * hop, frames));
    const double limit = smooth * 2 + 6 / (n * n) * step + 2 * 1.5 / n * 0.02 * step;
    printf("%6d Hz: bend %.2e, bound %.2e, back to within %.1e\n", rate,
           play_bend(out, 10 * hop, frames), limit, late);
    CHECK(play_bend(out, 10 * hop, frames) <= limit, "%d Hz: overload clicks: %g, bound %g",
          rate, play_bend(out, 10 * hop, frames), limit);
    free(in);
    free(calm);
    free(dry);
    free(out);
    play_close(&p);
}

/* On and off at any time, in bursts shorter than a hop: always finite, always on time. */
static void check_flicker(void)
{
    player p = play_open(44100, 1, false);
    float *in = play_noise(1, FRAMES, 2), *out = play_silence(1, FRAMES);
    const int latency = dfn_stream_latency(p.stream);
    for (int at = 0, k = 0; at < FRAMES; k++) {
        const int next = at + 1 + k * 7919 % 1300;
        play_part(&p, in, out, FRAMES, at, next < FRAMES ? next : FRAMES, 0);
        dfn_stream_overload(p.stream, k % 3 != 0);
        at = next;
    }
    CHECK(play_finite(out, FRAMES), "flickering overload");
    double top = -1;
    int lag = 0;
    for (int l = latency - 30; l <= latency + 30; l++) {
        double sum = 0;
        for (int i = l; i < FRAMES; i++)
            sum += (double)in[i - l] * (double)out[i];
        if (sum > top) {
            top = sum;
            lag = l;
        }
    }
    CHECK(lag == latency, "delay %d became %d", latency, lag);
    CHECK(dfn_stream_latency(p.stream) == latency, "reported latency changed");
    free(in);
    free(out);
    play_close(&p);
}

int main(void)
{
    check_rate(48000);
    check_rate(44100);
    check_rate(16000);
    check_flicker();
    return check_report();
}
