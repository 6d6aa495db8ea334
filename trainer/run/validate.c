#include "run/validate.h"

#include <dfnet4/metrics.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t seed = 42; /* the same examples for every run of every recipe */

/* Of a clip; NaN: cannot be measured, as STOI of less than half a second. */
typedef struct score {
    double si_sdr_noisy, si_sdr, stoi_noisy, stoi;
} score;
static const score unknown = {NAN, NAN, NAN, NAN};

struct dfn_validator {
    const dfn_sounds *sounds;
    const dfn_mix_config *mix;
    dfn_worker_config worker;
    dfn_batch *batch;
    int shards, threads;
    score *score;   /* [shards * clips]: added up in order, whoever made them */
    float *example; /* [DFN_EXAMPLES][noisy, enhanced][samples] */
    size_t example_samples[DFN_EXAMPLES]; /* each made by one of several workers */
};

dfn_status dfn_validator_new(dfn_validator **out, const dfn_sounds *sounds,
                             const dfn_mix_config *mix, const dfn_worker_config *worker,
                             dfn_pool *pool, int shards, dfn_error *err)
{
    *out = NULL;
    dfn_validator *v = calloc(1, sizeof *v);
    if (!v)
        return dfn_fail(err, DFN_ERR_NOMEM, "no memory for the validation");
    v->sounds = sounds;
    v->mix = mix;
    v->worker = *worker;
    v->worker.mode = DFN_EVAL;
    v->shards = shards;
    v->threads = dfn_pool_threads(pool);
    v->score = calloc((size_t)shards * (size_t)worker->clips, sizeof *v->score);
    v->example = calloc(2 * DFN_EXAMPLES * worker->samples, sizeof *v->example);
    dfn_status status = DFN_OK;
    if (!v->score || !v->example)
        status = dfn_fail(err, DFN_ERR_NOMEM, "no memory for the validation");
    if (!status)
        status = dfn_batch_new(&v->batch, &v->worker, pool, shards, err);
    if (status)
        dfn_validator_free(v);
    else
        *out = v;
    return status;
}

void dfn_validator_free(dfn_validator *v)
{
    if (!v)
        return;
    dfn_batch_free(v->batch);
    free(v->score);
    free(v->example);
    free(v);
}

static float *example(const dfn_validator *v, size_t i, bool enhanced)
{
    return v->example + (2 * i + enhanced) * v->worker.samples;
}

/* Score one clip of a shard. */
static void score_clip(score *s, const dfn_clip *clip, const float *noisy,
                       const float *target, const float *enhanced, size_t n)
{
    const int rate = 48000;
    double before, after;
    *s = unknown;
    if (!clip->speech || !clip->noise)
        return;
    if (!dfn_si_sdr(&before, target, noisy, n, NULL) &&
        !dfn_si_sdr(&after, target, enhanced, n, NULL)) {
        s->si_sdr_noisy = before;
        s->si_sdr = after;
    }
    if (!dfn_stoi(&before, NULL, target, noisy, n, rate, NULL) &&
        !dfn_stoi(&after, NULL, target, enhanced, n, rate, NULL)) {
        s->stoi_noisy = before;
        s->stoi = after;
    }
}

static void watch(void *context, dfn_worker *w, const dfn_shard *shard)
{
    dfn_validator *v = context;
    const size_t samples = v->worker.samples;
    float *enhanced = malloc(samples * sizeof *enhanced);
    for (int b = 0; b < v->worker.clips && enhanced; b++) {
        const size_t at = shard->number * (size_t)v->worker.clips + (size_t)b;
        const float *noisy = shard->noisy + (size_t)b * samples;
        const size_t n = dfn_worker_enhanced(w, b, enhanced);
        score_clip(&v->score[at], &shard->clip[b], noisy,
                   shard->target + (size_t)b * samples, enhanced, n);
        if (at < DFN_EXAMPLES) {
            memcpy(example(v, at, false), noisy, n * sizeof *noisy);
            memcpy(example(v, at, true), enhanced, n * sizeof *enhanced);
            v->example_samples[at] = n;
        }
    }
    free(enhanced);
}

static int clips(const dfn_validator *v) { return v->shards * v->worker.clips; }

/* The mean of one field of all scores. */
static double mean(const dfn_validator *v, size_t field)
{
    double sum = 0;
    int n = 0;
    for (int i = 0; i < clips(v); i++) {
        const double x = *(const double *)((const char *)&v->score[i] + field);
        sum += isnan(x) ? 0 : x;
        n += !isnan(x);
    }
    return n ? sum / n : (double)NAN;
}

static void average(const dfn_validator *v, dfn_validation *out)
{
    out->si_sdr_noisy = mean(v, offsetof(score, si_sdr_noisy));
    out->si_sdr = mean(v, offsetof(score, si_sdr));
    out->stoi_noisy = mean(v, offsetof(score, stoi_noisy));
    out->stoi = mean(v, offsetof(score, stoi));
}

dfn_status dfn_validator_run(dfn_validator *v, const void *const *weights,
                             dfn_validation *out, dfn_error *err)
{
    dfn_loader *loader;
    const dfn_loader_config config = {.split = DFN_VALID_SPLIT,
                                      .seed = seed,
                                      .epoch_clips = UINT64_MAX,
                                      .samples = v->worker.samples,
                                      .clips = v->worker.clips,
                                      .callers = v->threads,
                                      .ahead = 1};
    *out = (dfn_validation){0};
    const dfn_status status = dfn_loader_new(&loader, v->sounds, v->mix, &config, err);
    if (status)
        return status;
    for (int i = 0; i < clips(v); i++)
        v->score[i] = unknown;
    dfn_batch_set_watch(v->batch, watch, v);
    const dfn_batch_result r = dfn_batch_run(v->batch, weights, loader, 0, v->shards);
    dfn_loader_free(loader);
    if (r.failed)
        return dfn_fail(err, DFN_ERR_NOMEM, "no memory for examples of the validation");
    out->loss = r.loss;
    memcpy(out->terms, r.terms, sizeof out->terms);
    average(v, out);
    return DFN_OK;
}

size_t dfn_validator_example(const dfn_validator *v, int i, const float **noisy,
                             const float **enhanced)
{
    if (i < 0 || i >= DFN_EXAMPLES || i >= clips(v))
        return 0;
    *noisy = example(v, (size_t)i, false);
    *enhanced = example(v, (size_t)i, true);
    return v->example_samples[i];
}
