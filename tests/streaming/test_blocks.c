/* The host's block size never shows in the samples. */
#include "play.h"

#include <stdlib.h>
#include <string.h>

static const int blocks[] = {1, 17, 64, 480, 481, 4096, 65536, 0 /* random */};

static void check_rate(int rate, int channels)
{
    const int frames = rate == 48000 ? 66000 : 20000; /* 65536 and some more */
    player p = play_open(rate, channels, false);
    float *in = play_noise(channels, frames, 1);
    float *whole = play_silence(channels, frames), *out = play_silence(channels, frames);
    play(&p, in, whole, frames, frames);
    double power = 0;
    for (int i = 0; i < frames; i++)
        power += (double)whole[i] * (double)whole[i];
    CHECK(power > 1, "%d Hz: nothing comes out", rate);

    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        const int n = channels * frames;
        dfn_stream_reset(p.stream);
        play(&p, in, out, frames, blocks[i]);
        CHECK(play_differ(out, whole, n) < 0, "%d Hz, blocks of %d: sample %d differs",
              rate, blocks[i], play_differ(out, whole, n));
        dfn_stream_reset(p.stream);
        memcpy(out, in, (size_t)n * sizeof *out);
        play(&p, out, out, frames, blocks[i]);
        CHECK(play_differ(out, whole, n) < 0, "%d Hz, blocks of %d, in place: %d differs",
              rate, blocks[i], play_differ(out, whole, n));
    }
    printf("%6d Hz, %d channels: %zu block sizes, in place and not, identical\n", rate,
           channels, sizeof blocks / sizeof *blocks);
    free(in);
    free(whole);
    free(out);
    play_close(&p);
}

int main(void)
{
    check_rate(48000, 2);
    check_rate(44100, 1);
    check_rate(11025, 1);
    player p = play_open(48000, 1, false);
    dfn_stream_process(p.stream, NULL, NULL, 0); /* touches nothing */
    play_close(&p);
    return check_report();
}
