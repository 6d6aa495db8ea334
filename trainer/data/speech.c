/* speech.c - recordings of one speaker, one after the other, until the example is full. */
#include "data/filter.h"
#include "data/level.h"
#include "data/mixer.h"

#include <math.h>
#include <string.h>

enum { FADE = 240 }; /* 5 ms, where a recording is cut */

static size_t draw_gap(const dfn_mix_config *c, dfn_philox *r)
{
    const int pause = dfn_philox_chance(r, c->p_pause);
    return (size_t)(DFN_RATE * dfn_mix_draw(r, pause ? c->pause_s : c->gap_s));
}

static void fade_in(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= (float)(i + 1) / (float)(n + 1);
}

static void fade_out(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= (float)(n - i) / (float)(n + 1);
}

/* A crop of at most `room` samples at a level of `db`. Returns its length. */
static size_t put(dfn_mixer *m, const dfn_sound *s, dfn_philox *r, int step, double db,
                  float *x, size_t room)
{
    const bool plain = step == DFN_RESAMPLE_ONE;
    const size_t all = plain ? s->count : dfn_resample_give(s->count, step);
    const size_t n = all < room ? all : room, start = dfn_philox_below(r, all - n + 1);
    if (plain) {
        dfn_sound_read(s, start, n, x);
    } else {
        dfn_sound_read(s, start * (size_t)step / DFN_RESAMPLE_ONE,
                       dfn_resample_need(n, step), m->raw);
        dfn_resample(&m->resampler, step, m->raw, x, n);
    }
    dfn_remove_mean(x, n);
    if (n > 2 * FADE) {
        fade_in(x, start ? FADE : 0);
        fade_out(x + n - FADE, start + n < all ? FADE : 0);
    }
    const double power = dfn_active_power(x, n);
    dfn_scale(x, n, power > 1e-12 ? (float)(dfn_gain(db) / sqrt(power)) : 0);
    return n;
}

int dfn_mix_draw_voice(const dfn_mixer *m, dfn_philox *r)
{
    const dfn_voices *v = &m->voices;
    const int narrow = v->count - v->wide, wide = dfn_philox_chance(r, m->config->p_wide);
    if (!v->wide || !narrow || m->config->wide_hz <= 0)
        return (int)dfn_philox_below(r, (size_t)v->count);
    return wide ? (int)dfn_philox_below(r, (size_t)v->wide)
                : v->wide + (int)dfn_philox_below(r, (size_t)narrow);
}

double dfn_mix_talk(dfn_mixer *m, dfn_philox *r, int voice, float *x)
{
    const dfn_voices *v = &m->voices;
    const dfn_mix_config *c = m->config;
    const int step = dfn_mix_draw_speed(c, r, c->p_speed);
    const int coloured = dfn_philox_chance(r, c->p_speech_eq);
    double band = c->full_hz;
    dfn_biquad filters[DFN_FILTERS];
    dfn_filter_draw(filters, r, c->eq_db);
    memset(x, 0, m->samples * sizeof *x);
    size_t at = draw_gap(c, r);
    at = at < m->samples / 4 ? at : m->samples / 4; /* a pause must not be all there is */
    /* A sound of no samples must not keep us here for ever. */
    for (int tries = 64; at < m->samples && tries > 0; tries--) {
        const size_t choices = (size_t)(v->end[voice] - v->first[voice]);
        const dfn_sound *s = v->order[v->first[voice] + (int)dfn_philox_below(r, choices)];
        const double top = s->bandwidth_hz * step / DFN_RESAMPLE_ONE;
        at += put(m, s, r, step, dfn_mix_draw(r, c->spread_db), x + at, m->samples - at);
        at += draw_gap(c, r);
        band = top > 0 && top < band ? top : band;
    }
    if (coloured)
        dfn_filter_run(filters, x, m->samples);
    return band < c->full_hz ? band : 0;
}
