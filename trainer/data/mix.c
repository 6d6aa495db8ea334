#include "data/mix.h"

#include "data/level.h"
#include "data/mixer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const float ceiling = 0.99f; /* of a finished example: room for rounding */

static double draw(dfn_philox *r, dfn_range range)
{
    return dfn_philox_uniform(r, range.min, range.max);
}

static double draw_snr(const dfn_mixer *m, dfn_philox *r)
{
    const dfn_mix_config *c = m->config;
    const int outer = dfn_philox_chance(r, c->p_snr_outer);
    if (m->n_snr)
        return m->snr[dfn_philox_below(r, (size_t)m->n_snr)];
    return draw(r, outer ? c->snr_outer_db : c->snr_db);
}

/* What an example is to be. */
typedef struct plan {
    double level_db, snr_db, noise_only_db;
} plan;

static plan draw_plan(const dfn_mixer *m, dfn_philox *r, dfn_clip *clip)
{
    const dfn_mix_config *c = m->config;
    const double kind = dfn_philox_unit(r);
    clip->speech = kind >= c->p_noise_only;
    clip->noise = !clip->speech || kind >= c->p_noise_only + c->p_clean_only;
    const plan p = {draw(r, c->level_db), draw_snr(m, r), draw(r, c->noise_only_db)};
    return p;
}

/* Give the speech its level; silence is no speech. */
static void set_speech(const dfn_mixer *m, const plan *p, float *noisy, float *target,
                       dfn_clip *clip)
{
    const double power = dfn_active_power(target, m->samples);
    clip->speech = power > 1e-12;
    if (!clip->speech) {
        clip->bandwidth_hz = 0;
        memset(noisy, 0, m->samples * sizeof *noisy);
        memset(target, 0, m->samples * sizeof *target);
        return;
    }
    clip->level_db = p->level_db;
    clip->gain_db = p->level_db - dfn_db(power);
    const float gain = (float)dfn_gain(clip->gain_db);
    dfn_scale(noisy, m->samples, gain);
    dfn_scale(target, m->samples, gain);
}

static void add_noise(const dfn_mixer *m, const plan *p, float *noisy, dfn_clip *clip)
{
    const double power = dfn_power(m->noise, m->samples);
    clip->noise = power > 1e-12;
    if (!clip->noise)
        return;
    const double db = clip->speech ? clip->level_db - p->snr_db : p->noise_only_db;
    clip->snr_db = p->snr_db;
    dfn_add_scaled(noisy, m->noise, m->samples, (float)(dfn_gain(db) / sqrt(power)));
}

/* Both down together, where one would pass full scale. */
static void guard(const dfn_mixer *m, float *noisy, float *target, dfn_clip *clip)
{
    const float a = dfn_peak(noisy, m->samples), b = dfn_peak(target, m->samples);
    const float peak = a > b ? a : b;
    if (!(peak > ceiling))
        return;
    const float gain = ceiling / peak;
    dfn_scale(noisy, m->samples, gain);
    dfn_scale(target, m->samples, gain);
    clip->gain_db += 20 * log10((double)gain);
    clip->level_db += 20 * log10((double)gain);
}

/* NULL: none. Draws the same count of numbers in any case. */
static const dfn_room *draw_room(const dfn_mixer *m, dfn_philox *r, dfn_clip *clip)
{
    const dfn_mix_config *c = m->config;
    const int wanted = dfn_philox_chance(r, c->p_room);
    const int recorded = dfn_philox_chance(r, c->p_recorded);
    const size_t made = (size_t)m->rooms.made, others = (size_t)m->rooms.count - made;
    const size_t a = dfn_philox_below(r, made ? made : 1);
    const size_t b = made + dfn_philox_below(r, others ? others : 1);
    const bool other = others && (recorded || !made);
    if (!wanted || !m->rooms.count)
        return NULL;
    clip->room = (int)(other ? b : a);
    clip->t60 = m->rooms.room[clip->room].t60;
    return &m->rooms.room[clip->room];
}

/* The speech in `target` as the microphone has it, and what of it should be left. */
static void place_speech(dfn_mixer *m, const dfn_room *room, float *noisy, float *target)
{
    if (!room) {
        memcpy(noisy, target, m->samples * sizeof *noisy);
        return;
    }
    dfn_conv_signal(m->conv, target, m->samples, room->lead);
    dfn_conv_apply(m->conv, &room->full, noisy);
    dfn_conv_apply(m->conv, &room->early, target);
}

static void place_noise(dfn_mixer *m, const dfn_room *room, dfn_philox *r)
{
    const int here = dfn_philox_chance(r, m->config->p_room_noise);
    if (!room || !here)
        return;
    dfn_conv_signal(m->conv, m->noise, m->samples, room->noise_lead);
    dfn_conv_apply(m->conv, &room->noise, m->noise);
}

void dfn_mix(dfn_mixer *m, uint64_t seed, uint64_t epoch, uint64_t index, float *noisy,
             float *target, dfn_clip *clip)
{
    const dfn_philox start = dfn_philox_start(seed, epoch, index);
    dfn_philox r = dfn_philox_stream(&start, DFN_MIX_KIND);
    dfn_philox rr = dfn_philox_stream(&start, DFN_MIX_ROOM);
    *clip = (dfn_clip){.epoch = epoch, .index = index, .room = -1};
    const plan p = draw_plan(m, &r, clip);
    const dfn_room *room = draw_room(m, &rr, clip);
    if (clip->speech) {
        r = dfn_philox_stream(&start, DFN_MIX_SPEECH);
        dfn_mix_speech(m, &r, target, clip);
        place_speech(m, room, noisy, target);
        set_speech(m, &p, noisy, target, clip);
    } else {
        memset(noisy, 0, m->samples * sizeof *noisy);
        memset(target, 0, m->samples * sizeof *target);
    }
    if (clip->noise) {
        r = dfn_philox_stream(&start, DFN_MIX_NOISE);
        dfn_mix_noise(m, &r, clip);
        place_noise(m, room, &rr);
        add_noise(m, &p, noisy, clip);
    }
    guard(m, noisy, target, clip);
}

static dfn_status check(const dfn_sounds *sounds, const dfn_mix_config *config,
                        dfn_split split, size_t samples, dfn_error *err)
{
    if (!samples)
        return dfn_fail(err, DFN_ERR_ARG, "mixer: examples of no samples");
    if (dfn_sounds_count(sounds, DFN_SPEECH, split) < 1)
        return dfn_fail(err, DFN_ERR_ARG, "mixer: no speech to %s with",
                        split == DFN_TRAIN_SPLIT ? "train" : "validate");
    if (dfn_sounds_count(sounds, DFN_NOISE, split) < 1)
        return dfn_fail(err, DFN_ERR_ARG, "mixer: no noise to %s with",
                        split == DFN_TRAIN_SPLIT ? "train" : "validate");
    return dfn_mix_check(config, err);
}

/* A mixer without voices and rooms. */
static dfn_status new_empty(dfn_mixer **out, const dfn_mixer *model, dfn_error *err)
{
    dfn_mixer *m = malloc(sizeof *m);
    *out = m;
    if (!m)
        return dfn_fail(err, DFN_ERR_NOMEM, "mixer: out of memory");
    *m = *model;
    m->conv = NULL;
    m->noise = malloc(m->samples * sizeof *m->noise);
    m->part = malloc(m->samples * sizeof *m->part);
    if (!m->noise || !m->part)
        return dfn_fail(err, DFN_ERR_NOMEM, "mixer: out of memory");
    return dfn_conv_new(&m->conv, m->samples, err);
}

static dfn_status finish(dfn_mixer **out, dfn_mixer *m, dfn_status status)
{
    if (status)
        dfn_mixer_free(m);
    *out = status ? NULL : m;
    return status;
}

dfn_status dfn_mixer_new(dfn_mixer **out, const dfn_sounds *sounds,
                         const dfn_mix_config *config, dfn_split split, size_t samples,
                         dfn_error *err)
{
    dfn_mixer *m,
        model = {.sounds = sounds, .config = config, .split = split, .samples = samples};
    *out = NULL;
    dfn_status status = check(sounds, config, split, samples, err);
    if (status)
        return status;
    model.n_snr = dfn_mix_snr_list(config, model.snr);
    status = new_empty(&m, &model, err);
    if (!status)
        status = dfn_voices_make(&m->voices, sounds, split, config->wide_hz, err);
    if (!status && config->p_room > 0)
        status = dfn_rooms_new(&m->rooms, config, sounds, split, err);
    return finish(out, m, status);
}

dfn_status dfn_mixer_share(dfn_mixer **out, const dfn_mixer *like, dfn_error *err)
{
    dfn_mixer *m, model = *like;
    model.like = like;
    const dfn_status status = new_empty(&m, &model, err);
    return finish(out, m, status);
}

void dfn_mixer_free(dfn_mixer *m)
{
    if (!m)
        return;
    if (!m->like) {
        dfn_voices_free(&m->voices);
        dfn_rooms_free(&m->rooms);
    }
    dfn_conv_free(m->conv);
    free(m->noise);
    free(m->part);
    free(m);
}
