/* hop.c - one hop of every channel through the network, or past it. */
#include "state.h"

#include <math.h>
#include <string.h>

static const float absurd = 1e6f; /* +120 dBFS: no enhanced signal is as loud as this */

static float get(const _Atomic float *x)
{
    return atomic_load_explicit(x, memory_order_relaxed);
}

static void run(const dfn_runner *r)
{
    dfn_run(r->plan, r->weights, (void *const *)r->state, 1);
}

/* Give the network n numbers of every channel; linked, their mean. */
static void feed(const dfn_stream *s, float *to, const float *const *channel, size_t n)
{
    if (s->net.batch == s->channels) {
        for (int c = 0; c < s->channels; c++)
            memcpy(to + (size_t)c * n, channel[c], n * sizeof *to);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        float sum = 0;
        for (int c = 0; c < s->channels; c++)
            sum += channel[c][i];
        to[i] = sum / (float)s->channels;
    }
}

static void analyse(dfn_stream *s)
{
    const float *spec[DFN_STREAM_CHANNELS], *wave[DFN_STREAM_CHANNELS];
    const size_t n = 2 * (size_t)s->bins;
    for (int c = 0; c < s->channels; c++) {
        dfn_channel *ch = &s->channel[c];
        dfn_stft_analyse(s->stft, s->apply_spec + (size_t)c * n, ch->analysis, ch->hop);
        spec[c] = s->apply_spec + (size_t)c * n;
        wave[c] = ch->hop;
    }
    feed(s, s->net_spec, spec, n);
    if (s->net_wave)
        feed(s, s->net_wave, wave, (size_t)s->hop_size);
}

/* Give every channel what the network made for it, or for all. */
static void hand_on(const dfn_stream *s, const dfn_control *k)
{
    for (int c = 0; c < s->channels; c++)
        memcpy(k->used + (size_t)c * k->size,
               k->made + (s->net.batch > 1 ? (size_t)c * k->size : 0),
               k->size * sizeof *k->used);
}

/* A meter shows the mean of what the network says of each of its streams. */
static void publish(dfn_stream *s, dfn_meter m, const float *x)
{
    float mean = 0;
    for (int b = 0; b < s->net.batch; b++)
        mean += x[b] / (float)s->net.batch;
    if (isfinite(mean))
        atomic_store_explicit(&s->meter[m], mean, memory_order_relaxed);
}

static void run_network(dfn_stream *s)
{
    run(&s->net);
    for (int i = 0; i < s->n_control; i++)
        hand_on(s, &s->control[i]);
    run(&s->apply);
    publish(s, DFN_METER_LSNR_DB, s->net_lsnr);
    if (s->net_vad)
        publish(s, DFN_METER_VAD, s->net_vad);
}

/* A parameter that changes between two hops cross-fades with their overlap. */
static void synthesise(dfn_stream *s)
{
    const float beta = get(&s->param[DFN_PARAM_POST_FILTER]);
    const float limit = get(&s->param[DFN_PARAM_LIMIT_DB]);
    const size_t n = 2 * (size_t)s->bins;
    for (int c = 0; c < s->channels; c++) {
        dfn_channel *ch = &s->channel[c];
        float *spec = s->apply_enhanced + (size_t)c * n;
        const float *noisy = s->apply_noisy + (size_t)c * n;
        dfn_post_filter(spec, noisy, s->bins, beta);
        dfn_attenuation_limit(spec, noisy, s->bins, limit);
        dfn_stft_synthesise(s->stft, ch->enhanced, ch->synthesis, spec);
    }
}

static bool sane(const dfn_stream *s)
{
    int bad = 0; /* no branches in here and below: they become SIMD */
    for (int c = 0; c < s->channels; c++) {
        const float *x = s->channel[c].enhanced;
        for (int i = 0; i < s->hop_size; i++)
            bad |= !(fabsf(x[i]) <= absurd); /* true for NaN */
    }
    return !bad;
}

/* The dry hop that belongs to the enhanced one of now is the oldest of the ring: put it in
 * the place of `hop`, which goes into the ring. */
static void swap_late(dfn_stream *s)
{
    for (int c = 0; c < s->channels; c++) {
        dfn_channel *ch = &s->channel[c];
        float *restrict hop = ch->hop;
        float *restrict late = ch->late + (size_t)s->late_at * (size_t)s->hop_size;
        for (int i = 0; i < s->hop_size; i++) {
            const float x = hop[i];
            hop[i] = late[i];
            late[i] = x;
        }
    }
    s->late_at = (s->late_at + 1) % (s->lookahead + 1);
}

/* enhanced[] = enhanced[] or the dry hop, with a fade where one follows the other. */
static void mix_dry(dfn_stream *s, bool before, bool after)
{
    if (before && after)
        return;
    for (int c = 0; c < s->channels; c++) {
        float *y = s->channel[c].enhanced;
        const float *dry = s->channel[c].hop;
        for (int i = 0; i < s->hop_size; i++) {
            const float t = dfn_smooth((float)(i + 1) / (float)s->hop_size);
            y[i] = dfn_mix(y[i], dry[i], before ? t : after ? 1 - t : 1);
        }
    }
}

static bool silent(const dfn_stream *s)
{
    int sound = 0;
    for (int c = 0; c < s->channels; c++) {
        const float *x = s->channel[c].hop;
        for (int i = 0; i < s->hop_size; i++)
            sound |= x[i] != 0;
    }
    return !sound;
}

/* The first sound after a long silence meets a network as good as new. All that is lost is
 * what it made of the silence: every delay holds zeros by then. */
static void heed_silence(dfn_stream *s)
{
    if (silent(s)) {
        s->silence += s->silence < s->long_silence;
        return;
    }
    if (s->silence == s->long_silence)
        dfn_stream_restart_network(s);
    s->silence = 0;
}

void dfn_stream_hop(dfn_stream *s)
{
    heed_silence(s);
    const bool rest = atomic_load_explicit(&s->overloaded, memory_order_relaxed);
    bool before = s->enhancing;
    bool after = !rest && !s->settle;
    if (rest && !before) { /* the first hop of a rest still runs, to fade from */
        s->settle = s->settle_hops;
        swap_late(s);
    } else {
        analyse(s);
        swap_late(s);
        run_network(s);
        synthesise(s);
        s->settle -= s->settle > 0;
        if (!sane(s)) {
            dfn_stream_restart_network(s);
            s->settle = s->settle_hops;
            before = after = false;
        }
    }
    mix_dry(s, before, after);
    s->enhancing = after;
}

void dfn_stream_restart_network(dfn_stream *s)
{
    const size_t bytes = (size_t)s->hop_size * sizeof(float);
    for (int c = 0; c < s->channels; c++) {
        memset(s->channel[c].analysis, 0, bytes);
        memset(s->channel[c].synthesis, 0, bytes);
    }
    for (int b = 0; b < s->net.batch; b++)
        dfn_state_reset(s->net.graph, DFN_F32, s->net.state[b]);
    for (int b = 0; b < s->apply.batch; b++)
        dfn_state_reset(s->apply.graph, DFN_F32, s->apply.state[b]);
}
