/* score.c - one sound, or one pair of files, after the other. */
#include "run/score.h"

#include "data/decode.h"
#include "run/enhance.h"
#include "run/pool.h"

#include <dfnet4/metrics.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STOI_RATE = 16000 };

static double energy(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * x[i];
    return sum;
}

/* x at the rate of STOI. owner: caller frees; NULL without memory */
static float *narrow(const float *x, size_t n, int rate, size_t *count)
{
    *count = dfn_metric_resampled(n, rate, STOI_RATE);
    float *y = malloc((*count + 1) * sizeof *y);
    if (y && dfn_metric_resample(y, x, n, rate, STOI_RATE, NULL)) {
        free(y);
        return NULL;
    }
    return y;
}

/* Too little speech leaves both as they are. */
static dfn_status score_stoi(double *plain, double *extended, const float *target,
                             const float *x, size_t n, int rate, dfn_error *err)
{
    size_t count;
    float *a = narrow(target, n, rate, &count), *b = narrow(x, n, rate, &count);
    dfn_status status = DFN_ERR_NOMEM;
    if (a && b)
        status = dfn_stoi(plain, extended, a, b, count, STOI_RATE, NULL);
    free(a);
    free(b);
    return status == DFN_ERR_NOMEM ? dfn_fail(err, status, "no memory for a score")
                                   : DFN_OK;
}

dfn_status dfn_score_clip(dfn_score *out, const float *noisy, const float *target,
                          const float *enhanced, size_t n, int rate, dfn_error *err)
{
    const double in = energy(noisy, n), want = energy(target, n), got = energy(enhanced, n);
    *out = (dfn_score){NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    if (!isfinite(in) || !isfinite(want) || !isfinite(got))
        return dfn_fail(err, DFN_ERR_ARG, "a sample of the %s sound is not finite",
                        !isfinite(in)     ? "noisy"
                        : !isfinite(want) ? "clean"
                                          : "enhanced");
    out->level = in > 0 ? 10 * log10(got / in + 1e-30) : NAN;
    if (!(want > 0))
        return DFN_OK;
    dfn_status status = dfn_si_sdr(&out->si_sdr_noisy, target, noisy, n, err);
    if (!status)
        status = dfn_si_sdr(&out->si_sdr, target, enhanced, n, err);
    if (!status)
        status =
            score_stoi(&out->stoi_noisy, &out->estoi_noisy, target, noisy, n, rate, err);
    if (!status)
        status = score_stoi(&out->stoi, &out->estoi, target, enhanced, n, rate, err);
    return status;
}

/* A score is a row of doubles. */
enum { MEASURES = sizeof(dfn_score) / sizeof(double) };

dfn_score dfn_score_mean(const dfn_score *s, size_t n, const bool *use)
{
    double sum[MEASURES] = {0}, row[MEASURES];
    size_t count[MEASURES] = {0};
    for (size_t i = 0; i < n; i++) {
        if (use && !use[i])
            continue;
        memcpy(row, &s[i], sizeof row);
        for (int m = 0; m < MEASURES; m++)
            if (!isnan(row[m])) {
                sum[m] += row[m];
                count[m]++;
            }
    }
    for (int m = 0; m < MEASURES; m++)
        row[m] = count[m] ? sum[m] / (double)count[m] : NAN;
    dfn_score mean;
    memcpy(&mean, row, sizeof mean);
    return mean;
}

typedef struct job {
    dfn_pairs *pairs;
    const dfn_model *model;
    unsigned cpu;
    void (*done)(void *context, const dfn_pair *pair);
    void *context;
} job;

static dfn_status decode(dfn_decoded *out, const char *path, dfn_error *err)
{
    dfn_error why = {0};
    const dfn_status status = dfn_decode(out, path, false, &why);
    return status ? dfn_fail(err, status, "%s: %s", path, why.text) : DFN_OK;
}

static dfn_status score_files(const job *j, dfn_pair *p, dfn_decoded *noisy,
                              dfn_decoded *clean, float **enhanced)
{
    dfn_status status = decode(noisy, p->noisy, &p->err);
    if (!status)
        status = decode(clean, p->clean, &p->err);
    if (status)
        return status;
    if (noisy->count != clean->count)
        return dfn_fail(&p->err, DFN_ERR_FORMAT, "%s: %zu samples, but %zu in %s", p->noisy,
                        noisy->count, clean->count, p->clean);
    const size_t n = noisy->count;
    p->seconds = (double)n / DFN_SOUND_RATE;
    *enhanced = malloc((n + 1) * sizeof **enhanced);
    if (!*enhanced)
        return dfn_fail(&p->err, DFN_ERR_NOMEM, "%s: no memory for the sound", p->noisy);
    dfn_error why = {0};
    status = dfn_enhance(j->model, noisy->data, n, *enhanced, j->cpu, &why);
    if (!status)
        status = dfn_score_clip(&p->score, noisy->data, clean->data, *enhanced, n,
                                DFN_SOUND_RATE, &why);
    return status ? dfn_fail(&p->err, status, "%s: %s", p->noisy, why.text) : DFN_OK;
}

static void score_pair(void *context, int task, int worker)
{
    (void)worker;
    const job *j = context;
    dfn_pair *p = &j->pairs->pair[task];
    dfn_decoded noisy = {0}, clean = {0};
    float *enhanced = NULL;
    p->status = score_files(j, p, &noisy, &clean, &enhanced);
    free(noisy.data);
    free(clean.data);
    free(enhanced);
    if (j->done)
        j->done(j->context, p);
}

dfn_status dfn_pairs_score(dfn_pairs *p, const dfn_model *m, int threads, unsigned cpu,
                           void (*done)(void *context, const dfn_pair *pair), void *context,
                           dfn_error *err)
{
    const dfn_model_info *info = dfn_model_get_info(m);
    if (info->sample_rate != DFN_SOUND_RATE)
        return dfn_fail(err, DFN_ERR_UNSUPPORTED, "a model of %d Hz; scores need %d Hz",
                        info->sample_rate, DFN_SOUND_RATE);
    dfn_pool *pool;
    const dfn_status status = dfn_pool_new(&pool, threads, err);
    if (status)
        return status;
    job j = {.pairs = p, .model = m, .cpu = cpu, .done = done, .context = context};
    dfn_pool_run(pool, score_pair, &j, (int)p->count);
    dfn_pool_free(pool);
    return DFN_OK;
}
