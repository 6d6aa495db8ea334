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

static void analyse(dfn_stream *s)
{
    const size_t n = 2 * (size_t)s->bins;
    for (int c = 0; c < s->channels; c++) {
        dfn_channel *ch = &s->channel[c];
        dfn_stft_analyse(s->stft, s->apply_spec + (size_t)c * n, ch->analysis, ch->hop);
    }
    if (s->net.batch == s->channels) {
        memcpy(s->net_spec, s->apply_spec, (size_t)s->channels * n * sizeof(float));
        return;
    }
    for (size_t i = 0; i < n; i++) { /* linked: the network hears the mean */
        float sum = 0;
        for (int c = 0; c < s->channels; c++)
            sum += s->apply_spec[(size_t)c * n + i];
        s->net_spec[i] = sum / (float)s->channels;
    }
}

static void run_network(dfn_stream *s)
{
    float lsnr = 0;
    run(&s->net);
    for (int c = 0; c < s->channels; c++) {
        const size_t b = s->net.batch > 1 ? (size_t)c : 0, n = (size_t)c;
        memcpy(s->apply_mask + n * s->mask_size, s->net_mask + b * s->mask_size,
               s->mask_size * sizeof(float));
        memcpy(s->apply_coefs + n * s->coefs_size, s->net_coefs + b * s->coefs_size,
               s->coefs_size * sizeof(float));
        lsnr += s->net_lsnr[b] / (float)s->channels;
    }
    run(&s->apply);
    if (isfinite(lsnr))
        atomic_store_explicit(&s->meter[DFN_METER_LSNR_DB], lsnr, memory_order_relaxed);
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
    bool ok = true;
    for (int c = 0; c < s->channels; c++)
        for (int i = 0; i < s->hop_size; i++)
            ok &= fabsf(s->channel[c].enhanced[i]) <= absurd; /* false for NaN */
    return ok;
}

/* The dry hop that belongs to the enhanced one of now is the oldest of the ring: put it in
 * the place of `hop`, which goes into the ring. */
static void swap_late(dfn_stream *s)
{
    for (int c = 0; c < s->channels; c++) {
        dfn_channel *ch = &s->channel[c];
        float *late = ch->late + (size_t)s->late_at * (size_t)s->hop_size;
        for (int i = 0; i < s->hop_size; i++) {
            const float x = ch->hop[i];
            ch->hop[i] = late[i];
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

void dfn_stream_hop(dfn_stream *s)
{
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
