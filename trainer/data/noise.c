/* noise.c - recordings of noise, looped where they are short. */
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

/* A recording at a power of 1. False if it is silent. */
static bool read_noise(const dfn_sound *s, dfn_philox *r, float *x, size_t n)
{
    if (!s->count)
        return false;
    if (s->count >= n) {
        dfn_sound_read(s, dfn_philox_below(r, s->count - n + 1), n, x);
    } else {
        const size_t fade = s->count / 4 < FADE ? s->count / 4 : FADE;
        loop(s, dfn_philox_below(r, s->count - fade), x, n);
    }
    const double power = dfn_power(x, n);
    if (!(power > 1e-12))
        return false;
    dfn_scale(x, n, (float)(1 / sqrt(power)));
    return true;
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

void dfn_mix_noise(dfn_mixer *m, dfn_philox *r, dfn_clip *clip)
{
    const dfn_mix_config *c = m->config;
    const size_t total = (size_t)dfn_sounds_count(m->sounds, DFN_NOISE, m->split);
    const int count = draw_count(c, r);
    memset(m->noise, 0, m->samples * sizeof *m->noise);
    for (int i = 0; i < count; i++) {
        const int which = (int)dfn_philox_below(r, total);
        const double db = dfn_philox_uniform(r, c->noise_db.min, c->noise_db.max);
        const dfn_sound *s = dfn_sounds_get(m->sounds, DFN_NOISE, m->split, which);
        if (!read_noise(s, r, m->part, m->samples))
            continue;
        dfn_add_scaled(m->noise, m->part, m->samples, (float)dfn_gain(db));
        clip->noises++;
    }
}
