/* engine.c - streams of one instance: making, changing and freeing them. Main thread. */
#include "engine_state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double MEASURED_FOR = 60; /* s, while the network rests */

/* Let the pages of a new stream be there before somebody waits for its sound; and see what
 * a hop of it costs. Others use the processor, too: the shortest of ten counts. */
static void warm_up(dfnd_network *n, int channels, float *scratch)
{
    const float *in[DFND_CHANNELS];
    float *out[DFND_CHANNELS];
    double cost = INFINITY;
    for (int c = 0; c < channels; c++)
        in[c] = out[c] = scratch + (size_t)c * DFND_CHUNK;
    memset(scratch, 0, (size_t)channels * DFND_CHUNK * sizeof *scratch);
    for (int k = 0; k < 10; k++) {
        scratch[0] = 0.1f; /* silence might be spared the work */
        const double start = dfnd_engine_now();
        dfn_stream_process(n->stream, in, out, n->hop);
        cost = fmin(cost, dfnd_engine_now() - start);
    }
    n->cost = cost;
    dfn_stream_reset(n->stream);
}

static dfn_status make_network(dfnd_engine *e, dfnd_network **out, const dfn_model *model,
                               dfn_error *err)
{
    const dfn_model_info *info = dfn_model_get_info(model);
    float *scratch = calloc((size_t)e->config.channels * DFND_CHUNK, sizeof *scratch);
    dfnd_network *n = *out = calloc(1, sizeof *n);
    const dfn_status status = scratch && n
                                  ? dfn_stream_new(&n->stream, model, &e->config, err)
                                  : dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    if (!status) {
        n->model = model;
        n->hop =
            (size_t)((int64_t)info->hop_size * e->config.sample_rate / info->sample_rate);
        warm_up(n, e->config.channels, scratch);
        e->measured = dfnd_engine_now();
    } else {
        free(n);
    }
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
    const dfn_status status = e->scratch ? make_network(e, &e->alive[0], model, err)
                                         : dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    if (status) {
        free(e->scratch);
        free(e);
        return status;
    }
    e->current = e->alive[0];
    *out = e;
    return DFN_OK;
}

static void drop(dfnd_engine *e, dfnd_network **at)
{
    dfnd_network *n = *at;
    *at = NULL;
    if (!n)
        return;
    dfn_stream_free(n->stream);
    e->release(e->user, n->model);
    free(n);
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

/* The one that will stay. */
static dfnd_network *newest(const dfnd_engine *e)
{
    return e->alive[1] ? e->alive[1] : e->alive[0];
}

/* This computer may have been busy when the cost was found. */
static void measure_again(dfnd_engine *e)
{
    dfnd_network *n = newest(e), *probe;
    dfn_error err;
    if (make_network(e, &probe, n->model, &err))
        return;
    n->cost = probe->cost;
    dfn_stream_free(probe->stream);
    free(probe);
}

/* alive[1] is the newer of two; when the older has retired, it takes its place. */
void dfnd_engine_collect(dfnd_engine *e)
{
    if (atomic_exchange(&e->retired, NULL)) {
        drop(e, &e->alive[0]);
        e->alive[0] = e->alive[1];
        e->alive[1] = NULL;
    }
    if (atomic_load(&e->overloaded) && dfnd_engine_now() > e->measured + MEASURED_FOR)
        measure_again(e);
}

dfn_status dfnd_engine_change(dfnd_engine *e, const dfn_model *model, dfn_error *err)
{
    dfnd_engine_collect(e);
    if (e->alive[1]) { /* not begun, as when nobody listens: it can be replaced */
        if (!atomic_exchange(&e->next, NULL))
            return dfn_fail(err, DFN_ERR_UNSUPPORTED, "the change before is not over yet");
        drop(e, &e->alive[1]);
    }
    dfnd_network *made;
    const dfn_status status = make_network(e, &made, model, err);
    if (status)
        return status;
    for (int p = 0; p < DFN_PARAM_COUNT; p++)
        dfn_stream_set(made->stream, (dfn_param)p, dfnd_engine_get(e, (dfn_param)p));
    dfn_stream_reset(made->stream); /* parameters are where they should be, at once */
    e->alive[1] = made;
    atomic_store(&e->next, made);
    return DFN_OK;
}

int dfnd_engine_latency(const dfnd_engine *e)
{
    return dfn_stream_latency(newest(e)->stream);
}

void dfnd_engine_set(dfnd_engine *e, dfn_param p, float value)
{
    for (int i = 0; i < 2; i++)
        if (e->alive[i])
            dfn_stream_set(e->alive[i]->stream, p, value);
}

float dfnd_engine_get(const dfnd_engine *e, dfn_param p)
{
    return dfn_stream_get(newest(e)->stream, p);
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
        status->meter[m] = dfn_stream_meter(newest(e)->stream, (dfn_meter)m);
}
