#include "run/validate.h"

#include <dfnet4/metrics.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t seed = 42; /* the same examples for every run of every recipe */

typedef struct score {
    bool valid;
    double si_sdr_noisy, si_sdr, stoi_noisy, stoi;
} score;

struct dfn_validator {
    const dfn_sounds *sounds;
    const dfn_mix_config *mix;
    dfn_worker_config worker;
    dfn_batch *batch;
    int shards;
    score *score;   /* [shards * clips]: added up in order, whoever made them */
    float *example; /* [DFN_EXAMPLES][noisy, enhanced][samples] */
    size_t example_samples;
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
    *s = (score){.valid = clip->speech && clip->noise};
    if (!s->valid)
        return;
    s->valid = !dfn_si_sdr(&s->si_sdr_noisy, target, noisy, n, NULL) &&
               !dfn_si_sdr(&s->si_sdr, target, enhanced, n, NULL) &&
               !dfn_stoi(&s->stoi_noisy, NULL, target, noisy, n, rate, NULL) &&
               !dfn_stoi(&s->stoi, NULL, target, enhanced, n, rate, NULL);
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
            v->example_samples = n;
        }
    }
    free(enhanced);
}

static void average(const dfn_validator *v, dfn_validation *out)
{
    for (int i = 0; i < v->shards * v->worker.clips; i++) {
        const score *s = &v->score[i];
        if (!s->valid)
            continue;
        out->si_sdr_noisy += s->si_sdr_noisy;
        out->si_sdr += s->si_sdr;
        out->stoi_noisy += s->stoi_noisy;
        out->stoi += s->stoi;
        out->scored++;
    }
    const double n = out->scored ? out->scored : 1;
    out->si_sdr_noisy /= n;
    out->si_sdr /= n;
    out->stoi_noisy /= n;
    out->stoi /= n;
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
                                      .threads = 1,
                                      .ahead = 2};
    *out = (dfn_validation){0};
    const dfn_status status = dfn_loader_new(&loader, v->sounds, v->mix, &config, err);
    if (status)
        return status;
    memset(v->score, 0, (size_t)v->shards * (size_t)v->worker.clips * sizeof *v->score);
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
    if (i < 0 || i >= DFN_EXAMPLES || i >= v->shards * v->worker.clips)
        return 0;
    *noisy = example(v, (size_t)i, false);
    *enhanced = example(v, (size_t)i, true);
    return v->example_samples;
}
