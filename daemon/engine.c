/* engine.c - streams of one instance: making, changing and freeing them. Main thread. */
#include "engine_state.h"

#include <stdlib.h>
#include <string.h>

/* Let the pages of a new stream be there before somebody waits for its sound. */
static void warm_up(dfn_stream *s, const dfn_stream_config *config, float *scratch)
{
    const float *in[DFND_CHANNELS];
    float *out[DFND_CHANNELS];
    for (int c = 0; c < config->channels; c++)
        in[c] = out[c] = scratch + (size_t)c * DFND_CHUNK;
    memset(scratch, 0, (size_t)config->channels * DFND_CHUNK * sizeof *scratch);
    for (int done = 0; done < config->sample_rate / 10; done += DFND_CHUNK) {
        scratch[0] = 0.1f; /* silence might be spared the work */
        dfn_stream_process(s, in, out, DFND_CHUNK);
    }
    dfn_stream_reset(s);
}

static dfn_status make_stream(dfnd_engine *e, dfn_stream **out, const dfn_model *model,
                              dfn_error *err)
{
    float *scratch = calloc((size_t)e->config.channels * DFND_CHUNK, sizeof *scratch);
    if (!scratch)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    const dfn_status status = dfn_stream_new(out, model, &e->config, err);
    if (!status)
        warm_up(*out, &e->config, scratch);
    free(scratch);
    return status;
}

dfn_status dfnd_engine_new(dfnd_engine **out, const dfn_model *model,
                           const dfn_stream_config *config, dfnd_engine_release *release,
                           void *user, dfn_error *err)
{
    *out = NULL;
    if (config->channels < 1 || config->channels > DFND_CHANNELS)
        return dfn_fail(err, DFN_ERR_ARG, "%d channels: 1 to %d are possible",
                        config->channels, DFND_CHANNELS);
    dfnd_engine *e = calloc(1, sizeof *e);
    if (!e)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    e->config = *config;
    e->release = release;
    e->user = user;
    e->rest_seconds = 1;
    e->scratch = calloc((size_t)config->channels * DFND_CHUNK, sizeof *e->scratch);
    const dfn_status status = e->scratch ? make_stream(e, &e->alive[0].stream, model, err)
                                         : dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    if (status) {
        free(e->scratch);
        free(e);
        return status;
    }
    e->alive[0].model = model;
    e->current = e->alive[0].stream;
    *out = e;
    return DFN_OK;
}

static void drop(dfnd_engine *e, dfnd_alive *a)
{
    dfn_stream_free(a->stream);
    if (a->model)
        e->release(e->user, a->model);
    *a = (dfnd_alive){0};
}

void dfnd_engine_free(dfnd_engine *e)
{
    if (!e)
        return;
    drop(e, &e->alive[0]);
    drop(e, &e->alive[1]);
    free(e->scratch);
    free(e);
}

/* alive[1] is the newer of two; when the older has retired, it takes its place. */
void dfnd_engine_collect(dfnd_engine *e)
{
    const dfn_stream *retired = atomic_exchange(&e->retired, NULL);
    if (!retired)
        return;
    drop(e, &e->alive[0]);
    e->alive[0] = e->alive[1];
    e->alive[1] = (dfnd_alive){0};
}

dfn_status dfnd_engine_change(dfnd_engine *e, const dfn_model *model, dfn_error *err)
{
    dfnd_engine_collect(e);
    if (e->alive[1].stream) { /* not begun, as when nobody listens: it can be replaced */
        if (!atomic_exchange(&e->next, NULL))
            return dfn_fail(err, DFN_ERR_UNSUPPORTED, "the change before is not over yet");
        drop(e, &e->alive[1]);
    }
    dfn_stream *stream;
    const dfn_status status = make_stream(e, &stream, model, err);
    if (status)
        return status;
    for (int p = 0; p < DFN_PARAM_COUNT; p++)
        dfn_stream_set(stream, (dfn_param)p, dfnd_engine_get(e, (dfn_param)p));
    dfn_stream_reset(stream); /* parameters are where they should be, at once */
    e->alive[1] = (dfnd_alive){stream, model};
    atomic_store(&e->next, stream);
    return DFN_OK;
}

/* The one that will stay. */
static dfn_stream *newest(const dfnd_engine *e)
{
    return e->alive[1].stream ? e->alive[1].stream : e->alive[0].stream;
}

int dfnd_engine_latency(const dfnd_engine *e) { return dfn_stream_latency(newest(e)); }

void dfnd_engine_set(dfnd_engine *e, dfn_param p, float value)
{
    for (int i = 0; i < 2; i++)
        if (e->alive[i].stream)
            dfn_stream_set(e->alive[i].stream, p, value);
}

float dfnd_engine_get(const dfnd_engine *e, dfn_param p)
{
    return dfn_stream_get(newest(e), p);
}

void dfnd_engine_get_status(const dfnd_engine *e, dfnd_engine_status *status)
{
    *status = (dfnd_engine_status){.blocks = atomic_load(&e->blocks),
                                   .frames = atomic_load(&e->frames),
                                   .overloads = atomic_load(&e->overloads),
                                   .overloaded = atomic_load(&e->overloaded),
                                   .load = (double)atomic_load(&e->load),
                                   .load_max = (double)atomic_load(&e->load_max)};
    for (int m = 0; m < DFN_METER_COUNT; m++)
        status->meter[m] = dfn_stream_meter(newest(e), (dfn_meter)m);
}
