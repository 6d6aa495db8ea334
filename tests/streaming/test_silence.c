/* After a long digital silence a stream is as good as new: an hour of zeros, then sound,
 * and what comes out is what a fresh stream makes of that sound alone, bit for bit. Both
 * begin at the border of a hop. Less than ten seconds of it change nothing. */
#include "play.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RATE = 48000, HOP = 480, TALK = 3 * RATE };

static const double pi = 3.14159265358979323846;

/* Vowels: a glottal pulse train of 120 Hz through two moving resonances, in syllables of
 * 200 ms, and a little noise. */
static float *speech(int channels)
{
    float *x = play_noise(channels, TALK, 12);
    for (int c = 0; c < channels; c++) {
        double y[2][2] = {{0}};
        for (int i = 0; i < TALK; i++) {
            const double t = i / (double)RATE, syllable = sin(pi * t / 0.2);
            double sum = 0;
            for (int k = 0; k < 2; k++) {
                const double f = k ? 1500 + 500 * sin(9 * t + c) : 600 + 150 * cos(7 * t);
                const double r = 0.995, pulse = i % (RATE / 120) ? 0 : 0.1;
                const double z =
                    pulse + 2 * r * cos(2 * pi * f / RATE) * y[k][0] - r * r * y[k][1];
                y[k][1] = y[k][0];
                sum += y[k][0] = z;
            }
            float *to = &x[c * TALK + i];
            *to = (float)(0.3 * sum * syllable * syllable) + 0.01f * *to;
        }
    }
    return x;
}

/* A second of nothing, or of a hum in all channels but the first. */
static float *break_of(int channels, bool hum)
{
    float *x = play_silence(channels, RATE);
    for (int i = RATE; hum && i < channels * RATE; i++)
        x[i] = (float)(1e-3 * sin(2 * pi * 50 * i / RATE));
    return x;
}

/* Play a pause of some hops; the first channel's output is exactly zero after the first
 * second. */
static void rest(player *p, const float *quiet, int hops)
{
    float *out = play_silence(p->channels, RATE);
    for (int left = hops * HOP; left > 0; left -= RATE) {
        const int n = left < RATE ? left : RATE;
        play_part(p, quiet, out, RATE, 0, n, n);
        double loudest = 0;
        for (int i = 0; i < n && left < hops * HOP; i++)
            loudest = check_worse(loudest, fabs((double)out[i]));
        CHECK(loudest == 0, "sound in the silence: %g", loudest);
    }
    free(out);
}

/* How far is the speech after noise and a pause from what a fresh stream makes of it? */
static double far_from_fresh(player *p, int hops, bool hum)
{
    const int n = p->channels * TALK;
    double worst = 0;
    float *in = speech(p->channels), *noise = play_noise(p->channels, RATE, 3);
    float *want = play_silence(1, n), *got = play_silence(1, n);
    float *quiet = break_of(p->channels, hum);
    dfn_stream_reset(p->stream);
    play(p, in, want, TALK, HOP);
    dfn_stream_reset(p->stream);
    play(p, noise, got, RATE, HOP);
    rest(p, quiet, hops);
    play(p, in, got, TALK, 441);
    CHECK(play_finite(got, n), "not finite");
    for (int i = 0; i < n; i++) /* negative zero is zero; the hum's end is none */
        if (!hum || i % TALK >= RATE / 10)
            worst = check_worse(worst, fabs((double)want[i] - (double)got[i]));
    free(in);
    free(noise);
    free(want);
    free(got);
    free(quiet);
    return worst;
}

static void check_model(const char *name, const tiny_model_config *m)
{
    const clock_t start = clock();
    player one = play_open_model(m, RATE, 1, false);
    const double hour = far_from_fresh(&one, 360000, false);
    const double nine = far_from_fresh(&one, 999, false);
    CHECK(hour == 0, "%s, after an hour: %g from fresh", name, hour);
    CHECK(nine > 1e-5, "%s: afresh after less than 10 s (%g)", name, nine);
    play_close(&one);
    for (int independent = 0; independent < 2; independent++) {
        player two = play_open_model(m, RATE, 2, independent);
        const double ten = far_from_fresh(&two, 1000, false);
        const double hum = far_from_fresh(&two, 1000, true);
        CHECK(ten == 0, "%s, after 10 s: %g from fresh", name, ten);
        CHECK(hum > 1e-5, "%s: afresh although one channel was heard (%g)", name, hum);
        play_close(&two);
    }
    printf("%s: %.1f s for an hour and a few seconds; less silence differs by %.2g\n", name,
           (double)(clock() - start) / CLOCKS_PER_SEC, nine);
}

/* The network to test is the one argument: an hour is enough for one test. */
int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        tiny_model_config model;
    } models[] = {
        {"dfnet3",
         {.lookahead = 2,
          .config = "conv_ch = 2\nemb_hidden_dim = 8\ndf_hidden_dim = 8\n"
                    "enc_linear_groups = 2\n[df]\nnb_df = 16\nnb_erb = 16\n"}},
        {"mamba", {.kind = "deepfilternet4", .config = TINY_DFNET4}},
        {"hybrid",
         {.kind = "deepfilternet4",
          .config = TINY_DFNET4 "use_time_branch = true\nuse_phase_branch = true\n"
                                "fusion_type = attention\n"}},
    };
    int checked = 0;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        if (argc == 2 && !strcmp(argv[1], models[i].name)) {
            check_model(models[i].name, &models[i].model);
            checked++;
        }
    CHECK(checked == 1, "which network?");
    return check_report();
}
