/* stream.c - make a stream: every allocation it will ever make. */
#include "state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RATE_MIN = 8000, RATE_MAX = 192000, LOOKAHEAD_MAX = 64, ALIGN = 64 };
enum { LONG_SILENCE = 10 }; /* seconds */

/* `size` bytes of the block at `base`, aligned; NULL while measuring (base NULL). */
static void *take(void *base, size_t *used, size_t size)
{
    void *at = base ? (unsigned char *)base + *used : NULL;
    *used += (size + ALIGN - 1) / ALIGN * ALIGN;
    return at;
}

static float *floats(void *base, size_t *used, int n)
{
    return take(base, used, (size_t)n * sizeof(float));
}

static void place_states(dfn_runner *r, void *base, size_t *used)
{
    for (int b = 0; b < r->batch; b++)
        r->state[b] = take(base, used, r->state_bytes);
}

/* Run twice: to measure, then to place. Returns the bytes of the whole block. */
static size_t layout(dfn_stream *s, void *base)
{
    size_t used = 0;
    for (int c = 0; c < s->channels; c++) {
        dfn_channel *ch = &s->channel[c];
        ch->quantum = floats(base, &used, s->quantum_max);
        ch->dry = floats(base, &used, s->latency);
        ch->wet = floats(base, &used, s->wet_max);
        ch->hop = floats(base, &used, s->hop_max);
        ch->queue = floats(base, &used, s->hops_max * s->hop_size);
        ch->late = floats(base, &used, (s->lookahead + 1) * s->hop_size);
        ch->enhanced = floats(base, &used, s->hop_size);
        ch->analysis = floats(base, &used, s->hop_size);
        ch->synthesis = floats(base, &used, s->hop_size);
    }
    s->audio_bytes = used;
    place_states(&s->net, base, &used);
    place_states(&s->apply, base, &used);
    return used;
}

static int group(const dfn_stream_config *c) { return c->hops ? c->hops : 1; }

static dfn_status check(const dfn_model_info *i, const dfn_stream_config *c, dfn_error *err)
{
    if (c->sample_rate < RATE_MIN || c->sample_rate > RATE_MAX)
        return dfn_fail(err, DFN_ERR_ARG, "sample rate %d Hz is not within %d and %d",
                        c->sample_rate, RATE_MIN, RATE_MAX);
    if (c->channels < 1 || c->channels > DFN_STREAM_CHANNELS)
        return dfn_fail(err, DFN_ERR_ARG, "%d channels are not within 1 and %d",
                        c->channels, DFN_STREAM_CHANNELS);
    if (c->hops < 0 || c->hops > DFN_STREAM_HOPS)
        return dfn_fail(err, DFN_ERR_ARG, "%d hops at a time are not within 1 and %d",
                        c->hops, DFN_STREAM_HOPS);
    if (i->sample_rate < RATE_MIN || i->sample_rate > RATE_MAX ||
        i->hop_size < i->sample_rate / 1000 || i->hop_size > i->sample_rate / 10 ||
        i->fft_size != 2 * i->hop_size || i->bins != i->hop_size + 1 || i->lookahead < 0 ||
        i->lookahead > LOOKAHEAD_MAX)
        return dfn_fail(err, DFN_ERR_UNSUPPORTED,
                        "a model of %d Hz with hops of %d, frames of %d and %d hops "
                        "lookahead cannot be streamed",
                        i->sample_rate, i->hop_size, i->fft_size, i->lookahead);
    return DFN_OK;
}

static dfn_status open_runner(dfn_runner *r, const dfn_graph *g, const void *const *weights,
                              int batch, int frames, unsigned cpu, dfn_error *err)
{
    const dfn_plan_config config = {.batch = batch,
                                    .frames = frames,
                                    .mode = DFN_INFER,
                                    .precision = DFN_F32,
                                    .cpu = cpu};
    *r = (dfn_runner){.graph = g,
                      .weights = weights,
                      .batch = batch,
                      .state_bytes = dfn_state_bytes(g, DFN_F32)};
    if (dfn_graph_offline(g))
        return dfn_fail(err, DFN_ERR_UNSUPPORTED, "the model needs whole sequences");
    return dfn_plan_new(&r->plan, g, &config, err);
}

/* Where a named value of `size` numbers per stream lies (0: tell its size). */
static float *port(const dfn_runner *r, const char *name, size_t *size, dfn_error *err)
{
    const dfn_value v = dfn_graph_find(r->graph, name);
    const size_t n = v < 0 ? 0 : dfn_shape_frame(dfn_graph_shape(r->graph, v));
    if (v < 0 || (*size && n != *size)) {
        dfn_fail(err, DFN_ERR_UNSUPPORTED, "the model has no '%s' of the right size", name);
        return NULL;
    }
    *size = n;
    return dfn_plan_data(r->plan, v);
}

static bool has(const dfn_runner *r, const char *name)
{
    return dfn_graph_find(r->graph, name) >= 0;
}

static bool open_optional_ports(dfn_stream *s, dfn_error *err)
{
    size_t hop = (size_t)s->hop_size, one = 1;
    if (has(&s->net, "wave") && !(s->net_wave = port(&s->net, "wave", &hop, err)))
        return false;
    return !has(&s->net, "vad") || (s->net_vad = port(&s->net, "vad", &one, err));
}

/* Only the mask must be there; what one stage makes the other must use. */
static bool open_controls(dfn_stream *s, dfn_error *err)
{
    static const char *const names[DFN_STREAM_CONTROLS] = {"mask", "coefs", "keep"};
    for (int i = 0; i < DFN_STREAM_CONTROLS; i++) {
        dfn_control *c = &s->control[s->n_control];
        if (i && !has(&s->net, names[i]) && !has(&s->apply, names[i]))
            continue;
        if (!(c->made = port(&s->net, names[i], &c->size, err)) ||
            !(c->used = port(&s->apply, names[i], &c->size, err)))
            return false;
        s->n_control++;
    }
    return true;
}

static dfn_status open_ports(dfn_stream *s, dfn_error *err)
{
    size_t spec = 2 * (size_t)s->bins, one = 1;
    const bool ok = (s->net_spec = port(&s->net, "spec", &spec, err)) &&
                    (s->net_lsnr = port(&s->net, "lsnr", &one, err)) &&
                    (s->apply_spec = port(&s->apply, "spec", &spec, err)) &&
                    (s->apply_noisy = port(&s->apply, "noisy", &spec, err)) &&
                    (s->apply_enhanced = port(&s->apply, "enhanced", &spec, err)) &&
                    open_optional_ports(s, err) && open_controls(s, err);
    return ok ? DFN_OK : DFN_ERR_UNSUPPORTED;
}

static int latency(const dfn_schedule *s, const dfn_model_info *i)
{
    const double ratio = (double)s->rate / i->sample_rate;
    return s->prefill + (int)lround(i->hop_size * (1 + i->lookahead) * ratio);
}

/* Every size that follows from the model and the rate. */
static dfn_status measure(dfn_stream *s, const dfn_model_info *i, int rate, int hops,
                          dfn_error *err)
{
    const dfn_status status =
        dfn_schedule_make(&s->schedule, rate, i->sample_rate, i->hop_size, hops, err);
    const double ratio = (double)rate / i->sample_rate;
    const int quantum = (int)ceil(i->hop_size * ratio);
    s->hop_size = i->hop_size;
    s->hops_max = hops;
    s->bins = i->bins;
    s->lookahead = i->lookahead;
    s->settle_hops = i->lookahead + i->df_order + 2; /* nothing older is in any delay */
    s->long_silence = LONG_SILENCE * i->sample_rate / i->hop_size;
    if (s->long_silence < s->settle_hops)
        s->long_silence = s->settle_hops;
    s->latency = latency(&s->schedule, i);
    s->quantum_max = quantum + s->schedule.lead;
    s->wet_max = s->schedule.prefill + (hops + 1) * quantum;
    s->hop_max = 2 * i->hop_size + (int)ceil(s->schedule.lead / ratio);
    s->bypass.length = rate / 100;
    return status;
}

static dfn_status open_converters(dfn_stream *s, dfn_error *err)
{
    dfn_status status = DFN_OK;
    if (s->schedule.rate == s->schedule.model_rate)
        return DFN_OK;
    for (int c = 0; c < s->channels && !status; c++) {
        status = dfn_resampler_new(&s->channel[c].to_model, err);
        if (!status)
            status = dfn_resampler_new(&s->channel[c].to_host, err);
    }
    return status;
}

static dfn_status open_block(dfn_stream *s, dfn_error *err)
{
    s->block = aligned_alloc(ALIGN, layout(s, NULL));
    if (!s->block)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory for a stream");
    layout(s, s->block);
    return DFN_OK;
}

static dfn_status build(dfn_stream *s, const dfn_model *m, const dfn_stream_config *config,
                        dfn_error *err)
{
    const dfn_model_info *info = dfn_model_get_info(m);
    dfn_status status = check(info, config, err);
    if (status)
        return status;
    if (!dfn_model_run_net(m))
        return dfn_fail(
            err, DFN_ERR_ARG,
            "the model has no weights: it is only described by a configuration");
    const int hops = group(config);
    s->channels = config->channels;
    status = measure(s, info, config->sample_rate, hops, err);
    if (!status)
        status =
            open_runner(&s->net, dfn_model_run_net(m), dfn_model_run_weights(m),
                        config->independent ? config->channels : 1, hops, config->cpu, err);
    if (!status)
        status = open_runner(&s->apply, dfn_model_apply(m), dfn_model_apply_weights(m),
                             config->channels, hops, config->cpu, err);
    if (!status)
        status = open_ports(s, err);
    if (!status)
        status = dfn_stft_new(&s->stft, info->fft_size, info->hop_size, config->cpu, err);
    if (!status)
        status = open_converters(s, err);
    return status ? status : open_block(s, err);
}

dfn_status dfn_stream_new(dfn_stream **out, const dfn_model *model,
                          const dfn_stream_config *config, dfn_error *err)
{
    if (!out || !model || !config)
        return dfn_fail(err, DFN_ERR_ARG, "a stream needs a model and a configuration");
    dfn_stream *s = calloc(1, sizeof *s);
    if (!s)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory for a stream");
    const dfn_status status = build(s, model, config, err);
    if (status) {
        dfn_stream_free(s);
        return status;
    }
    for (int p = 0; p < DFN_PARAM_COUNT; p++)
        atomic_init(&s->param[p], dfn_param_get_info((dfn_param)p)->def);
    dfn_stream_restart(s);
    *out = s;
    return DFN_OK;
}

dfn_status dfn_stream_find_latency(int *samples, const dfn_model *model,
                                   const dfn_stream_config *config, dfn_error *err)
{
    if (!samples || !model || !config)
        return dfn_fail(err, DFN_ERR_ARG, "a latency needs a model and a configuration");
    const dfn_model_info *i = dfn_model_get_info(model);
    dfn_schedule schedule;
    dfn_status status = check(i, config, err);
    if (!status)
        status = dfn_schedule_make(&schedule, config->sample_rate, i->sample_rate,
                                   i->hop_size, group(config), err);
    if (!status)
        *samples = latency(&schedule, i);
    return status;
}

void dfn_stream_free(dfn_stream *s)
{
    if (!s)
        return;
    for (int c = 0; c < s->channels; c++) {
        src_delete(s->channel[c].to_model);
        src_delete(s->channel[c].to_host);
    }
    dfn_plan_free(s->net.plan);
    dfn_plan_free(s->apply.plan);
    dfn_stft_free(s->stft);
    free(s->block);
    free(s);
}
