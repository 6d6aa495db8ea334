#include "data/mix.h"

#include "data/fault.h"
#include "data/level.h"
#include "data/mixer.h"

#include <math.h>
#include <string.h>

static const float ceiling = 0.99f; /* of a finished example: room for rounding */

double dfn_mix_draw(dfn_philox *r, dfn_range range)
{
    return dfn_philox_uniform(r, range.min, range.max);
}

int dfn_mix_draw_speed(const dfn_mix_config *c, dfn_philox *r, double p)
{
    const int other = dfn_philox_chance(r, p);
    const double speed = dfn_mix_draw(r, c->speed);
    return other ? (int)lround(speed * DFN_RESAMPLE_ONE) : DFN_RESAMPLE_ONE;
}

static double draw_snr(const dfn_mixer *m, dfn_philox *r)
{
    const dfn_mix_config *c = m->config;
    const int outer = dfn_philox_chance(r, c->p_snr_outer);
    if (m->n_snr)
        return m->snr[dfn_philox_below(r, (size_t)m->n_snr)];
    return dfn_mix_draw(r, outer ? c->snr_outer_db : c->snr_db);
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
    const plan p = {dfn_mix_draw(r, c->level_db), draw_snr(m, r),
                    dfn_mix_draw(r, c->noise_only_db)};
    return p;
}

/* Give the speech its level; silence is no speech. */
static void set_speech(const dfn_mixer *m, const plan *p, float *noisy, float *target,
                       dfn_clip *clip)
{
    const double power = dfn_active_power(target, m->samples);
    clip->speech = power > 1e-12;
    if (!clip->speech) {
        clip->bandwidth_hz = clip->limited ? clip->bandwidth_hz : 0;
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

/* From the noise's place in the room. */
static void place_noise(dfn_mixer *m, const dfn_room *room, float *x)
{
    if (!room)
        return;
    dfn_conv_signal(m->conv, x, m->samples, room->noise_lead);
    dfn_conv_apply(m->conv, &room->noise, x);
}

/* Decides where the band of this example ends. */
static void draw_limit(dfn_mixer *m, dfn_philox *r, dfn_clip *clip)
{
    const dfn_mix_config *c = m->config;
    float taps[DFN_LIMIT_TAPS];
    const int narrow = dfn_philox_chance(r, c->p_narrow);
    const int codec = dfn_philox_chance(r, c->p_codec);
    const double hz = dfn_mix_draw(r, c->codec_hz), top = clip->bandwidth_hz;
    clip->limited = codec || (narrow && top > 0 && top < c->wide_hz);
    if (!clip->limited)
        return;
    clip->bandwidth_hz = codec && (top <= 0 || hz < top) ? hz : top;
    dfn_limit_design(fmax(clip->bandwidth_hz, 1000), taps);
    dfn_response_set(&m->limit, m->conv, taps, DFN_LIMIT_TAPS);
}

static void limit(dfn_mixer *m, const dfn_clip *clip, float *x)
{
    if (!clip->limited)
        return;
    dfn_conv_signal(m->conv, x, m->samples, DFN_LIMIT_TAPS / 2);
    dfn_conv_apply(m->conv, &m->limit, x);
}

static void add_intruder(dfn_mixer *m, dfn_philox *r, int voice, const dfn_room *room,
                         float *noisy, dfn_clip *clip)
{
    const dfn_mix_config *c = m->config;
    if (!dfn_philox_chance(r, c->p_intruder) || !clip->speech || !clip->noise)
        return;
    const double db = clip->level_db - dfn_mix_draw(r, c->intruder_db);
    if (!dfn_mix_other_talker(m, r, voice, m->part))
        return;
    place_noise(m, room, m->part);
    limit(m, clip, m->part);
    const double power = dfn_active_power(m->part, m->samples);
    clip->intruder = power > 1e-12;
    if (clip->intruder)
        dfn_add_scaled(noisy, m->part, m->samples, (float)(dfn_gain(db) / sqrt(power)));
}

static void add_faults(const dfn_mixer *m, dfn_philox *r, float *noisy, dfn_clip *clip)
{
    const dfn_mix_config *c = m->config;
    const int cut = dfn_philox_chance(r, c->p_clip),
              soft = dfn_philox_chance(r, c->p_soft_clip);
    const int lost = dfn_philox_chance(r, c->p_dropout), dc = dfn_philox_chance(r, c->p_dc);
    const double share = dfn_mix_draw(r, c->clip_share),
                 gone = dfn_mix_draw(r, c->dropout_share);
    const float offset = (float)dfn_mix_draw(r, c->dc);
    if (cut)
        dfn_fault_clip(noisy, m->samples, share, soft);
    for (size_t i = 0; dc && i < m->samples; i++)
        noisy[i] += offset;
    if (lost)
        dfn_fault_dropout(r, noisy, m->samples, gone);
    clip->faults = (cut ? DFN_FAULT_CLIP : 0) | (lost ? DFN_FAULT_DROPOUT : 0) |
                   (dc ? DFN_FAULT_DC : 0);
}

/* Returns whose voice it is. */
static int mix_speech(dfn_mixer *m, const dfn_philox *start, float *target, dfn_clip *clip)
{
    dfn_philox r = dfn_philox_stream(start, DFN_MIX_SPEECH);
    const int voice = dfn_mix_draw_voice(m, &r);
    clip->bandwidth_hz = dfn_mix_talk(m, &r, voice, target);
    return voice;
}

void dfn_mix(dfn_mixer *m, uint64_t seed, uint64_t epoch, uint64_t index, float *noisy,
             float *target, dfn_clip *clip)
{
    const dfn_philox start = dfn_philox_start(seed, epoch, index);
    dfn_philox r = dfn_philox_stream(&start, DFN_MIX_KIND);
    *clip = (dfn_clip){.epoch = epoch, .index = index, .room = -1};
    const plan p = draw_plan(m, &r, clip);
    r = dfn_philox_stream(&start, DFN_MIX_ROOM);
    const dfn_room *room = draw_room(m, &r, clip);
    const dfn_room *noise_room =
        dfn_philox_chance(&r, m->config->p_room_noise) ? room : NULL;
    const int voice = clip->speech ? mix_speech(m, &start, target, clip) : -1;
    r = dfn_philox_stream(&start, DFN_MIX_BAND);
    draw_limit(m, &r, clip);
    if (clip->speech) {
        limit(m, clip, target);
        place_speech(m, room, noisy, target);
        set_speech(m, &p, noisy, target, clip);
    } else {
        memset(noisy, 0, m->samples * sizeof *noisy);
        memset(target, 0, m->samples * sizeof *target);
    }
    if (clip->noise) {
        dfn_mix_noise(m, &start, voice, clip);
        place_noise(m, noise_room, m->noise);
        limit(m, clip, m->noise);
        add_noise(m, &p, noisy, clip);
        r = dfn_philox_stream(&start, DFN_MIX_INTRUDER);
        add_intruder(m, &r, voice, noise_room, noisy, clip);
    }
    r = dfn_philox_stream(&start, DFN_MIX_FAULT);
    add_faults(m, &r, noisy, clip);
    guard(m, noisy, target, clip);
}
