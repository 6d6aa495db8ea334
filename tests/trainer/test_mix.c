/* Examples: what is drawn, how it is spread, and that the signals are what the description
 * says. */
#include "check.h"
#include "data/mix_config.h"
#include "draws.h"
#include "fake_sounds.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SPEECH = 96000, NOISE = 30000, SAMPLES = 36000, MANY = 500 };

static int16_t speech[4][SPEECH], noise[3][NOISE];
static float noisy[SAMPLES], target[SAMPLES];

static void fill(dfn_sounds *s)
{
    static const char *const names[] = {"anna", "ben", "ben", ""};
    memset(s, 0, sizeof *s);
    for (int i = 0; i < 4; i++) {
        fake_speech(speech[i], SPEECH, 0.1 + 0.2 * i, 100 + i);
        fake_add(s, DFN_SPEECH, DFN_TRAIN_SPLIT, speech[i], SPEECH, names[i]);
    }
    for (int i = 0; i < 3; i++) {
        fake_noise(noise[i], NOISE, 0.1 + 0.3 * i, 200 + i);
        fake_add(s, DFN_NOISE, DFN_TRAIN_SPLIT, noise[i], NOISE - 100 * i, "");
    }
}

static dfn_mixer *mixer(const dfn_sounds *s, const dfn_mix_config *c, size_t samples)
{
    dfn_error err = {0};
    dfn_mixer *m;
    CHECK(!dfn_mixer_new(&m, s, c, DFN_TRAIN_SPLIT, samples, &err), "%s", err.text);
    if (!m)
        exit(1);
    return m;
}

/* Speech and noise only: what the description says can be measured exactly. */
static dfn_mix_config plain(void)
{
    dfn_mix_config c = fake_plain();
    c.snr_db = (dfn_range){-5, 25};
    c.level_db = (dfn_range){-60, -40};
    return c;
}

/* Active speech as data/README of the evaluation set says: frames within 40 dB of the
 * loudest. */
static double active_db(const float *x, int n)
{
    double power[SAMPLES / 960 + 1] = {0}, top = 0, sum = 0;
    int count = 0;
    for (int i = 0; i < n; i++)
        power[i / 960] += (double)x[i] * (double)x[i] / 960;
    for (int i = 0; i <= n / 960; i++)
        top = fmax(top, power[i]);
    for (int i = 0; i <= n / 960; i++)
        if (power[i] >= 1e-4 * top && top > 0) {
            sum += power[i];
            count++;
        }
    return 10 * log10(sum / count);
}

static double rest_db(void)
{
    double sum = 0;
    for (int i = 0; i < SAMPLES; i++)
        sum += pow((double)noisy[i] - (double)target[i], 2);
    return 10 * log10(sum / SAMPLES);
}

static void spread(const dfn_sounds *s)
{
    static double snr[MANY], level[MANY];
    int noises[5] = {0};
    const dfn_mix_config c = plain();
    dfn_mixer *m = mixer(s, &c, SAMPLES);
    for (int i = 0; i < MANY; i++) {
        dfn_clip clip;
        dfn_mix(m, 7, 1, i, noisy, target, &clip);
        level[i] = active_db(target, SAMPLES);
        snr[i] = level[i] - rest_db();
        CHECK(clip.speech && clip.noise, "%d", i);
        noises[clip.noises]++;
        /* floats: a difference of signals 25 dB apart is good to 1e-5 */
        CHECK(fabs(level[i] - clip.level_db) <= 1e-3, "%g, not %g", level[i],
              clip.level_db);
        CHECK(fabs(snr[i] - clip.snr_db) <= 1e-3, "%g, not %g", snr[i], clip.snr_db);
    }
    check_uniform("SNR", snr, MANY, c.snr_db.min, c.snr_db.max);
    check_uniform("level", level, MANY, c.level_db.min, c.level_db.max);
    for (int i = 0; i < 4; i++)
        check_share("noises", noises[i + 1], MANY, c.noises[i]);
    dfn_mixer_free(m);
}

static void kinds(const dfn_sounds *s)
{
    int only_noise = 0, clean = 0;
    dfn_mix_config c = plain();
    c.p_noise_only = 0.2;
    c.p_clean_only = 0.3;
    dfn_mixer *m = mixer(s, &c, SAMPLES);
    for (int i = 0; i < MANY; i++) {
        dfn_clip clip;
        dfn_mix(m, 8, 0, i, noisy, target, &clip);
        bool zero = true, same = true;
        for (int j = 0; j < SAMPLES; j++) {
            zero &= target[j] == 0;
            same &= noisy[j] == target[j];
        }
        CHECK(clip.speech != zero, "%d: speech %d", i, clip.speech);
        CHECK(clip.noise != same, "%d: noise %d", i, clip.noise);
        only_noise += !clip.speech;
        clean += !clip.noise;
    }
    check_share("noise only", only_noise, MANY, 0.2);
    check_share("clean only", clean, MANY, 0.3);
    dfn_mixer_free(m);
}

static void list(const dfn_sounds *s)
{
    dfn_mix_config c = plain();
    int count[3] = {0};
    strcpy(c.snr_list, " -5, 0,20");
    dfn_mixer *m = mixer(s, &c, 2400);
    for (int i = 0; i < MANY; i++) {
        dfn_clip clip;
        dfn_mix(m, 8, 0, i, noisy, target, &clip);
        if (!clip.speech)
            continue;
        const int k = clip.snr_db == -5 ? 0 : clip.snr_db == 0 ? 1 : 2;
        CHECK(k < 2 || clip.snr_db == 20, "%g", clip.snr_db);
        count[k]++;
    }
    for (int k = 0; k < 3; k++)
        check_share("of a list", count[k], count[0] + count[1] + count[2], 1. / 3);
    dfn_mixer_free(m);
}

/* An example depends on its name only: not on the mixer, nor on what it made before. */
static void same(const dfn_sounds *s)
{
    static float noisy2[SAMPLES], target2[SAMPLES];
    const dfn_mix_config c = dfn_mix_defaults();
    dfn_mixer *a = mixer(s, &c, SAMPLES), *b = mixer(s, &c, SAMPLES);
    dfn_clip clip, clip2;
    for (int i = 0; i < 40; i++) {
        dfn_mix(a, 5, 3, i, noisy, target, &clip);
        dfn_mix(b, 5, 3, 39 - i, noisy2, target2, &clip2);
        dfn_mix(b, 5, 3, i, noisy2, target2, &clip2);
        CHECK(!memcmp(noisy, noisy2, sizeof noisy), "%d: noisy", i);
        CHECK(!memcmp(target, target2, sizeof target), "%d: target", i);
        CHECK(clip.snr_db == clip2.snr_db && clip.index == clip2.index, "%d: clip", i);
    }
    dfn_mix(a, 5, 4, 39, noisy, target, &clip);
    CHECK(memcmp(noisy, noisy2, sizeof noisy), "epochs are alike");
    dfn_mixer_free(a);
    dfn_mixer_free(b);
}

typedef struct job {
    dfn_mixer *mixer;
    int first;
    float sum[16]; /* of each example */
} job;

static void *work(void *user)
{
    enum { SHORT = 9000 };
    job *j = user;
    float *x = malloc(2 * SHORT * sizeof *x);
    for (int k = 0; k < 16; k++) {
        dfn_clip clip;
        dfn_mix(j->mixer, 5, 3, (uint64_t)(j->first + k), x, x + SHORT, &clip);
        j->sum[k] = 0;
        for (int i = 0; i < 2 * SHORT; i++)
            j->sum[k] += x[i] * (float)(1 + i % 7);
    }
    free(x);
    return NULL;
}

/* Mixers that share rooms work at once, and make what one would make alone. */
static void threads(const dfn_sounds *s)
{
    dfn_mix_config c = dfn_mix_defaults();
    dfn_mixer *all[3];
    static job jobs[3], again[3];
    pthread_t thread[3];
    c.rooms = 4;
    all[0] = mixer(s, &c, 9000);
    for (int i = 0; i < 3; i++) {
        if (i)
            CHECK(!dfn_mixer_share(&all[i], all[0], NULL), "no memory");
        jobs[i] = (job){.mixer = all[i], .first = 16 * i};
        again[i] = (job){.mixer = all[0], .first = 16 * i};
    }
    for (int i = 0; i < 3; i++)
        CHECK(!pthread_create(&thread[i], NULL, work, &jobs[i]), "no thread");
    for (int i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < 3; i++) {
        work(&again[i]);
        CHECK(!memcmp(jobs[i].sum, again[i].sum, sizeof jobs[i].sum), "thread %d", i);
    }
    for (int i = 2; i >= 0; i--)
        dfn_mixer_free(all[i]);
}

static void check_finite(dfn_mixer *m, size_t samples, int n)
{
    for (int i = 0; i < n; i++) {
        dfn_clip clip;
        dfn_mix(m, 1, 0, i, noisy, target, &clip);
        for (size_t j = 0; j < samples; j++) /* NaN fails */
            CHECK(fabsf(noisy[j]) < 1 && fabsf(target[j]) < 1, "%d[%zu]: %g %g", i, j,
                  (double)noisy[j], (double)target[j]);
        CHECK(isfinite(clip.snr_db) && isfinite(clip.gain_db), "%d", i);
    }
}

/* Silence, sounds of one sample, of none, full scale; examples of one sample. */
static void odd_sounds(void)
{
    static const int16_t zeros[5000], one[1] = {-32768};
    static int16_t loud[5000];
    dfn_sounds s = {0};
    dfn_mix_config c = dfn_mix_defaults();
    c.level_db = (dfn_range){-3, 0};
    c.gap_s = c.pause_s = (dfn_range){0, 0};
    c.rooms = 4;
    for (int i = 0; i < 5000; i++)
        loud[i] = i / 50 % 2 ? 32767 : -32768;
    for (int kind = 0; kind < 2; kind++) {
        fake_add(&s, kind, DFN_TRAIN_SPLIT, zeros, 5000, "silent");
        fake_add(&s, kind, DFN_TRAIN_SPLIT, one, 1, "one");
        fake_add(&s, kind, DFN_TRAIN_SPLIT, one, 0, "none");
        fake_add(&s, kind, DFN_TRAIN_SPLIT, loud, 5000, "loud");
    }
    static const size_t sizes[] = {1, 2, 480, 9001};
    for (int i = 0; i < 4; i++) {
        dfn_mixer *m = mixer(&s, &c, sizes[i]);
        check_finite(m, sizes[i], 200);
        dfn_mixer_free(m);
    }
}

static void refuse(const dfn_sounds *s, dfn_mix_config c, const char *word)
{
    dfn_error err = {0};
    dfn_mixer *m;
    CHECK(dfn_mixer_new(&m, s, &c, DFN_TRAIN_SPLIT, 480, &err) == DFN_ERR_ARG, "%s", word);
    CHECK(!m && strstr(err.text, word), "%s: %s", word, err.text);
}

static void refusals(const dfn_sounds *s)
{
    dfn_mix_config c = plain();
    strcpy(c.snr_list, "5, a");
    refuse(s, c, "snr_list");
    c = plain();
    c.gap_s.min = 9;
    refuse(s, c, "gap_s_min");
    c = plain();
    memset(c.noises, 0, sizeof c.noises);
    refuse(s, c, "one_noise");
    dfn_sounds none = {0};
    refuse(&none, plain(), "speech");
}

int main(void)
{
    static dfn_sounds sounds;
    fill(&sounds);
    spread(&sounds);
    kinds(&sounds);
    list(&sounds);
    same(&sounds);
    threads(&sounds);
    odd_sounds();
    refusals(&sounds);
    return check_report();
}
