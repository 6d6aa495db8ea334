/* duplex.c - blocks in, blocks out. */
#include "duplex.h"

#include "convert.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CHANNELS = 2, CHUNK = 1024, ENGINE_RATE = 48000 };

struct dfnd_duplex {
    dfnd_duplex_config config;
    dfnd_drift *drift;    /* NULL: direct */
    dfnd_convert convert; /* from the engine's rate to the output's */
    bool converts;
    bool begun;                    /* the engine has forgotten what was before */
    atomic_bool closed, in_engine; /* see dfnd_duplex_let_go */
    float heard[CHANNELS][CHUNK];  /* the input side's */
    float spoken[CHANNELS][CHUNK]; /* the output side's, at its rate */
    float *clean;                  /* [CHANNELS][CHUNK or what the converter needs] */
    size_t clean_room;
};

/* ---- blocks ---------------------------------------------------------------------------
 */

/* Channels that a device does not have are its last one again. */
static void take_apart(dfnd_duplex *d, const float *in, size_t frames)
{
    const int have = d->config.in_channels;
    for (int c = 0; c < d->config.channels; c++) {
        const int from = c < have ? c : have - 1;
        for (size_t i = 0; i < frames; i++)
            d->heard[c][i] = in ? in[i * (size_t)have + (size_t)from] : 0;
    }
}

/* Mono is on every channel; of stereo, the third is left again. */
static void put_together(const dfnd_duplex *d, float *const *from, float *out,
                         size_t frames)
{
    const int have = d->config.out_channels;
    for (int c = 0; c < have; c++) {
        const float *x = from[c % d->config.channels];
        for (size_t i = 0; i < frames; i++)
            out[i * (size_t)have + (size_t)c] = x[i];
    }
}

static void enhance(dfnd_duplex *d, float *const *sound, size_t frames)
{
    if (!d->begun)
        dfnd_engine_reset(d->config.engine);
    d->begun = true;
    dfnd_engine_process(d->config.engine, (const float *const *)sound, sound, frames);
}

static bool enter(dfnd_duplex *d)
{
    d->in_engine = true;
    if (!d->closed)
        return true;
    d->in_engine = false;
    return false;
}

void dfnd_duplex_let_go(dfnd_duplex *d)
{
    d->closed = true;
    while (d->in_engine)
        nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
}

static void direct(dfnd_duplex *d, const float *in, float *out, size_t frames)
{
    float *const sound[CHANNELS] = {d->heard[0], d->heard[1]};
    for (size_t at = 0, n; at < frames; at += n) {
        n = frames - at < CHUNK ? frames - at : CHUNK;
        take_apart(d, in ? in + at * (size_t)d->config.in_channels : NULL, n);
        enhance(d, sound, n);
        put_together(d, sound, out + at * (size_t)d->config.out_channels, n);
    }
}

void dfnd_duplex_in(dfnd_duplex *d, const float *in, size_t frames, double now)
{
    for (size_t at = 0, n; at < frames; at += n) {
        n = frames - at < CHUNK ? frames - at : CHUNK;
        take_apart(d, in ? in + at * (size_t)d->config.in_channels : NULL, n);
        dfnd_drift_write(d->drift, (const float *const[]){d->heard[0], d->heard[1]}, n,
                         now - (double)(frames - at - n) / d->config.in_rate);
    }
}

static void bridged(dfnd_duplex *d, float *out, size_t frames, double now)
{
    float *const clean[CHANNELS] = {d->clean, d->clean + d->clean_room};
    float *const spoken[CHANNELS] = {d->spoken[0], d->spoken[1]};
    for (size_t at = 0, n; at < frames; at += n) {
        n = frames - at < CHUNK ? frames - at : CHUNK;
        const size_t need =
            d->converts ? (size_t)dfnd_convert_need(&d->convert, (int)n) : n;
        dfnd_drift_read(d->drift, clean, need, now + (double)at / d->config.out_rate);
        enhance(d, clean, need);
        if (d->converts)
            dfnd_convert_run(&d->convert, (const float *const *)clean, spoken, (int)n);
        put_together(d, d->converts ? spoken : clean,
                     out + at * (size_t)d->config.out_channels, n);
    }
}

void dfnd_duplex_out(dfnd_duplex *d, float *out, size_t frames, double now)
{
    if (enter(d)) {
        bridged(d, out, frames, now);
        d->in_engine = false;
    } else {
        memset(out, 0, frames * (size_t)d->config.out_channels * sizeof *out);
    }
}

void dfnd_duplex_both(dfnd_duplex *d, const float *in, float *out, size_t frames,
                      double now)
{
    if (d->drift) {
        dfnd_duplex_in(d, in, frames, now);
        dfnd_duplex_out(d, out, frames, now);
    } else if (enter(d)) {
        direct(d, in, out, frames);
        d->in_engine = false;
    } else {
        memset(out, 0, frames * (size_t)d->config.out_channels * sizeof *out);
    }
}

/* ---- the rest -------------------------------------------------------------------------
 */

static dfn_status make_bridge(dfnd_duplex *d, dfn_error *err)
{
    const dfnd_duplex_config *c = &d->config;
    const double share = ENGINE_RATE / c->out_rate;
    /* With one clock both blocks come in one call: they are late together. */
    const dfnd_drift_config drift = {.channels = c->channels,
                                     .in_rate = c->in_rate,
                                     .out_rate = ENGINE_RATE,
                                     .in_block = c->in_block,
                                     .out_block = (int)ceil(c->out_block * share) + 2,
                                     .jitter = c->one_clock ? 1e-3 : 0};
    dfn_status status = dfnd_drift_new(&d->drift, &drift, err);
    d->clean_room = CHUNK;
    d->converts = c->out_rate != ENGINE_RATE;
    if (!status && d->converts) {
        status = dfnd_convert_new(&d->convert, c->channels, ENGINE_RATE, c->out_rate, CHUNK,
                                  err);
        if (!status)
            d->clean_room = (size_t)dfnd_convert_most(&d->convert, CHUNK);
    }
    if (status)
        return status;
    d->clean = calloc(CHANNELS * d->clean_room, sizeof *d->clean);
    return d->clean ? DFN_OK : dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
}

dfn_status dfnd_duplex_new(dfnd_duplex **out, const dfnd_duplex_config *config,
                           dfn_error *err)
{
    *out = NULL;
    if (config->channels < 1 || config->channels > CHANNELS || config->in_channels < 1 ||
        config->out_channels < 1 || !(config->in_rate > 0) || !(config->out_rate > 0))
        return dfn_fail(err, DFN_ERR_ARG, "cannot connect %d to %d channels",
                        config->in_channels, config->out_channels);
    dfnd_duplex *d = calloc(1, sizeof *d);
    if (!d)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    d->config = *config;
    if (!config->one_clock || config->in_rate != ENGINE_RATE ||
        config->out_rate != ENGINE_RATE) {
        const dfn_status status = make_bridge(d, err);
        if (status) {
            dfnd_duplex_free(d);
            return status;
        }
    }
    *out = d;
    return DFN_OK;
}

void dfnd_duplex_free(dfnd_duplex *d)
{
    if (!d)
        return;
    dfnd_drift_free(d->drift);
    dfnd_convert_free(&d->convert);
    free(d->clean);
    free(d);
}

double dfnd_duplex_delay(const dfnd_duplex *d)
{
    const double half = d->converts ? d->convert.interp.taps / 2.0 / ENGINE_RATE : 0;
    return d->drift ? dfnd_drift_delay(d->drift) + half : 0;
}

uint64_t dfnd_duplex_lost(const dfnd_duplex *d)
{
    dfnd_drift_status s = {0};
    if (d && d->drift)
        dfnd_drift_get_status(d->drift, &s);
    return s.underruns + s.overruns;
}
