/* A stream that was reset is as good as new, at whatever moment. */
#include "play.h"

#include <stdlib.h>
#include <string.h>

enum { FRAMES = 20000 };

static void check_rate(int rate)
{
    static const int moments[] = {0, 1, 479, 480, 5000, 12345};
    player fresh = play_open(rate, 2, false), used = play_open(rate, 2, false);
    float *in = play_noise(2, FRAMES, 4), *other = play_noise(2, FRAMES, 5);
    float *want = play_silence(2, FRAMES), *got = play_silence(2, FRAMES);
    play(&fresh, in, want, FRAMES, 256);
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        for (int m = 0; m < 2; m++) /* with an overload or a fade on the way */
            for (int part = 0; part < 3; part++) {
                dfn_stream_overload(used.stream, part == 1 && m);
                dfn_stream_set(used.stream, DFN_PARAM_BYPASS, part == 1 ? 1 : 0);
                play_part(&used, other, got, FRAMES, moments[i] * part / 3,
                          moments[i] * (part + 1) / 3, 100);
            }
        dfn_stream_reset(used.stream);
        CHECK(dfn_stream_meter(used.stream, DFN_METER_OUTPUT_DB) == -120, "meter");
        play(&used, in, got, FRAMES, 256);
        CHECK(play_differ(got, want, 2 * FRAMES) < 0,
              "%d Hz: reset after %d frames is not fresh", rate, moments[i]);
        for (int m = 0; m < DFN_METER_COUNT; m++)
            CHECK(dfn_stream_meter(used.stream, (dfn_meter)m) ==
                      dfn_stream_meter(fresh.stream, (dfn_meter)m),
                  "%d Hz: meter %d", rate, m);
    }
    dfn_stream_set(used.stream, DFN_PARAM_LIMIT_DB, 12);
    dfn_stream_reset(used.stream);
    CHECK(dfn_stream_get(used.stream, DFN_PARAM_LIMIT_DB) == 12, "reset keeps parameters");
    free(in);
    free(other);
    free(want);
    free(got);
    play_close(&fresh);
    play_close(&used);
}

int main(void)
{
    check_rate(48000);
    check_rate(44100);
    check_rate(11025);
    return check_report();
}
