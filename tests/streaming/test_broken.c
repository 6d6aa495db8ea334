/* A network that computes NaN or infinity: the delayed input passes instead. */
#include "play.h"

#include <stdlib.h>
#include <string.h>

enum { FRAMES = 48000 };

/* Play `in` through the tiny model with some weights scaled. Returns what comes out. */
static float *play_broken(int rate, const float *in, const char *part, float by,
                          float limit)
{
    const dfn_stream_config config = {.sample_rate = rate, .channels = 1};
    player p = play_open_scaled(&(tiny_model_config){.lookahead = 2}, config, part, by);
    float *out = play_silence(1, FRAMES);
    dfn_stream_set(p.stream, DFN_PARAM_LIMIT_DB, limit);
    play(&p, in, out, FRAMES, 480);
    play_close(&p);
    return out;
}

static void check_rate(int rate)
{
    float *in = play_noise(1, FRAMES, 3);
    float *dry = play_broken(rate, in, "", 1, 0);
    float *good = play_broken(rate, in, "", 1, 100);
    float *bad = play_broken(rate, in, "", 1e25f, 100);
    CHECK(play_distance(good, dry, 0, FRAMES) > 0.01, "%d Hz: nothing to tell apart", rate);
    CHECK(play_finite(bad, FRAMES), "%d Hz: not finite", rate);
    /* rounding of a transform of +-0.5 there and back, in `dry` only */
    CHECK(play_distance(bad, dry, 0, FRAMES) <= 2e-6, "%d Hz: not the delayed input: %g",
          rate, play_distance(bad, dry, 0, FRAMES));

    free(in);
    free(dry);
    free(good);
    free(bad);
}

/* Quiet, then so loud that this network leaves its range, then quiet again. */
static void check_return(int rate)
{
    enum { LOUD = FRAMES / 3, QUIET = FRAMES / 2 };
    float *in = play_noise(1, FRAMES, 3);
    for (int i = 0; i < FRAMES; i++)
        in[i] *= i >= LOUD && i < QUIET ? 1000 : 1e-3f;
    float *dry = play_broken(rate, in, "df_convp", 3e4f, 0);
    float *wet = play_broken(rate, in, "df_convp", 3e4f, 100);
    CHECK(play_finite(wet, FRAMES), "%d Hz: not finite", rate);
    CHECK(play_distance(wet, dry, 0, LOUD) > 0.1, "%d Hz: was never enhanced", rate);
    CHECK(play_distance(wet, dry, LOUD + 3000, QUIET) <= 2e-6 * 1000,
          "%d Hz: not the delayed input while astray: %g", rate,
          play_distance(wet, dry, LOUD + 3000, QUIET));
    CHECK(play_distance(wet, dry, FRAMES - 4800, FRAMES) > 0.1, "%d Hz: does not come back",
          rate);
    free(in);
    free(dry);
    free(wet);
}

int main(void)
{
    check_rate(48000);
    check_rate(16000);
    check_return(48000);
    check_return(16000);
    return check_report();
}
