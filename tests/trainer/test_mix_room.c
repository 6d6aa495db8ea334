/* Rooms: the made ones sound as they should, and what the target holds of them. */
#include "check.h"
#include "data/image.h"
#include "data/mix_config.h"
#include "draws.h"
#include "fake_sounds.h"

#include <stdlib.h>
#include <string.h>

enum { RATE = 48000, SPEECH = 60000, SAMPLES = 48000, TAPS = 12000, MANY = 300 };
enum { PEAK = 48, EARLY_ECHO = PEAK + 2250, LATE_ECHO = PEAK + 2550 };

static int16_t speech[SPEECH], noise[SPEECH], response[TAPS];
static float noisy[SAMPLES], target[SAMPLES], dry[SAMPLES];
static dfn_sounds sounds;

/* A recorded response: something ahead of the direct sound, an echo in the early part, 47
 * ms late, and one behind it, at 53 ms. */
static void fill(void)
{
    fake_speech(speech, SPEECH, 0.5, 1);
    fake_noise(noise, SPEECH, 0.5, 2);
    response[PEAK - 10] = 1000;
    response[PEAK] = 20000;
    response[EARLY_ECHO] = -6000;
    response[LATE_ECHO] = 5000;
    fake_add(&sounds, DFN_SPEECH, DFN_TRAIN_SPLIT, speech, SPEECH, "anna");
    fake_add(&sounds, DFN_NOISE, DFN_TRAIN_SPLIT, noise, SPEECH, "");
    fake_add(&sounds, DFN_ROOM, DFN_TRAIN_SPLIT, response, TAPS, "");
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

static dfn_mix_config clean(void)
{
    dfn_mix_config c = fake_plain();
    c.level_db = (dfn_range){-50, -40};
    c.p_clean_only = 1;
    return c;
}

static double at(const float *x, int i) { return i >= 0 && i < SAMPLES ? (double)x[i] : 0; }

/* Both signals are the dry speech with the echoes that belong to them, and one gain. */
static void recorded(void)
{
    dfn_mix_config inside = clean(), outside = clean();
    inside.p_room = inside.p_recorded = 1;
    outside.p_room = 0;
    dfn_mixer *room = mixer(&inside), *open = mixer(&outside);
    for (int k = 0; k < 5; k++) {
        dfn_clip in, out;
        dfn_mix(open, 1, 0, k, noisy, dry, &out);
        dfn_mix(room, 1, 0, k, noisy, target, &in);
        const double gain = pow(10, (in.gain_db - out.gain_db) / 20);
        double worst_target = 0, worst_noisy = 0, top = 0;
        for (int i = 0; i < SAMPLES - PEAK; i++) {
            const double early = gain * (0.05 * at(dry, i + 10) + at(dry, i) -
                                         0.3 * at(dry, i - (EARLY_ECHO - PEAK)));
            const double late = gain * 0.25 * at(dry, i - (LATE_ECHO - PEAK));
            worst_target = check_worse(fabs(early - at(target, i)), worst_target);
            worst_noisy = check_worse(fabs(early + late - at(noisy, i)), worst_noisy);
            top = check_worse(fabs(early), top);
        }
        /* transforms in floats, see test_conv.c; gains in floats */
        CHECK(worst_target <= 2e-6 * top, "%d: target %g of %g", k, worst_target, top);
        CHECK(worst_noisy <= 2e-6 * top, "%d: noisy %g of %g", k, worst_noisy, top);
        CHECK(in.room == inside.rooms && out.room == -1, "rooms %d, %d", in.room, out.room);
    }
    dfn_mixer_free(room);
    dfn_mixer_free(open);
}

static double correlation(int lag)
{
    double sum = 0;
    for (int i = 0; i < SAMPLES; i++)
        sum += at(target, i) * at(noisy, i + lag);
    return sum;
}

static double energy(const float *x)
{
    double sum = 0;
    for (int i = 0; i < SAMPLES; i++)
        sum += (double)x[i] * (double)x[i];
    return sum;
}

/* In made rooms: the microphone has the target at no delay, and late sound besides. What is
 * late has nothing to do with the target, so energies add up but for chance: speech of half
 * a second in bursts of noise makes that 10 %. */
static void made(void)
{
    dfn_mix_config c = clean();
    c.p_room = 1;
    c.p_recorded = 0;
    c.rooms = 8;
    dfn_mixer *m = mixer(&c);
    for (int k = 0; k < 8; k++) {
        dfn_clip clip;
        dfn_mix(m, 1, 0, k, noisy, target, &clip);
        int best = -300;
        for (int lag = -300; lag <= 300; lag++)
            best = correlation(lag) > correlation(best) ? lag : best;
        const double both = energy(noisy), ours = energy(target);
        for (int i = 0; i < SAMPLES; i++)
            noisy[i] -= target[i];
        const double late = energy(noisy);
        CHECK(!best, "%d: lag %d", k, best);
        CHECK(fabs(both / (ours + late) - 1) <= 0.1, "%d: %g = %g + %g", k, both, ours,
              late);
        CHECK(late > 1e-5 * ours && clip.t60 >= c.room_t60_s.min, "%d: late %g of %g", k,
              late, ours);
    }
    dfn_mixer_free(m);
}

static void shares(void)
{
    int rooms = 0, measured = 0, first = 0;
    dfn_mix_config c = clean();
    c.p_room = 0.6;
    c.p_recorded = 0.3;
    c.rooms = 4;
    dfn_mixer *m = mixer(&c), *other;
    CHECK(!dfn_mixer_share(&other, m, NULL), "no memory");
    for (int k = 0; k < MANY; k++) {
        dfn_clip clip;
        dfn_mix(k % 2 ? m : other, 1, 0, k, noisy, target, &clip);
        rooms += clip.room >= 0;
        measured += clip.room == 4;
        first += clip.room == 0;
        CHECK((clip.t60 > 0) == (clip.room >= 0), "t60 %g of room %d", clip.t60, clip.room);
    }
    check_share("rooms", rooms, MANY, 0.6);
    check_share("recorded", measured, MANY, 0.6 * 0.3);
    check_share("the first", first, MANY, 0.6 * 0.7 / 4);
    dfn_mixer_free(other);
    dfn_mixer_free(m);
}

/* Energy of h from `from` on. */
static double left(const float *h, int from, int n)
{
    double sum = 0;
    for (int i = from; i < n; i++)
        sum += (double)h[i] * (double)h[i];
    return sum;
}

/* A box decays by 60 dB in its T60, and its reverberant energy is what statistical room
 * acoustics gives: 4 pi c d^2 / V times T60 / 13.8 against the direct sound. One room is
 * one draw, and images are few at first: within 2 dB and 20 %. */
static void decay(double a, double b, double c, double t60)
{
    static float h[2 * RATE], work[4 * RATE];
    const dfn_shoebox s = {
        {a, b, c}, {0.4 * a, 0.3 * b, 0.55 * c}, {0.7 * a, 0.6 * b, 0.4 * c}, t60, t60};
    dfn_philox r = dfn_philox_start(1, 2, 3);
    const int n = (int)(t60 * RATE);
    dfn_shoebox_response(&s, &r, h, work, (size_t)n);
    CHECK(fabs((double)h[0] - 1) <= 0.05, "direct sound %g", (double)h[0]);
    const double total = left(h, 1, n);
    int from = 0, to = 0;
    for (int i = 0; i < n; i += 10) {
        const double db = 10 * log10(left(h, i + 1, n) / total);
        from = !from && db <= -5 ? i : from;
        to = !to && db <= -25 ? i : to;
    }
    const double found = 3. * (to - from) / RATE;
    CHECK(fabs(found / t60 - 1) <= 0.2, "T60 %g of %g", found, t60);
    const double d2 = pow(0.3 * a, 2) + pow(0.3 * b, 2) + pow(0.15 * c, 2),
                 volume = a * b * c;
    const double want = 16 * atan(1) * 343 * d2 / volume * t60 / 13.8155 *
                        exp(-13.8155 * sqrt(d2) / 343 / t60);
    CHECK(fabs(10 * log10(total / want)) <= 2, "%g x %g x %g: %g dB, not %g", a, b, c,
          10 * log10(total), 10 * log10(want));
}

int main(void)
{
    fill();
    recorded();
    made();
    shares();
    decay(5, 4, 3, 0.5);
    decay(9, 7, 3.5, 0.9);
    decay(3, 2.5, 2.4, 0.3);
    return check_report();
}
