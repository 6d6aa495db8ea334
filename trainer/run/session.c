#include "run/session.h"

#include "model/random.h"
#include "run/gemm.h"
#include "run/ranks.h"

#include <dfnet4/cpu.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double sample_rate = 48000;

int dfn_recipe_threads(int asked)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const int share = (int)(cores > 0 ? cores : 1) / dfn_ranks_here();
    return asked > 0 ? asked : share > 0 ? share : 1;
}

/* Whole hops of a clip. */
static size_t clip_samples(const dfn_session *s)
{
    const size_t hop = (size_t)dfn_model_get_info(s->model)->hop_size;
    return (size_t)llround(s->recipe->train.seconds * sample_rate) / hop * hop;
}

double dfn_session_hours(const dfn_session *s, uint64_t examples)
{
    return (double)examples * (double)clip_samples(s) / sample_rate / 3600;
}

static uint64_t epoch_clips(const dfn_session *s)
{
    const double clips =
        s->recipe->train.epoch_hours * 3600 * sample_rate / (double)clip_samples(s);
    return clips >= 1 ? (uint64_t)clips : 1;
}

double dfn_session_position(const dfn_session *s)
{
    return (double)s->counters.examples / (double)epoch_clips(s);
}

bool dfn_session_done(const dfn_session *s)
{
    return dfn_session_hours(s, s->counters.examples) >= s->recipe->train.hours;
}

dfn_status dfn_weights_read(dfn_weights *to, const dfn_graph *g, const char *path,
                            dfn_error *err)
{
    dfn_safetensors *file;
    dfn_status status = dfn_safetensors_open(&file, path, err);
    if (status)
        return status;
    for (int i = 0; i < dfn_graph_weight_count(g) && !status; i++) {
        const dfn_weight *w = dfn_graph_weight(g, i);
        const dfn_tensor *t = dfn_safetensors_find(file, w->name);
        if (!t || t->dtype != DFN_DTYPE_F32 || t->count != w->count)
            status =
                dfn_fail(err, DFN_ERR_FORMAT,
                         "%s: '%s' is missing, of another size or not float32: is it a "
                         "model of the same network, with batch_norm as here?",
                         path, w->name);
        else
            memcpy(to->data[i], t->data, w->count * sizeof(float));
    }
    dfn_safetensors_close(file);
    return status;
}

static dfn_status open_network(dfn_session *s, dfn_error *err)
{
    const dfn_train_config *c = &s->recipe->train;
    dfn_status status =
        dfn_model_training(&s->model, s->recipe->model_text, c->batch_norm, c->model, err);
    if (status)
        return status;
    s->graph = dfn_model_net(s->model);
    status = dfn_adamw_new(&s->adamw, s->graph, &s->recipe->adamw, err);
    if (status)
        return status;
    if (*c->init)
        status = dfn_weights_read(&s->adamw.weights, s->graph, c->init, err);
    else
        dfn_random_fill(&s->adamw.weights, s->graph, (uint64_t)c->seed);
    if (!status)
        dfn_adamw_start(&s->adamw);
    return status;
}

/* Shards of the largest batch. */
static int most_shards(const dfn_recipe *r)
{
    int most = 1;
    for (int i = 0; i < r->batch_schedule.count; i++)
        if (most < r->batch_schedule.clips[i] / r->train.shard_clips)
            most = r->batch_schedule.clips[i] / r->train.shard_clips;
    return most;
}

/* What threads do while they wait for others. */
static bool mix_ahead(void *loader) { return dfn_loader_work(loader); }

/* A loader of this rank's part of batches of `shards` shards. */
static dfn_status open_loader(dfn_session *s, int shards, dfn_error *err)
{
    const dfn_train_config *c = &s->recipe->train;
    const int ranks = dfn_ranks_count(), part = shards / ranks;
    const uint64_t before = (uint64_t)dfn_ranks_index() * (uint64_t)part;
    const dfn_loader_config config = {.split = DFN_TRAIN_SPLIT,
                                      .seed = (uint64_t)c->seed,
                                      .epoch_clips = epoch_clips(s),
                                      .first = s->counters.examples +
                                               before * (uint64_t)c->shard_clips,
                                      .samples = clip_samples(s),
                                      .clips = c->shard_clips,
                                      .run = ranks > 1 ? part : 0,
                                      .gap = ranks > 1 ? shards - part : 0,
                                      .threads = c->loader_threads,
                                      .callers = dfn_pool_threads(s->pool),
                                      .ahead = 2 * dfn_pool_threads(s->pool)};
    if (s->loader)
        s->waited += dfn_loader_waited(s->loader);
    dfn_pool_set_idle(s->pool, NULL, NULL);
    dfn_loader_free(s->loader);
    s->shards_taken = 0;
    s->loader_shards = shards;
    const dfn_status status =
        dfn_loader_new(&s->loader, s->sounds, &s->recipe->mix, &config, err);
    if (!status)
        dfn_pool_set_idle(s->pool, mix_ahead, s->loader);
    return status;
}

/* Every batch can be divided among the ranks. */
static dfn_status check_ranks(const dfn_recipe *r, dfn_error *err)
{
    const int part = r->train.shard_clips * dfn_ranks_count();
    for (int i = 0; i < r->batch_schedule.count; i++)
        if (r->batch_schedule.clips[i] % part)
            return dfn_fail(err, DFN_ERR_ARG,
                            "a batch of %d clips cannot be divided among %d processes with "
                            "shards of %d clips; see optim.batch and train.shard_clips",
                            r->batch_schedule.clips[i], dfn_ranks_count(),
                            r->train.shard_clips);
    return DFN_OK;
}

static dfn_status open_work(dfn_session *s, dfn_error *err)
{
    const dfn_train_config *c = &s->recipe->train;
    const dfn_worker_config worker = {.model = s->model,
                                      .loss = &s->recipe->loss,
                                      .clips = c->shard_clips,
                                      .samples = clip_samples(s),
                                      .mode = DFN_TRAIN,
                                      .bf16 = c->bf16,
                                      .cpu = dfn_cpu_detect()};
    dfn_blas_init();
    dfn_status status = dfn_ranks_index() == 0 ? check_ranks(s->recipe, err) : DFN_OK;
    dfn_ranks_copy(&status, sizeof status);
    if (!status)
        status = dfn_pool_new(&s->pool, dfn_recipe_threads(c->threads), err);
    if (!status)
        status = dfn_batch_new(&s->batch, &worker, s->pool, most_shards(s->recipe), err);
    if (!status && c->validate_clips > 0)
        status = dfn_validator_new(
            &s->validator, s->sounds, &s->recipe->mix, &worker, s->pool,
            (c->validate_clips + c->shard_clips - 1) / c->shard_clips, err);
    return status;
}

static dfn_status open_inputs(dfn_session *s, const dfn_data_watch *watch, dfn_error *err)
{
    const dfn_status status = open_network(s, err);
    return status ? status : dfn_sounds_open(&s->sounds, &s->recipe->data, watch, err);
}

dfn_status dfn_session_new(dfn_session **out, const dfn_recipe *recipe,
                           const dfn_data_watch *watch, dfn_error *err)
{
    *out = NULL;
    dfn_session *s = calloc(1, sizeof *s);
    if (!s)
        return dfn_fail(err, DFN_ERR_NOMEM, "no memory for a run");
    s->recipe = recipe;
    dfn_status status = DFN_OK;
    if (dfn_ranks_index() == 0) /* the others find its cache */
        status = open_inputs(s, watch, err);
    dfn_ranks_copy(&status, sizeof status);
    if (!status && dfn_ranks_index() > 0)
        status = open_inputs(s, NULL, err);
    if (!status)
        status = open_work(s, err);
    if (status)
        dfn_session_free(s);
    else
        *out = s;
    return status;
}

void dfn_session_free(dfn_session *s)
{
    if (!s)
        return;
    if (s->pool)
        dfn_pool_set_idle(s->pool, NULL, NULL);
    dfn_loader_free(s->loader);
    dfn_validator_free(s->validator);
    dfn_batch_free(s->batch);
    dfn_pool_free(s->pool);
    dfn_sounds_free(s->sounds);
    dfn_adamw_free(&s->adamw);
    dfn_model_free(s->model);
    free(s);
}

double dfn_session_waited(const dfn_session *s)
{
    return s->waited + (s->loader ? dfn_loader_waited(s->loader) : 0);
}

/* Means over all ranks of what each has found in its part. */
static void share(dfn_session *s, dfn_batch_result *b)
{
    const int ranks = dfn_ranks_count();
    double all[DFN_LOSS_COUNT + 1];
    if (ranks == 1)
        return;
    memcpy(all, b->terms, sizeof b->terms);
    all[DFN_LOSS_COUNT] = b->loss;
    dfn_ranks_add(all, DFN_LOSS_COUNT + 1);
    for (int i = 0; i < DFN_LOSS_COUNT; i++)
        b->terms[i] = all[i] / ranks;
    b->loss = all[DFN_LOSS_COUNT] / ranks;
    void *const *gradient = dfn_batch_gradient(s->batch);
    dfn_ranks_add_weights(s->graph, gradient);
    for (int i = 0; i < dfn_graph_weight_count(s->graph); i++)
        for (size_t k = 0; k < dfn_graph_weight(s->graph, i)->count; k++)
            ((float *)gradient[i])[k] /= (float)ranks;
}

dfn_status dfn_session_step(dfn_session *s, dfn_step_report *out, dfn_error *err)
{
    const dfn_recipe *r = s->recipe;
    const double at = dfn_session_position(s);
    const int shards =
        dfn_batch_schedule_clips(&r->batch_schedule, at) / r->train.shard_clips;
    const int part = shards / dfn_ranks_count();
    const uint64_t skipped = s->adamw.skipped;
    dfn_status status = DFN_OK;
    if (!s->loader || (dfn_ranks_count() > 1 && shards != s->loader_shards))
        status = open_loader(s, shards, err);
    if (status)
        return status;
    *out = (dfn_step_report){
        .rate = dfn_schedule_rate(&r->schedule, at),
        .decay = dfn_schedule_decay(r->decay, r->decay_end, r->schedule.epochs, at),
        .clips = shards * r->train.shard_clips};
    dfn_batch_result b = dfn_batch_run(s->batch, (const void *const *)s->adamw.weights.data,
                                       s->loader, s->shards_taken, part);
    if (b.failed)
        return dfn_fail(err, DFN_ERR_NOMEM, "no memory for the examples of a step");
    share(s, &b);
    out->norm = dfn_adamw_step(&s->adamw, dfn_batch_gradient(s->batch), out->rate,
                               out->decay, s->pool);
    s->shards_taken += (uint64_t)part;
    s->counters.examples += (uint64_t)out->clips;
    out->loss = b.loss;
    memcpy(out->terms, b.terms, sizeof out->terms);
    out->skipped = s->adamw.skipped != skipped;
    s->counters.in_row = out->skipped ? s->counters.in_row + 1 : 0;
    out->step = ++s->counters.step;
    out->position = dfn_session_position(s);
    out->hours = dfn_session_hours(s, s->counters.examples);
    return DFN_OK;
}

dfn_status dfn_session_validate(dfn_session *s, dfn_validation *out, dfn_error *err)
{
    return dfn_validator_run(s->validator, (const void *const *)s->adamw.average.data, out,
                             err);
}

dfn_status dfn_session_write_model(const dfn_session *s, const char *path,
                                   const dfn_text_pair *metadata, size_t n_metadata,
                                   dfn_error *err)
{
    return dfn_model_write(s->model, path, (const void *const *)s->adamw.average.data, NULL,
                           metadata, n_metadata, err);
}
