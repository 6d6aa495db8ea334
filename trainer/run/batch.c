#include "run/batch.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef struct slot {
    dfn_weights gradient;
    double loss, terms[DFN_LOSS_COUNT];
} slot;

struct dfn_batch {
    const dfn_graph *g;
    dfn_pool *pool;
    dfn_worker **worker; /* [threads] */
    slot *slot;          /* [shards] */
    int threads, shards;
    bool train;
    dfn_batch_watch *watch;
    void *watch_context;
    /* of the run in progress */
    const void *const *weights;
    dfn_loader *loader;
    uint64_t first; /* number of its first shard */
    int running;    /* shards of this run */
    atomic_bool failed;
};

dfn_status dfn_batch_new(dfn_batch **out, const dfn_worker_config *config, dfn_pool *pool,
                         int shards, dfn_error *err)
{
    *out = NULL;
    dfn_batch *b = calloc(1, sizeof *b);
    if (!b)
        return dfn_fail(err, DFN_ERR_NOMEM, "no memory for a batch");
    b->g = dfn_model_net(config->model);
    b->pool = pool;
    b->threads = dfn_pool_threads(pool);
    b->shards = shards;
    b->train = config->mode == DFN_TRAIN;
    b->worker = calloc((size_t)b->threads, sizeof(dfn_worker *));
    b->slot = calloc((size_t)shards, sizeof *b->slot);
    dfn_status status = DFN_OK;
    if (!b->worker || !b->slot)
        status = dfn_fail(err, DFN_ERR_NOMEM, "no memory for %d shards", shards);
    for (int i = 0; i < b->threads && !status; i++)
        status = dfn_worker_new(&b->worker[i], config, err);
    for (int i = 0; i < shards && b->train && !status; i++)
        status = dfn_weights_new(&b->slot[i].gradient, b->g, DFN_F32, err);
    if (status)
        dfn_batch_free(b);
    else
        *out = b;
    return status;
}

void dfn_batch_free(dfn_batch *b)
{
    if (!b)
        return;
    for (int i = 0; b->worker && i < b->threads; i++)
        dfn_worker_free(b->worker[i]);
    for (int i = 0; b->slot && i < b->shards; i++)
        dfn_weights_free(&b->slot[i].gradient);
    free(b->worker);
    free(b->slot);
    free(b);
}

void dfn_batch_set_watch(dfn_batch *b, dfn_batch_watch *watch, void *context)
{
    b->watch = watch;
    b->watch_context = context;
}

/* Gradients start at zero, running statistics where they are. */
static void start(const dfn_batch *b, const slot *s)
{
    for (int i = 0; i < s->gradient.count; i++) {
        const dfn_weight *w = dfn_graph_weight(b->g, i);
        if (w->buffer)
            memcpy(s->gradient.data[i], b->weights[i], w->count * sizeof(float));
        else
            memset(s->gradient.data[i], 0, w->count * sizeof(float));
    }
}

static void run_shard(void *context, int task, int worker)
{
    dfn_batch *b = context;
    (void)task; /* the shard says which it is: workers may take them in another order */
    const dfn_shard *shard = dfn_loader_take(b->loader);
    if (!shard) {
        b->failed = true;
        return;
    }
    slot *s = &b->slot[shard->number - b->first];
    start(b, s);
    s->loss =
        dfn_worker_run(b->worker[worker], b->weights, b->train ? s->gradient.data : NULL,
                       shard, 1.0 / b->running, s->terms);
    if (b->watch)
        b->watch(b->watch_context, b->worker[worker], shard);
    dfn_loader_give(b->loader, shard);
}

/* Add up one weight's gradients, in the order of the shards. */
static void add_up(void *context, int task, int worker)
{
    const dfn_batch *b = context;
    const dfn_weight *w = dfn_graph_weight(b->g, task);
    float *sum = b->slot[0].gradient.data[task];
    (void)worker;
    for (int s = 1; s < b->running; s++) {
        const float *x = b->slot[s].gradient.data[task];
        for (size_t i = 0; i < w->count; i++)
            sum[i] += x[i];
    }
    for (size_t i = 0; w->buffer && i < w->count; i++)
        sum[i] /= (float)b->running;
}

dfn_batch_result dfn_batch_run(dfn_batch *b, const void *const *weights, dfn_loader *loader,
                               uint64_t first, int shards)
{
    dfn_batch_result r = {0};
    b->weights = weights;
    b->loader = loader;
    b->first = first;
    b->running = shards < b->shards ? shards : b->shards;
    b->failed = false;
    dfn_pool_run(b->pool, run_shard, b, b->running);
    r.failed = b->failed;
    if (r.failed)
        return r;
    for (int s = 0; s < b->running; s++) {
        r.loss += b->slot[s].loss / b->running;
        for (int i = 0; i < DFN_LOSS_COUNT; i++)
            r.terms[i] += b->slot[s].terms[i] / b->running;
    }
    if (b->train)
        dfn_pool_run(b->pool, add_up, b, dfn_graph_weight_count(b->g));
    return r;
}

void *const *dfn_batch_gradient(const dfn_batch *b) { return b->slot[0].gradient.data; }
