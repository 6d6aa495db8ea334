/* hop.c - every hop through the network, or past it, as if it were alone.
 *
 * The hops of a group share runs of the network and nothing else: whatever befalls one (the
 * parameters of its time, rest, a restart) befalls it alone, so that streams with groups of
 * any size say the same, each at its time. */
#include "state.h"

#include <math.h>
#include <string.h>

static const float absurd = 1e6f; /* +120 dBFS: no enhanced signal is as loud as this */

static float get(const _Atomic float *x)
{
    return atomic_load_explicit(x, memory_order_relaxed);
}

static float *queued(const dfn_stream *s, int c, int at)
{
    return s->channel[c].queue + (size_t)at * (size_t)s->hop_size;
}

static bool silent(const dfn_stream *s, int at)
{
    int sound = 0; /* no branches in here and below: they become SIMD */
    for (int c = 0; c < s->channels; c++) {
        const float *x = queued(s, c, at);
        for (int i = 0; i < s->hop_size; i++)
            sound |= x[i] != 0;
    }
    return !sound;
}

/* The first sound after a long silence meets a network as good as new. All that is lost is
 * what it made of the silence: every delay holds zeros by then. */
static bool ends_long_silence(dfn_stream *s, int at)
{
    if (silent(s, at)) {
        s->silence += s->silence < s->long_silence;
        return false;
    }
    const bool was_long = s->silence == s->long_silence;
    s->silence = 0;
    return was_long;
}

void dfn_stream_queue(dfn_stream *s)
{
    s->note[s->queued] = (dfn_note){
        .rest = atomic_load_explicit(&s->overloaded, memory_order_relaxed),
        .restart = ends_long_silence(s, s->queued),
        .post_filter = get(&s->param[DFN_PARAM_POST_FILTER]),
        .limit_db = get(&s->param[DFN_PARAM_LIMIT_DB]),
    };
    s->queued++;
}

/* A meter shows the mean of what the network says of each of its streams. */
static void publish(dfn_stream *s, dfn_meter m, const float *x, int i, int n)
{
    float mean = 0;
    for (int b = 0; b < s->net.batch; b++)
        mean += x[b * n + i] / (float)s->net.batch;
    if (isfinite(mean))
        atomic_store_explicit(&s->meter[m], mean, memory_order_relaxed);
}

/* Frame i of n to enhanced[]. A parameter that changes between two hops cross-fades with
 * their overlap. */
static void synthesise(dfn_stream *s, const dfn_note *note, int i, int n)
{
    const size_t size = 2 * (size_t)s->bins;
    for (int c = 0; c < s->channels; c++) {
        dfn_channel *ch = &s->channel[c];
        const size_t frame = ((size_t)c * (size_t)n + (size_t)i) * size;
        float *spec = s->apply_enhanced + frame;
        const float *noisy = s->apply_noisy + frame;
        dfn_post_filter(spec, noisy, s->bins, note->post_filter);
        dfn_attenuation_limit(spec, noisy, s->bins, note->limit_db);
        dfn_stft_synthesise(s->stft, ch->enhanced, ch->synthesis, spec);
    }
}

static bool sane(const dfn_stream *s)
{
    int bad = 0;
    for (int c = 0; c < s->channels; c++) {
        const float *x = s->channel[c].enhanced;
        for (int i = 0; i < s->hop_size; i++)
            bad |= !(fabsf(x[i]) <= absurd); /* true for NaN */
    }
    return !bad;
}

/* The dry hop that belongs to the enhanced one of now is the oldest of the ring: put it in
 * the place of the hop that goes into the ring. */
static void swap_late(dfn_stream *s, int at)
{
    for (int c = 0; c < s->channels; c++) {
        float *restrict hop = queued(s, c, at);
        float *restrict late =
            s->channel[c].late + (size_t)s->late_at * (size_t)s->hop_size;
        for (int i = 0; i < s->hop_size; i++) {
            const float x = hop[i];
            hop[i] = late[i];
            late[i] = x;
        }
    }
    s->late_at = (s->late_at + 1) % (s->lookahead + 1);
}

/* The dry hop becomes the enhanced one, with a fade where one follows the other. */
static void mix_wet(dfn_stream *s, int at, bool before, bool after)
{
    const size_t bytes = (size_t)s->hop_size * sizeof(float);
    for (int c = 0; c < s->channels; c++) {
        float *y = queued(s, c, at);
        const float *wet = s->channel[c].enhanced;
        if (before && after)
            memcpy(y, wet, bytes);
        for (int i = 0; i < s->hop_size && before != after; i++) {
            const float t = dfn_smooth((float)(i + 1) / (float)s->hop_size);
            y[i] = dfn_mix(wet[i], y[i], before ? t : 1 - t);
        }
    }
}

/* Hops from `at` on that one run of the network can take. */
static int find_span(const dfn_stream *s, int at)
{
    const dfn_note *note = s->note;
    int end = at + 1;
    if (s->alone || note[at].rest)
        return 1;
    while (end < s->queued && !note[end].rest && !note[end].restart)
        end++;
    return end - at;
}

/* Frame i of n to the hop at `at`. False if the network has gone astray: it starts afresh,
 * and what it made of later hops is void. */
static bool finish(dfn_stream *s, int at, int i, int n)
{
    const bool before = s->enhancing, after = !s->note[at].rest && !s->settle;
    publish(s, DFN_METER_LSNR_DB, s->net_lsnr, i, n);
    if (s->net_vad)
        publish(s, DFN_METER_VAD, s->net_vad, i, n);
    synthesise(s, &s->note[at], i, n);
    const bool good = sane(s);
    swap_late(s, at);
    mix_wet(s, at, good && before, good && after);
    s->enhancing = good && after;
    s->settle -= s->settle > 0;
    s->alone -= s->alone > 0;
    if (!good) {
        dfn_stream_restart_network(s);
        s->settle = s->settle_hops;
        s->alone = s->hops_max; /* so that no hop is run more than twice */
    }
    return good;
}

/* Returns how many hops from `at` on are done. */
static int run_span(dfn_stream *s, int at)
{
    if (s->note[at].restart)
        dfn_stream_restart_network(s);
    const bool first = s->hops - s->queued + at == 0;   /* nothing was heard to fade from */
    if (s->note[at].rest && (first || !s->enhancing)) { /* else it runs, to fade from */
        s->enhancing = false;
        s->settle = s->settle_hops;
        swap_late(s, at);
        return 1;
    }
    const int n = find_span(s, at);
    int done = 0;
    dfn_stream_network(s, at, n);
    for (bool good = true; good && done < n; done++)
        good = finish(s, at + done, done, n);
    return done;
}

void dfn_stream_run(dfn_stream *s)
{
    for (int at = 0; at < s->queued;)
        at += run_span(s, at);
}
