/* mixer.c - memory and tables of a mixer. */
#include "data/mixer.h"

#include "data/fault.h"

#include <stdlib.h>

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

/* What a mixer needs for itself. */
static dfn_status new_empty(dfn_mixer **out, const dfn_mixer *model, dfn_error *err)
{
    static const float one[DFN_LIMIT_TAPS] = {1};
    const size_t raw = dfn_resample_need(model->samples, DFN_RESAMPLE_ONE * 5 / 4);
    dfn_mixer *m = malloc(sizeof *m);
    *out = m;
    if (!m)
        return dfn_fail(err, DFN_ERR_NOMEM, "mixer: out of memory");
    *m = *model;
    m->conv = NULL;
    m->limit = (dfn_response){0};
    m->synth = dfn_synth_new();
    m->noise = malloc(m->samples * sizeof *m->noise);
    m->part = malloc(m->samples * sizeof *m->part);
    m->talk = malloc(m->samples * sizeof *m->talk);
    m->raw = malloc(raw * sizeof *m->raw);
    if (!m->synth || !m->noise || !m->part || !m->talk || !m->raw)
        return dfn_fail(err, DFN_ERR_NOMEM, "mixer: out of memory");
    const dfn_status status = dfn_conv_new(&m->conv, m->samples, err);
    return status ? status : dfn_response_new(&m->limit, m->conv, one, DFN_LIMIT_TAPS, err);
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
    dfn_resampler_init(&model.resampler);
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
    dfn_response_free(&m->limit);
    dfn_conv_free(m->conv);
    dfn_synth_free(m->synth);
    free(m->noise);
    free(m->part);
    free(m->talk);
    free(m->raw);
    free(m);
}
