/* Parameters: ranges, what the limit means, and no clicks while they change. */
#include "play.h"

#include <stdlib.h>
#include <string.h>

enum { RATE = 48000, FRAMES = 96000 };

static void check_ranges(void)
{
    player p = play_open(RATE, 1, false);
    for (int i = 0; i < DFN_PARAM_COUNT; i++) {
        const dfn_param q = (dfn_param)i;
        const dfn_param_info *info = dfn_param_get_info(q);
        CHECK(info && *info->symbol && *info->label && info->min < info->max,
              "parameter %d has no description", i);
        CHECK(dfn_stream_get(p.stream, q) == info->def, "%s: default", info->symbol);
        dfn_stream_set(p.stream, q, -1e9f);
        CHECK(dfn_stream_get(p.stream, q) == info->min, "%s: minimum", info->symbol);
        dfn_stream_set(p.stream, q, INFINITY);
        CHECK(dfn_stream_get(p.stream, q) == info->max, "%s: maximum", info->symbol);
        dfn_stream_set(p.stream, q, NAN);
        CHECK(dfn_stream_get(p.stream, q) == info->max, "%s: NaN", info->symbol);
    }
    dfn_stream_set(p.stream, (dfn_param)77, 1);
    dfn_stream_set(p.stream, (dfn_param)-1, 1);
    CHECK(!dfn_param_get_info((dfn_param)DFN_PARAM_COUNT) &&
              !dfn_param_get_info((dfn_param)-1) &&
              dfn_stream_get(p.stream, (dfn_param)77) == 0 &&
              dfn_stream_meter(p.stream, (dfn_meter)77) == 0,
          "there is no such parameter");
    play_close(&p);
}

static double level(const float *x, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sqrt(sum / n);
}

/* Play the noise with one limit; what remains against the delayed input goes to `gain`. */
static float *play_limit(player *p, const float *in, float limit)
{
    float *out = play_silence(1, FRAMES);
    dfn_stream_set(p->stream, DFN_PARAM_LIMIT_DB, limit);
    dfn_stream_reset(p->stream);
    play(p, in, out, FRAMES, 480);
    return out;
}

/* Y = (1 - lim) enhanced + lim input, lim = 10^(-limit / 20), sample by sample. */
static void check_limit(int rate)
{
    player p = play_open(rate, 1, false);
    float *in = play_noise(1, FRAMES, 3);
    float *all = play_limit(&p, in, 100), *none = play_limit(&p, in, 0);
    double previous = 1e9;
    for (int i = 0; i <= 4; i++) {
        const float limit = (float[]){1, 6, 12, 24, 60}[i];
        const double lim = pow(10, -(double)limit / 20);
        float *some = play_limit(&p, in, limit);
        double worst = 0, apart = 0;
        for (int n = 0; n < FRAMES; n++) {
            const double want = (1 - lim) * (double)all[n] + lim * (double)none[n];
            worst = check_worse(worst, fabs((double)some[n] - want));
            apart += pow((double)some[n] - (double)all[n], 2);
        }
        /* float transforms of 960 points of +-0.5: rounding grows with log2(960) ~ 10 */
        CHECK(worst <= 20 * 0.5 * 1.2e-7 * 10, "%d Hz, %g dB: off by %.3g", rate,
              (double)limit, worst);
        CHECK(apart < previous, "%g dB is no further than the limit before", (double)limit);
        previous = apart;
        free(some);
    }
    CHECK(level(all, FRAMES) < level(none, FRAMES), "nothing is attenuated");
    free(in);
    free(all);
    free(none);
    play_close(&p);
}

/* What a smooth cross-fade of N samples between a and b may add to their own bends: with
 * d = b - a and a fade f, (f d)'' = f d'' + 2 f' d' + f'' d. For 3 t^2 - 2 t^3, f' <= 1.5 /
 * N and f'' <= 6 / N^2; for the overlap of two squared Vorbis windows, f' <= 2.47 / N and
 * f'' <= 9.25 / N^2. */
static double fade_bend(const float *a, const float *b, int from, int to, int n)
{
    double d = 0, slope = 0;
    for (int i = from + 1; i < to; i++) {
        const double now = (double)b[i] - (double)a[i];
        const double before = (double)b[i - 1] - (double)a[i - 1];
        d = check_worse(d, fabs(now));
        slope = check_worse(slope, fabs(now - before));
    }
    return fmax(play_bend(a, from, to), play_bend(b, from, to)) + 2 * 2.47 / n * slope +
           9.25 / ((double)n * n) * d;
}

/* Switch a parameter at odd places of a low, pure tone, and compare with both extremes. */
static void check_clicks(int rate, dfn_param q, float off, float on)
{
    player p = play_open(rate, 1, false);
    const char *name = dfn_param_get_info(q)->symbol;
    float *in = play_silence(1, FRAMES), *a = play_silence(1, FRAMES);
    float *b = play_silence(1, FRAMES), *out = play_silence(1, FRAMES);
    for (int i = 0; i < FRAMES; i++)
        in[i] = 0.5f * sinf(0.01f * (float)i);
    dfn_stream_set(p.stream, q, off);
    dfn_stream_reset(p.stream);
    play(&p, in, a, FRAMES, 777);
    dfn_stream_set(p.stream, q, on);
    dfn_stream_reset(p.stream);
    play(&p, in, b, FRAMES, 777);
    CHECK(play_differ(a, b, FRAMES) >= 0, "%s does nothing", name);

    dfn_stream_set(p.stream, q, off);
    dfn_stream_reset(p.stream);
    int at = 0;
    for (int k = 0; at < FRAMES; k++) {
        const int next = at + 3001 - 2900 * (k % 3 == 1); /* long, short, long, ... */
        play_part(&p, in, out, FRAMES, at, next < FRAMES ? next : FRAMES, 100);
        at = next;
        dfn_stream_set(p.stream, q, k % 2 ? off : on);
    }
    const int start = rate / 4; /* the start of the tone is a bend of its own */
    const double got = play_bend(out, start, FRAMES);
    const double limit = fade_bend(a, b, start, FRAMES, rate / 100);
    printf("%6d Hz, %-11s switched: bend %.2e, bound %.2e, a step would be %.2e\n", rate,
           name, got, limit, fabs((double)(a[start] - b[start])));
    CHECK(got <= limit * 1.001, "%s clicks: %.3g, bound %.3g", name, got, limit);
    free(in);
    free(a);
    free(b);
    free(out);
    play_close(&p);
}

int main(void)
{
    check_ranges();
    check_limit(48000);
    check_limit(16000);
    for (int i = 0; i < 2; i++) {
        const int rate = i ? 44100 : 48000;
        check_clicks(rate, DFN_PARAM_BYPASS, 0, 1);
        check_clicks(rate, DFN_PARAM_LIMIT_DB, 100, 0);
        check_clicks(rate, DFN_PARAM_POST_FILTER, 0, 0.05f);
    }
    return check_report();
}
