/* What examples hold besides speech and noise: other voices, band limits, faults, sounds
 * that need no recording. Each is in the mixture only, or in both signals, as it should. */
#include "check.h"
#include "data/mix_config.h"
#include "draws.h"
#include "dsp/fft.h"
#include "fake_sounds.h"

#include <stdlib.h>
#include <string.h>

enum { SPEECH = 60000, SAMPLES = 36000, MANY = 300, SIZE = 4800 };

static int16_t speech[4][SPEECH], noise[SPEECH];
static float noisy[SAMPLES], target[SAMPLES], noisy2[SAMPLES], target2[SAMPLES];
static dfn_sounds sounds;

/* Two speakers of full band, one of 8 kHz, one of 14 kHz; what is in the recordings above
 * that must not matter. */
static void fill(void)
{
    static const char *const names[] = {"anna", "ben", "carl", "dora"};
    static const double bands[] = {0, 20000, 8000, 14000};
    for (int i = 0; i < 4; i++) {
        fake_speech(speech[i], SPEECH, 0.5, 11 + (uint64_t)i);
        fake_add(&sounds, DFN_SPEECH, DFN_TRAIN_SPLIT, speech[i], SPEECH, names[i])
            ->bandwidth_hz = bands[i];
    }
    fake_noise(noise, SPEECH, 0.5, 5);
    fake_add(&sounds, DFN_NOISE, DFN_TRAIN_SPLIT, noise, SPEECH, "");
}

/* Nobody babbles against themselves. */
static void alone(void)
{
    static dfn_sounds one;
    dfn_mix_config c = fake_plain();
    c.p_babble = c.p_intruder = 1;
    for (int i = 0; i < 2; i++)
        fake_add(&one, DFN_SPEECH, DFN_TRAIN_SPLIT, speech[i], SPEECH, "anna");
    fake_add(&one, DFN_NOISE, DFN_TRAIN_SPLIT, noise, SPEECH, "");
    dfn_mixer *m;
    CHECK(!dfn_mixer_new(&m, &one, &c, DFN_TRAIN_SPLIT, SAMPLES, NULL), "no mixer");
    for (int k = 0; k < 20; k++) {
        dfn_clip clip;
        dfn_mix(m, 1, 0, (uint64_t)k, noisy, target, &clip);
        CHECK(!clip.talkers && !clip.intruder, "%d: %d talkers", k, clip.talkers);
    }
    dfn_mixer_free(m);
}

static dfn_mixer *mixer(const dfn_mix_config *c)
{
    dfn_error err = {0};
    dfn_mixer *m;
    CHECK(!dfn_mixer_new(&m, &sounds, c, DFN_TRAIN_SPLIT, SAMPLES, &err), "%s", err.text);
    if (!m)
        exit(1);
    return m;
}

static dfn_mix_config quiet(void)
{
    dfn_mix_config c = fake_plain();
    c.level_db = (dfn_range){-50, -40};
    c.snr_db = (dfn_range){0, 10};
    c.p_wide = 0.5;
    return c;
}

/* Share of the energy of x that lies above `hz`: Hann windows of 0.1 s. */
static double above(const float *x, double hz)
{
    void *mem = malloc(dfn_fft_bytes(SIZE));
    dfn_fft *fft = dfn_fft_place(mem, SIZE);
    static float frame[SIZE], bins[SIZE + 2];
    double all = 0, high = 0;
    for (int at = 0; at + SIZE <= SAMPLES; at += SIZE / 2) {
        for (int i = 0; i < SIZE; i++)
            frame[i] =
                x[at + i] * (float)(0.5 - 0.5 * cos(2 * 3.14159265358979 * i / SIZE));
        dfn_fft_forward(fft, bins, frame);
        for (int k = 0; k <= SIZE / 2; k++) {
            const double p = pow((double)bins[2 * k], 2) + pow((double)bins[2 * k + 1], 2);
            all += p;
            high += k * 10 >= hz ? p : 0;
        }
    }
    free(mem);
    return high / all;
}

/* Speech of 8 and 14 kHz: the loss is told, or both signals end there. */
static void narrow(void)
{
    int told[3] = {0}, limited = 0;
    dfn_mix_config c = quiet();
    c.p_narrow = 0.6;
    dfn_mixer *m = mixer(&c);
    for (int k = 0; k < MANY; k++) {
        dfn_clip clip;
        dfn_mix(m, 1, 0, (uint64_t)k, noisy, target, &clip);
        const double hz = clip.bandwidth_hz;
        const int which = hz == 8000 ? 1 : hz == 14000 ? 2 : 0;
        CHECK(which || hz == 0, "%g Hz", hz);
        told[which]++;
        limited += clip.limited;
        CHECK(!clip.limited || which, "full band is limited");
        if (k % 10)
            continue;
        /* filters pass 1e-7 of the energy; a window's skirt of 20 Hz is left out */
        CHECK(!clip.limited || above(target, hz + 20) < 1e-6, "target: %g",
              above(target, hz));
        CHECK(!clip.limited || above(noisy, hz + 20) < 1e-6, "noisy: %g", above(noisy, hz));
        CHECK(clip.limited || above(noisy, 15000) > 0.1, "limited without being told");
    }
    check_share("8 kHz", told[1], MANY, 0.5); /* below wide_hz */
    check_share("14 kHz", told[2], MANY, 0.5 / 3);
    check_share("limited", limited, told[1] + told[2], 0.6);
    dfn_mixer_free(m);
}

static void codec(void)
{
    static double hz[MANY];
    int limited = 0;
    dfn_mix_config c = quiet();
    c.p_codec = 0.5;
    c.p_wide = 1;
    c.wide_hz = 16000; /* 14 kHz is narrow then */
    c.codec_hz = (dfn_range){3000, 12000};
    dfn_mixer *m = mixer(&c);
    for (int k = 0; k < MANY; k++) {
        dfn_clip clip;
        dfn_mix(m, 1, 0, (uint64_t)k, noisy, target, &clip);
        CHECK(clip.limited == (clip.bandwidth_hz > 0), "%g Hz", clip.bandwidth_hz);
        if (!clip.limited)
            continue;
        hz[limited++] = clip.bandwidth_hz;
        CHECK(limited % 10 || above(noisy, clip.bandwidth_hz + 20) < 1e-6, "noisy");
        CHECK(limited % 10 || above(target, clip.bandwidth_hz + 20) < 1e-6, "target");
        CHECK(limited % 10 || above(target, clip.bandwidth_hz - 600) > 0.001, "too low");
    }
    check_share("codec", limited, MANY, 0.5);
    check_uniform("codec", hz, limited, 3000, 12000);
    dfn_mixer_free(m);
}

static double power(const float *x)
{
    double sum = 0;
    for (int i = 0; i < SAMPLES; i++)
        sum += (double)x[i] * (double)x[i] / SAMPLES;
    return sum;
}

/* The same examples of two mixers. Returns how many of the mixtures differ; no target does.
 */
static int differ(const dfn_mix_config *a, const dfn_mix_config *b, int count,
                  void (*look)(const dfn_clip *clip))
{
    dfn_mixer *ma = mixer(a), *mb = mixer(b);
    int different = 0;
    for (int k = 0; k < count; k++) {
        dfn_clip clip, other;
        dfn_mix(mb, 1, 0, (uint64_t)k, noisy2, target2, &other);
        dfn_mix(ma, 1, 0, (uint64_t)k, noisy, target, &clip);
        CHECK(!memcmp(target, target2, sizeof target), "target %d", k);
        different += memcmp(noisy, noisy2, sizeof noisy) != 0;
        look(&clip);
    }
    dfn_mixer_free(ma);
    dfn_mixer_free(mb);
    return different;
}

static int seen[8];

static void see_faults(const dfn_clip *clip)
{
    const int changed = memcmp(noisy, noisy2, sizeof noisy) != 0;
    CHECK(changed == (clip->faults != 0), "faults %u, changed %d", clip->faults, changed);
    for (int k = 0; k < 3; k++)
        seen[k] += clip->faults >> k & 1;
    if (clip->faults == DFN_FAULT_DC)
        for (int i = 0; i < SAMPLES; i++)
            CHECK(fabsf(noisy[i] - noisy2[i] - 0.01f) <= 1e-7f, "%d", i);
}

static void faults(void)
{
    dfn_mix_config none = quiet(), c = none;
    c.p_clip = 0.3;
    c.p_dropout = 0.2;
    c.p_dc = 0.4;
    c.clip_share = (dfn_range){0.2, 0.8};
    c.dc = (dfn_range){0.01, 0.01};
    const int changed = differ(&c, &none, MANY, see_faults);
    check_share("clipped", seen[0], MANY, 0.3);
    check_share("lost", seen[1], MANY, 0.2);
    check_share("shifted", seen[2], MANY, 0.4);
    check_share("any", changed, MANY, 1 - 0.7 * 0.8 * 0.6);
}

/* The intruder is what the mixture has more; its active level is as far below the target's
 * as drawn: it is measured here over everything, and half of that may be pauses. */
static void see_intruder(const dfn_clip *clip)
{
    seen[3] += clip->intruder;
    if (!clip->intruder)
        return;
    for (int i = 0; i < SAMPLES; i++)
        noisy[i] -= noisy2[i];
    const double db = clip->level_db - 10 * log10(power(noisy));
    CHECK(db > 12 - 0.1 && db < 12 + 6, "%g dB below", db);
}

static void intruders(void)
{
    dfn_mix_config none = quiet(), c = none;
    c.p_intruder = 0.4;
    c.intruder_db = (dfn_range){12, 12};
    const int changed = differ(&c, &none, MANY, see_intruder);
    check_share("intruders", changed, MANY, 0.4);
    CHECK(seen[3] == changed, "%d, %d", seen[3], changed);
}

static void see_babble(const dfn_clip *clip)
{
    seen[4] += clip->talkers > 0;
    seen[5] += clip->talkers > 0 && !clip->noises;
    seen[6] += clip->talkers == 2;
    CHECK(!clip->talkers || (clip->talkers >= 2 && clip->talkers <= 4), "%d talkers",
          clip->talkers);
}

static void babble(void)
{
    dfn_mix_config none = quiet(), c = none;
    c.p_babble = 0.5;
    c.p_babble_alone = 0.4;
    c.talkers = (dfn_range){2, 4};
    const int changed = differ(&c, &none, MANY, see_babble);
    check_share("babble", changed, MANY, 0.5);
    CHECK(seen[4] == changed, "%d, %d", seen[4], changed);
    check_share("alone", seen[5], seen[4], 0.4);
    check_share("two", seen[6], seen[4], 1. / 3);
}

static void see_nothing(const dfn_clip *clip) { (void)clip; }

/* What else changes noise leaves the target alone. */
static void others(void)
{
    dfn_mix_config none = quiet();
    static const size_t at[] = {
        offsetof(dfn_mix_config, p_coloured),    offsetof(dfn_mix_config, p_hum),
        offsetof(dfn_mix_config, p_clicks),      offsetof(dfn_mix_config, p_noise_eq),
        offsetof(dfn_mix_config, p_noise_speed), offsetof(dfn_mix_config, p_noise_clip)};
    for (int i = 0; i < 6; i++) {
        const double p = 1;
        dfn_mix_config c = none;
        memcpy((char *)&c + at[i], &p, sizeof p);
        c.noises[1] = c.noises[2] = c.noises[3] = none.noises[1] = none.noises[2] =
            none.noises[3] = 0;
        CHECK(differ(&c, &none, 20, see_nothing) == 20, "%d", i);
    }
}

/* Colour and speed of the speech change both signals alike: without noise they stay equal.
 */
static void speech_parts(void)
{
    dfn_mix_config c = quiet();
    c.p_speech_eq = c.p_speed = c.p_clean_only = 1;
    int moved = 0;
    dfn_mixer *m = mixer(&c);
    for (int k = 0; k < 20; k++) {
        dfn_clip clip;
        dfn_mix(m, 1, 0, (uint64_t)k, noisy, target, &clip);
        moved += clip.bandwidth_hz > 0 && fmod(clip.bandwidth_hz, 1000) > 0;
        CHECK(!memcmp(noisy, target, sizeof noisy) && power(target) > 1e-7, "%d", k);
        const double hz = clip.bandwidth_hz; /* moves with the speed */
        CHECK(!(hz > 0) || fabs(hz / 8000 - 1) <= 0.101 || fabs(hz / 14000 - 1) <= 0.101 ||
                  (hz > 18000 && hz < 20000),
              "%g Hz", hz);
    }
    CHECK(moved > 5, "the band stays where it was");
    dfn_mixer_free(m);
}

int main(void)
{
    fill();
    narrow();
    codec();
    faults();
    intruders();
    babble();
    alone();
    others();
    speech_parts();
    return check_report();
}
