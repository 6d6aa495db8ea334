/* Independent channels are as many mono streams; linked ones share the network's answer. */
#include "play.h"

#include <stdlib.h>
#include <string.h>

enum { FRAMES = 30000, MANY = 64 };

static void check_independent(int rate, int channels)
{
    player all = play_open(rate, channels, true), one = play_open(rate, 1, false);
    float *in = play_noise(channels, FRAMES, 8), *out = play_silence(channels, FRAMES);
    float *alone = play_silence(1, FRAMES);
    play(&all, in, out, FRAMES, 512);
    for (int c = 0; c < channels; c++) {
        dfn_stream_reset(one.stream);
        play(&one, in + c * FRAMES, alone, FRAMES, 512);
        CHECK(play_differ(alone, out + c * FRAMES, FRAMES) < 0,
              "%d Hz: channel %d of %d is not as if alone", rate, c, channels);
    }
    CHECK(dfn_stream_latency(all.stream) == dfn_stream_latency(one.stream), "latency");
    free(in);
    free(out);
    free(alone);
    play_close(&all);
    play_close(&one);
}

/* Two equal channels are their own mean. */
static void check_linked_equal(int rate)
{
    player two = play_open(rate, 2, false), one = play_open(rate, 1, false);
    float *in = play_noise(2, FRAMES, 8), *out = play_silence(2, FRAMES);
    float *alone = play_silence(1, FRAMES);
    memcpy(in + FRAMES, in, FRAMES * sizeof *in);
    play(&two, in, out, FRAMES, 512);
    play(&one, in, alone, FRAMES, 512);
    CHECK(play_differ(out, alone, FRAMES) < 0 &&
              play_differ(out + FRAMES, alone, FRAMES) < 0,
          "%d Hz: two equal linked channels are not as one", rate);
    free(in);
    free(out);
    free(alone);
    play_close(&two);
    play_close(&one);
}

/* The mask comes from all channels: silence on one side stays silence, a change on one side
 * changes the other; swapping sides swaps the output. */
static void check_linked_mask(void)
{
    player p = play_open(48000, 2, false);
    float *in = play_noise(2, FRAMES, 8), *out = play_silence(2, FRAMES);
    float *other = play_silence(2, FRAMES), *swapped = play_silence(2, FRAMES);
    play(&p, in, out, FRAMES, 512);
    memcpy(swapped, in + FRAMES, FRAMES * sizeof *in);
    memcpy(swapped + FRAMES, in, FRAMES * sizeof *in);
    dfn_stream_reset(p.stream);
    play(&p, swapped, other, FRAMES, 512);
    CHECK(play_differ(other, out + FRAMES, FRAMES) < 0 &&
              play_differ(other + FRAMES, out, FRAMES) < 0,
          "swapped channels do not give swapped output");
    memset(in + FRAMES, 0, FRAMES * sizeof *in);
    dfn_stream_reset(p.stream);
    play(&p, in, other, FRAMES, 512);
    CHECK(play_differ(other, out, FRAMES) >= 0, "the mask does not hear the other channel");
    for (int i = FRAMES; i < 2 * FRAMES; i++)
        CHECK(other[i] == 0, "a silent channel hears its neighbour");
    free(in);
    free(out);
    free(other);
    free(swapped);
    play_close(&p);
}

int main(void)
{
    check_independent(48000, 3);
    check_independent(44100, 2);
    check_linked_equal(48000);
    check_linked_equal(22050);
    check_linked_mask();
    player p = play_open(8000, MANY, false); /* the most there can be */
    float *in = play_noise(MANY, 1000, 2), *out = play_silence(MANY, 1000);
    play(&p, in, out, 1000, 0);
    CHECK(play_finite(out, MANY * 1000), "64 channels");
    free(in);
    free(out);
    play_close(&p);
    return check_report();
}
