/* network.c - hops that wait, through both graphs of the model, in one go. */
#include "state.h"

#include <string.h>

static void run(const dfn_runner *r, int n)
{
    dfn_run(r->plan, r->weights, (void *const *)r->state, n);
}

/* Frame i of n of an input of the network: `size` numbers of every channel; linked, their
 * mean. */
static void feed(const dfn_stream *s, float *to, const float *const *channel, size_t size,
                 int i, int n)
{
    to += (size_t)i * size;
    if (s->net.batch == s->channels) {
        for (int c = 0; c < s->channels; c++)
            memcpy(to + (size_t)c * (size_t)n * size, channel[c], size * sizeof *to);
        return;
    }
    for (size_t k = 0; k < size; k++) {
        float sum = 0;
        for (int c = 0; c < s->channels; c++)
            sum += channel[c][k];
        to[k] = sum / (float)s->channels;
    }
}

/* Frame i of n from the hop at `at` of the queue. */
static void analyse(dfn_stream *s, int at, int i, int n)
{
    const float *spec[DFN_STREAM_CHANNELS], *wave[DFN_STREAM_CHANNELS];
    const size_t size = 2 * (size_t)s->bins;
    for (int c = 0; c < s->channels; c++) {
        dfn_channel *ch = &s->channel[c];
        float *to = s->apply_spec + ((size_t)c * (size_t)n + (size_t)i) * size;
        wave[c] = ch->queue + (size_t)at * (size_t)s->hop_size;
        dfn_stft_analyse(s->stft, to, ch->analysis, wave[c]);
        spec[c] = to;
    }
    feed(s, s->net_spec, spec, size, i, n);
    if (s->net_wave)
        feed(s, s->net_wave, wave, (size_t)s->hop_size, i, n);
}

/* Give every channel what the network made for it, or for all. */
static void hand_on(const dfn_stream *s, const dfn_control *k, int n)
{
    const size_t size = (size_t)n * k->size;
    for (int c = 0; c < s->channels; c++)
        memcpy(k->used + (size_t)c * size,
               k->made + (s->net.batch > 1 ? (size_t)c * size : 0), size * sizeof *k->used);
}

void dfn_stream_network(dfn_stream *s, int at, int n)
{
    for (int i = 0; i < n; i++)
        analyse(s, at + i, i, n);
    run(&s->net, n);
    for (int i = 0; i < s->n_control; i++)
        hand_on(s, &s->control[i], n);
    run(&s->apply, n);
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
