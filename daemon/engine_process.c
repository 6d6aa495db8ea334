/* engine_process.c - the part of an engine that runs in the audio thread. */
#include "engine_state.h"

#include <math.h>
#include <time.h>

static const double late_share = 0.75; /* of a block's time that the network may take */
static const double late_most = 6,
                    forgiven = 2; /* late blocks; so many a second are by chance */
static const double hopeless = 4,
                    long_time = 0.02; /* times a block, and seconds: at once */
static const double rest_first = 1, rest_most = 60, calm_enough = 60; /* seconds */

double dfnd_engine_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t); /* answered without a system call */
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- deadlines -------------------------------------------------------------------------
 */

/* Of a block like this one, for all hops that may end in it, in seconds. */
static double best_time(const dfnd_engine *e, const dfnd_network *n)
{
    const size_t hops = (e->block + n->hop - 1) / n->hop;
    return (double)hops * atomic_load_explicit(&n->cost, memory_order_relaxed);
}

static bool is_late(const dfnd_engine *e, double seconds)
{
    return seconds > late_share * (double)e->block / e->config.sample_rate;
}

/* Two at a time may be too much: what is new is dry, then, while it is hardly heard. */
static void tell_coming(dfnd_engine *e, bool overloaded)
{
    const double both = best_time(e, e->current) + best_time(e, e->coming);
    dfn_stream_overload(e->coming->stream, overloaded || is_late(e, both));
}

static void tell_streams(dfnd_engine *e, bool overloaded)
{
    dfn_stream_overload(e->current->stream, overloaded);
    if (e->coming)
        tell_coming(e, overloaded);
    atomic_store(&e->overloaded, overloaded);
}

static void begin_rest(dfnd_engine *e, double seconds)
{
    e->rest = seconds;
    e->late = e->calm = 0;
    atomic_fetch_add(&e->overloads, 1);
    tell_streams(e, true);
}

static void note_load(dfnd_engine *e, float load)
{
    if (load > atomic_load(&e->load_max))
        atomic_store(&e->load_max, load);
}

/* A network that cannot be in time is not tried: whoever shares our graph would be late. */
static void look_ahead(dfnd_engine *e)
{
    const double best = best_time(e, e->current);
    if (e->rest > 0 || !is_late(e, best))
        return;
    note_load(e, (float)(best * e->config.sample_rate / (double)e->block));
    begin_rest(e, rest_first);
}

/* `took` seconds of work for a block of `length` seconds. */
static void watch(dfnd_engine *e, double took, double length)
{
    const double load = took / length, share = length < 1 ? length : 1;
    const float before = atomic_load(&e->load);
    atomic_store(&e->load, before + (float)share * ((float)load - before));
    note_load(e, (float)load);
    if (e->rest > 0) {
        e->rest -= length;
        if (e->rest <= 0 && is_late(e, best_time(e, e->current)))
            e->rest = rest_first;
        else if (e->rest <= 0)
            tell_streams(e, false);
        return;
    }
    e->calm += length;
    e->late = fmax(0, e->late - forgiven * length);
    if (load <= late_share)
        return;
    e->late += 1;
    if (e->late < late_most && (load < hopeless || took < long_time))
        return;
    /* again soon after a rest: the next one is longer */
    e->rest_seconds = e->calm >= calm_enough ? rest_first : e->rest_seconds;
    begin_rest(e, e->rest_seconds);
    e->rest_seconds = fmin(2 * e->rest_seconds, rest_most);
}

/* ---- the change of a model -------------------------------------------------------------
 */

static size_t fade_frames(const dfnd_engine *e)
{
    return (size_t)e->config.sample_rate / 50;
}

/* The one before is gone: if it was too slow, that says nothing about its successor. */
static void finish_change(dfnd_engine *e)
{
    atomic_store(&e->retired, e->current);
    e->current = e->coming;
    e->coming = NULL;
    e->rest = e->late = 0;
    e->rest_seconds = rest_first;
    tell_streams(e, false);
    look_ahead(e);
}

/* A chunk while two streams run: out = current, from `ready` on on the way to `coming`. */
static void process_both(dfnd_engine *e, const float *const *in, float *const *out,
                         size_t n)
{
    float *both[DFND_CHANNELS];
    const size_t ready = (size_t)dfn_stream_latency(e->coming->stream),
                 fade = fade_frames(e);
    for (int c = 0; c < e->config.channels; c++)
        both[c] = e->scratch + (size_t)c * DFND_CHUNK;
    dfn_stream_process(e->coming->stream, in, both, n); /* first: out may be in */
    dfn_stream_process(e->current->stream, in, out, n);
    for (int c = 0; c < e->config.channels; c++)
        for (size_t i = 0; i < n; i++) {
            const size_t at = e->coming_frames + i;
            const float share = (float)(at - ready) / (float)fade;
            if (at >= ready + fade)
                out[c][i] = both[c][i];
            else if (at >= ready)
                out[c][i] += share * (both[c][i] - out[c][i]);
        }
    e->coming_frames += n;
    if (e->coming_frames >= ready + fade)
        finish_change(e);
}

static void process(dfnd_engine *e, const float *const *in, float *const *out,
                    size_t frames)
{
    if (!e->coming && !atomic_load(&e->retired)) {
        e->coming = atomic_exchange(&e->next, NULL);
        e->coming_frames = 0;
        if (e->coming)
            tell_coming(e, e->rest > 0);
    }
    size_t done = 0;
    while (done < frames && e->coming) {
        const float *from[DFND_CHANNELS];
        float *to[DFND_CHANNELS];
        const size_t left = frames - done, n = left < DFND_CHUNK ? left : DFND_CHUNK;
        for (int c = 0; c < e->config.channels; c++) {
            from[c] = in[c] + done;
            to[c] = out[c] + done;
        }
        process_both(e, from, to, n);
        done += n;
    }
    const float *from[DFND_CHANNELS];
    float *to[DFND_CHANNELS];
    for (int c = 0; c < e->config.channels; c++) {
        from[c] = in[c] + done;
        to[c] = out[c] + done;
    }
    dfn_stream_process(e->current->stream, from, to, frames - done);
}

void dfnd_engine_process(dfnd_engine *e, const float *const *in, float *const *out,
                         size_t frames)
{
    if (!frames)
        return;
    const double start = dfnd_engine_now();
    e->block = frames;
    look_ahead(e);
    process(e, in, out, frames);
    watch(e, dfnd_engine_now() - start, (double)frames / e->config.sample_rate);
    atomic_fetch_add(&e->blocks, 1);
    atomic_fetch_add(&e->frames, frames);
}

void dfnd_engine_reset(dfnd_engine *e)
{
    dfn_stream_reset(e->current->stream);
    if (e->coming)
        dfn_stream_reset(e->coming->stream);
    e->coming_frames = 0;
}
