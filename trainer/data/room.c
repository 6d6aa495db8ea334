#include "data/room.h"

#include "data/image.h"
#include "data/level.h"
#include "data/mixer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LONGEST = 72000, /* samples of a response: 1.5 s */
    LEAD = 240,      /* kept ahead of the direct sound of a recording: 5 ms */
    FADE = 240,      /* 5 ms, around the end of the early part */
    HEAD = 120,      /* taken from a recording to make it one of the noise: 2.5 ms */
};
static const double wall_m = 0.3, cut = 1e-6; /* cut: energy left where a response ends */

/* Memory to make one room with. */
typedef struct bench {
    dfn_conv *conv;
    float *h, *work; /* [LONGEST], [2 LONGEST] */
    double early_s;
} bench;

/* Samples up to where only 60 dB less than everything is left. */
static size_t trimmed(const float *h, size_t n)
{
    double total = dfn_power(h, n) * (double)n, left = 0;
    while (n > 1 && (left += (double)h[n - 1] * (double)h[n - 1]) <= cut * total)
        n--;
    return n;
}

/* Full response and its early part. */
static dfn_status add_speech(bench *b, dfn_room *room, size_t n, dfn_error *err)
{
    n = trimmed(b->h, n);
    dfn_status status = dfn_response_new(&room->full, b->conv, b->h, n, err);
    const size_t middle = room->lead + (size_t)(b->early_s * DFN_RATE);
    const size_t start = middle > FADE / 2 ? middle - FADE / 2 : 0;
    for (size_t i = 0; start + i < n; i++)
        b->h[start + i] *=
            i < FADE
                ? (float)(0.5 + 0.5 * cos(3.14159265358979 * (double)(i + 1) / (FADE + 1)))
                : 0;
    n = n < start + FADE ? n : start + FADE;
    return status ? status : dfn_response_new(&room->early, b->conv, b->h, n, err);
}

static double between(dfn_philox *r, dfn_range range)
{
    return dfn_philox_uniform(r, range.min, range.max);
}

/* A place at least `wall_m` from every wall, between `near` and `far` from the microphone
 * if a few tries find one. */
static void place(const dfn_shoebox *s, dfn_philox *r, double near, double far, double *at)
{
    for (int tries = 0; tries < 50; tries++) {
        double d = 0;
        for (int i = 0; i < 3; i++) {
            at[i] = dfn_philox_uniform(r, wall_m, s->size[i] - wall_m);
            d += pow(at[i] - s->microphone[i], 2);
        }
        if (d >= near * near && d <= far * far)
            return;
    }
    for (int i = 0; i < 3; i++) /* half way to the farther wall is far enough */
        at[i] = s->microphone[i] +
                (s->microphone[i] < s->size[i] / 2 ? 0.4 : -0.4) * wall_m * (i + 1);
}

static dfn_status make_room(bench *b, const dfn_mix_config *c, dfn_philox *r,
                            dfn_room *room, dfn_error *err)
{
    dfn_shoebox s;
    s.size[0] = between(r, c->room_m);
    s.size[1] = between(r, c->room_m);
    s.size[2] = between(r, c->room_height_m);
    s.t60_low = room->t60 = between(r, c->room_t60_s);
    s.t60_high = s.t60_low * between(r, c->room_damping);
    place(&s, r, -1, 1e3, s.microphone);
    place(&s, r, c->talker_m.min, c->talker_m.max, s.source);
    const size_t want = (size_t)(s.t60_low * DFN_RATE) + DFN_RATE / 10;
    const size_t n = want < LONGEST ? want : LONGEST;
    dfn_shoebox_response(&s, r, b->h, b->work, n);
    dfn_status status = add_speech(b, room, n, err);
    if (status)
        return status;
    place(&s, r, c->talker_m.min, 1e3, s.source);
    dfn_shoebox_response(&s, r, b->h, b->work, n);
    return dfn_response_new(&room->noise, b->conv, b->h, trimmed(b->h, n), err);
}

/* Twice the time from -5 to -25 dB of the energy that is still to come (Schroeder). */
static double decay_time(const float *h, size_t n)
{
    const double total = dfn_power(h, n) * (double)n;
    double left = total;
    size_t from = 0, to = 0;
    for (size_t i = 0; i < n && !to; i++) {
        left -= (double)h[i] * (double)h[i];
        if (!from && left <= 0.316227766 * total)
            from = i + 1;
        if (left <= 0.00316227766 * total)
            to = i + 1;
    }
    return 3.0 * (double)(to - from) / DFN_RATE;
}

/* From another place of a room that was measured at one only: without the direct sound. */
static void hide_direct(float *h, size_t peak, size_t n)
{
    const double before = dfn_power(h, n);
    for (size_t i = 0; i < n && i < peak + HEAD; i++)
        h[i] *= i < peak ? 0 : (float)(i - peak) / HEAD;
    const double after = dfn_power(h, n);
    if (after > 1e-9 * before)
        dfn_scale(h, n, (float)sqrt(before / after));
}

static dfn_status read_room(bench *b, const dfn_sound *s, dfn_room *room, dfn_error *err)
{
    float *all = b->work;
    const size_t count = s->count < 2 * LONGEST ? s->count : 2 * LONGEST;
    size_t peak = 0;
    dfn_sound_read(s, 0, count, all);
    for (size_t i = 1; i < count; i++)
        peak = fabsf(all[i]) > fabsf(all[peak]) ? i : peak;
    if (!count || !(fabsf(all[peak]) > 0))
        return DFN_OK;
    const size_t start = peak > LEAD ? peak - LEAD : 0;
    const size_t n = count - start < LONGEST ? count - start : LONGEST;
    room->lead = room->noise_lead = peak - start;
    memcpy(b->h, all + start, n * sizeof *b->h);
    dfn_scale(b->h, n, 1 / all[peak]);
    room->t60 = decay_time(b->h + room->lead, n - room->lead);
    const dfn_status status = add_speech(b, room, n, err);
    if (status)
        return status;
    memcpy(b->h, all + start, n * sizeof *b->h);
    hide_direct(b->h, room->lead, n);
    if (!(dfn_peak(b->h, n) > 0))
        b->h[room->lead] = 1;
    return dfn_response_new(&room->noise, b->conv, b->h, trimmed(b->h, n), err);
}

static dfn_status fill(dfn_rooms *rooms, bench *b, const dfn_mix_config *c,
                       const dfn_sounds *sounds, dfn_split split, dfn_error *err)
{
    dfn_status status = DFN_OK;
    for (int i = 0; i < rooms->made && !status; i++) {
        dfn_philox r =
            dfn_philox_start((uint64_t)c->rooms_seed, (uint64_t)split, (uint64_t)i);
        status = make_room(b, c, &r, &rooms->room[rooms->count++], err);
    }
    const int recorded = dfn_sounds_count(sounds, DFN_ROOM, split);
    for (int i = 0; i < recorded && !status; i++) {
        dfn_room *room = &rooms->room[rooms->count];
        status = read_room(b, dfn_sounds_get(sounds, DFN_ROOM, split, i), room, err);
        rooms->count += room->full.spec != NULL;
    }
    return status;
}

dfn_status dfn_rooms_new(dfn_rooms *rooms, const dfn_mix_config *config,
                         const dfn_sounds *sounds, dfn_split split, dfn_error *err)
{
    bench b = {.h = malloc(LONGEST * sizeof *b.h),
               .work = malloc((size_t)2 * LONGEST * sizeof *b.work),
               .early_s = config->early_s};
    const int most = config->rooms + dfn_sounds_count(sounds, DFN_ROOM, split);
    *rooms = (dfn_rooms){.room = calloc((size_t)most + 1, sizeof *rooms->room),
                         .made = config->rooms};
    dfn_status status = dfn_conv_new(&b.conv, 1, err);
    if (!status && (!b.h || !b.work || !rooms->room))
        status = dfn_fail(err, DFN_ERR_NOMEM, "rooms: out of memory");
    if (!status)
        status = fill(rooms, &b, config, sounds, split, err);
    dfn_conv_free(b.conv);
    free(b.h);
    free(b.work);
    if (status)
        dfn_rooms_free(rooms);
    return status;
}

void dfn_rooms_free(dfn_rooms *rooms)
{
    for (int i = 0; i < rooms->count; i++) {
        dfn_response_free(&rooms->room[i].full);
        dfn_response_free(&rooms->room[i].early);
        dfn_response_free(&rooms->room[i].noise);
    }
    free(rooms->room);
    *rooms = (dfn_rooms){0};
}
