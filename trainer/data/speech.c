/* speech.c - recordings of one speaker, one after the other, until the example is full. */
#include "data/level.h"
#include "data/mixer.h"

#include <math.h>
#include <string.h>

enum { FADE = 240 }; /* 5 ms, where a recording is cut */

static size_t draw_gap(const dfn_mix_config *c, dfn_philox *r)
{
    const int pause = dfn_philox_chance(r, c->p_pause);
    const dfn_range *s = pause ? &c->pause_s : &c->gap_s;
    return (size_t)(DFN_RATE * dfn_philox_uniform(r, s->min, s->max));
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

/* A crop of at most `room` samples at a level of 0 dB and `db` more. Returns its length. */
static size_t put(const dfn_sound *s, dfn_philox *r, double db, float *x, size_t room)
{
    const size_t n = s->count < room ? s->count : room;
    const size_t start = dfn_philox_below(r, s->count - n + 1);
    dfn_sound_read(s, start, n, x);
    if (n > 2 * FADE) {
        fade_in(x, start ? FADE : 0);
        fade_out(x + n - FADE, start + n < s->count ? FADE : 0);
    }
    const double power = dfn_active_power(x, n);
    dfn_scale(x, n, power > 1e-12 ? (float)(dfn_gain(db) / sqrt(power)) : 0);
    return n;
}

static int draw_voice(const dfn_voices *v, const dfn_mix_config *c, dfn_philox *r)
{
    const int narrow = v->count - v->wide;
    const int wide = dfn_philox_chance(r, c->p_wide);
    if (!v->wide || !narrow || c->wide_hz <= 0)
        return (int)dfn_philox_below(r, (size_t)v->count);
    return wide ? (int)dfn_philox_below(r, (size_t)v->wide)
                : v->wide + (int)dfn_philox_below(r, (size_t)narrow);
}

void dfn_mix_speech(dfn_mixer *m, dfn_philox *r, float *x, dfn_clip *clip)
{
    const dfn_voices *v = &m->voices;
    const dfn_mix_config *c = m->config;
    const int voice = draw_voice(v, c, r);
    memset(x, 0, m->samples * sizeof *x);
    size_t at = draw_gap(c, r);
    at = at < m->samples / 4 ? at : m->samples / 4; /* a pause must not be all there is */
    /* A sound of no samples must not keep us here for ever. */
    for (int tries = 64; at < m->samples && tries > 0; tries--) {
        const size_t choices = (size_t)(v->end[voice] - v->first[voice]);
        const dfn_sound *s = v->order[v->first[voice] + (int)dfn_philox_below(r, choices)];
        const double db = dfn_philox_uniform(r, c->spread_db.min, c->spread_db.max);
        const double top =
            s->bandwidth_hz > 0 && s->bandwidth_hz < c->full_hz ? s->bandwidth_hz : 0;
        at += put(s, r, db, x + at, m->samples - at) + draw_gap(c, r);
        if (top > 0 && (clip->bandwidth_hz <= 0 || top < clip->bandwidth_hz))
            clip->bandwidth_hz = top;
    }
}
