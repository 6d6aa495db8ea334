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

void dfn_mix(dfn_mixer *m, uint64_t seed, uint64_t epoch, uint64_t index, float *noisy,
             float *target, dfn_clip *clip)
{
    const dfn_philox start = dfn_philox_start(seed, epoch, index);
    dfn_philox r = dfn_philox_stream(&start, DFN_MIX_KIND);
    *clip = (dfn_clip){.epoch = epoch, .index = index};
    const plan p = draw_plan(m, &r, clip);
    memset(target, 0, m->samples * sizeof *target);
    if (clip->speech) {
        r = dfn_philox_stream(&start, DFN_MIX_SPEECH);
        dfn_mix_speech(m, &r, target, clip);
    }
    memcpy(noisy, target, m->samples * sizeof *noisy);
    if (clip->speech)
        set_speech(m, &p, noisy, target, clip);
    if (clip->noise) {
        r = dfn_philox_stream(&start, DFN_MIX_NOISE);
        dfn_mix_noise(m, &r, clip);
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

dfn_status dfn_mixer_new(dfn_mixer **out, const dfn_sounds *sounds,
                         const dfn_mix_config *config, dfn_split split, size_t samples,
                         dfn_error *err)
{
    *out = NULL;
    dfn_status status = check(sounds, config, split, samples, err);
    if (status)
        return status;
    dfn_mixer *m = calloc(1, sizeof *m);
    if (!m)
        return dfn_fail(err, DFN_ERR_NOMEM, "mixer: out of memory");
    m->sounds = sounds;
    m->config = config;
    m->split = split;
    m->samples = samples;
    m->n_snr = dfn_mix_snr_list(config, m->snr);
    m->noise = malloc(samples * sizeof *m->noise);
    m->part = malloc(samples * sizeof *m->part);
    status = dfn_voices_make(&m->voices, sounds, split, config->wide_hz, err);
    if (!status && (!m->noise || !m->part))
        status = dfn_fail(err, DFN_ERR_NOMEM, "mixer: out of memory");
    if (status)
        dfn_mixer_free(m);
    else
        *out = m;
    return status;
}

void dfn_mixer_free(dfn_mixer *m)
{
    if (!m)
        return;
    dfn_voices_free(&m->voices);
    free(m->noise);
    free(m->part);
    free(m);
}
