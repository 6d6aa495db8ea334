/* noise.c - recordings of noise, looped where they are short, other talkers, and noises
 * that need no recording. */
#include "data/fault.h"
#include "data/filter.h"
#include "data/level.h"
#include "data/mixer.h"

#include <math.h>
#include <string.h>

enum { FADE = 1440 }; /* 30 ms, from the end of a loop into its beginning */

/* x[n] from sample `at` of a sound, over and over. At the seam the last `fade` samples pass
 * into the first ones, so a round is `count - fade` long. Powers add up to one, as signals
 * that have nothing to do with each other need it. */
static void loop(const dfn_sound *s, size_t at, float *x, size_t n)
{
    const size_t fade = s->count / 4 < FADE ? s->count / 4 : FADE;
    const size_t round = s->count - fade;
    for (size_t done = 0; done < n;) {
        const size_t left = round - at, count = left < n - done ? left : n - done;
        float *y = x + done;
        dfn_sound_read(s, at, count, y);
        for (size_t i = at; i < fade && i - at < count; i++) {
            float tail;
            const float w = (float)(i + 1) / (float)(fade + 1);
            dfn_sound_read(s, round + i, 1, &tail);
            y[i - at] = sqrtf(w) * y[i - at] + sqrtf(1 - w) * tail;
        }
        done += count;
        at = 0;
    }
}

/* n samples of a recording from anywhere in it. */
static void read_any(const dfn_sound *s, dfn_philox *r, float *x, size_t n)
{
    const size_t fade = s->count / 4 < FADE ? s->count / 4 : FADE;
    if (s->count >= n)
        dfn_sound_read(s, dfn_philox_below(r, s->count - n + 1), n, x);
    else
        loop(s, dfn_philox_below(r, s->count - fade), x, n);
}

/* m->part at a power of 1, at a level against other parts, to the noise. False if silent.
 */
static bool add_part(dfn_mixer *m, double db)
{
    const double power = dfn_power(m->part, m->samples);
    if (!(power > 1e-12))
        return false;
    dfn_add_scaled(m->noise, m->part, m->samples, (float)(dfn_gain(db) / sqrt(power)));
    return true;
}

static void read_noise(dfn_mixer *m, const dfn_sound *s, dfn_philox *r)
{
    const dfn_mix_config *c = m->config;
    const int step = dfn_mix_draw_speed(c, r, c->p_noise_speed);
    if (step == DFN_RESAMPLE_ONE) {
        read_any(s, r, m->part, m->samples);
    } else {
        read_any(s, r, m->raw, dfn_resample_need(m->samples, step));
        dfn_resample(&m->resampler, step, m->raw, m->part, m->samples);
    }
    if (dfn_philox_chance(r, c->p_noise_eq)) {
        dfn_biquad filters[DFN_FILTERS];
        dfn_filter_draw(filters, r, c->eq_db);
        dfn_filter_run(filters, m->part, m->samples);
    }
    if (dfn_philox_chance(r, c->p_noise_clip))
        dfn_fault_clip(m->part, m->samples, dfn_mix_draw(r, c->clip_share), 0);
}

static int draw_count(const dfn_mix_config *c, dfn_philox *r)
{
    double sum = 0, at = 0;
    for (int i = 0; i < 4; i++)
        sum += c->noises[i];
    const double u = sum * dfn_philox_unit(r);
    for (int i = 0; i < 3; i++) {
        at += c->noises[i];
        if (u < at)
            return i + 1;
    }
    return 4;
}

static void add_recordings(dfn_mixer *m, dfn_philox *r, dfn_clip *clip)
{
    const size_t total = (size_t)dfn_sounds_count(m->sounds, DFN_NOISE, m->split);
    const int count = draw_count(m->config, r);
    for (int i = 0; i < count; i++) {
        const int which = (int)dfn_philox_below(r, total);
        const double db = dfn_mix_draw(r, m->config->noise_db);
        const dfn_sound *s = dfn_sounds_get(m->sounds, DFN_NOISE, m->split, which);
        if (!s->count)
            continue;
        read_noise(m, s, r);
        clip->noises += add_part(m, db);
    }
}

static void add_synthetic(dfn_mixer *m, dfn_philox *r)
{
    const dfn_mix_config *c = m->config;
    const int coloured = dfn_philox_chance(r, c->p_coloured);
    const int hum = dfn_philox_chance(r, c->p_hum);
    const int clicks = dfn_philox_chance(r, c->p_clicks);
    if (coloured) {
        dfn_synth_coloured(m->synth, r, dfn_mix_draw(r, c->beta), m->part, m->samples);
        add_part(m, dfn_mix_draw(r, c->noise_db));
    }
    if (hum) { /* mains keep their frequency to 0.2 % */
        const double hz = (dfn_philox_chance(r, 0.5) ? 50 : 60);
        dfn_synth_hum(r, hz * dfn_philox_uniform(r, 0.998, 1.002), m->part, m->samples);
        add_part(m, dfn_mix_draw(r, c->noise_db));
    }
    if (clicks) {
        dfn_synth_clicks(r, dfn_mix_draw(r, c->clicks), m->part, m->samples);
        add_part(m, dfn_mix_draw(r, c->noise_db));
    }
}

bool dfn_mix_other_talker(dfn_mixer *m, dfn_philox *r, int voice, float *x)
{
    for (int tries = 0; tries < 8; tries++) {
        const int other = dfn_mix_draw_voice(m, r);
        if (voice >= 0 && !dfn_voices_differ(&m->voices, voice, other))
            continue;
        dfn_mix_talk(m, r, other, x);
        return true;
    }
    return false;
}

static void add_babble(dfn_mixer *m, dfn_philox *r, int voice, dfn_clip *clip)
{
    const dfn_mix_config *c = m->config;
    const int least = (int)c->talkers.min, most = (int)c->talkers.max;
    const int count = least + (int)dfn_philox_below(r, (size_t)(most - least + 1));
    memset(m->part, 0, m->samples * sizeof *m->part);
    for (int i = 0; i < count; i++) {
        const double db = dfn_philox_uniform(r, -6, 0); /* nearer and farther ones */
        if (!dfn_mix_other_talker(m, r, voice, m->talk))
            continue;
        dfn_add_scaled(m->part, m->talk, m->samples, (float)dfn_gain(db));
        clip->talkers++;
    }
    if (!add_part(m, dfn_mix_draw(r, c->noise_db)))
        clip->talkers = 0;
}

void dfn_mix_noise(dfn_mixer *m, const dfn_philox *start, int voice, dfn_clip *clip)
{
    const dfn_mix_config *c = m->config;
    dfn_philox r = dfn_philox_stream(start, DFN_MIX_TALKERS);
    const int babble = dfn_philox_chance(&r, c->p_babble);
    const int alone = dfn_philox_chance(&r, c->p_babble_alone);
    memset(m->noise, 0, m->samples * sizeof *m->noise);
    if (babble)
        add_babble(m, &r, voice, clip);
    r = dfn_philox_stream(start, DFN_MIX_NOISE);
    if (!clip->talkers || !alone)
        add_recordings(m, &r, clip);
    r = dfn_philox_stream(start, DFN_MIX_SYNTH);
    add_synthetic(m, &r);
}
