#include "run/report.h"

#include "command.h"

#include "optim/best.h"
#include "run/log.h"
#include "run/progress.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const double line_seconds = 30;
static const int sample_rate = 48000;

struct dfn_report {
    dfn_session *session;
    const char *folder;
    dfn_log *log;
    dfn_progress progress;
    double loss;           /* smoothed, to be shown */
    double logged, waited; /* at the last line: now(), dfn_session_waited() */
    bool failed;           /* it could not be written */
    dfn_step_report last;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

dfn_status dfn_report_new(dfn_report **out, dfn_session *session, const char *folder,
                          bool quiet, dfn_error *err)
{
    *out = NULL;
    dfn_report *r = calloc(1, sizeof *r);
    if (!r)
        return dfn_fail(err, DFN_ERR_NOMEM, "no memory for a log");
    r->session = session;
    r->folder = folder;
    r->logged = now();
    r->last.step = session->counters.step;
    r->last.position = dfn_session_position(session);
    r->last.hours = dfn_session_hours(session, session->counters.examples);
    dfn_progress_init(&r->progress, line_seconds, quiet);
    const dfn_status status = dfn_log_open(&r->log, folder, session->counters.step,
                                           session->recipe->loss.weight, err);
    if (status)
        dfn_report_free(r);
    else
        *out = r;
    return status;
}

void dfn_report_free(dfn_report *r)
{
    if (!r)
        return;
    dfn_log_close(r->log);
    free(r);
}

void dfn_report_clear(dfn_report *r) { dfn_progress_clear(&r->progress); }

dfn_status dfn_report_sync(dfn_report *r, dfn_error *err)
{
    return dfn_log_sync(r->log, err);
}

/* Say once that the log cannot be written, not for every line. */
static void tell(dfn_report *r, dfn_status status, const dfn_error *err)
{
    if (status && !r->failed) {
        dfn_report_clear(r);
        cli_error(NULL, "%s; the run goes on", err->text);
    }
    r->failed = status != DFN_OK;
}

/* Every step has a line of its own: then the lines of a run do not depend on when it was
 * stopped. */
static void log_step(dfn_report *r, const dfn_step_report *step)
{
    dfn_error err = {0};
    const double waited = dfn_session_waited(r->session), elapsed = now() - r->logged;
    const int threads = dfn_pool_threads(r->session->pool);
    const dfn_log_train line = {
        .step = step->step,
        .epoch = step->position,
        .hours = step->hours,
        .lr = step->rate,
        .loss = step->loss,
        .terms = step->terms,
        .grad_norm = step->norm,
        .skipped = r->session->adamw.skipped,
        .hours_per_hour = dfn_progress_hours_per_hour(&r->progress),
        .loader_wait = elapsed > 0 ? (waited - r->waited) / elapsed / threads : 0};
    const dfn_status status = dfn_log_put_train(r->log, &line, &err);
    tell(r, status, &err);
    r->waited = waited;
    r->logged = now();
}

/* Steps of the whole run, as long as batches are as large as the last one. */
static uint64_t steps_in_all(const dfn_report *r, const dfn_step_report *step)
{
    const double hours = dfn_session_hours(r->session, (uint64_t)step->clips);
    const double left = (r->session->recipe->train.hours - step->hours) / hours;
    return step->step + (left > 0 ? (uint64_t)(left + 0.999) : 0);
}

void dfn_report_step(dfn_report *r, const dfn_step_report *step)
{
    const double share = 0.05; /* of a step in the loss that is shown */
    r->last = *step;
    r->loss += r->loss == 0 ? step->loss : share * (step->loss - r->loss);
    log_step(r, step);
    const dfn_progress_state state = {.step = step->step,
                                      .steps = steps_in_all(r, step),
                                      .hours = step->hours,
                                      .loss = r->loss,
                                      .lr = step->rate,
                                      .seconds = now()};
    dfn_progress_step(&r->progress, &state);
}

/* ---- models -----------------------------------------------------------------------------
 */

static dfn_status write_model(dfn_report *r, const char *path, const dfn_validation *v,
                              dfn_error *err)
{
    char step[32], hours[32], score[160] = "";
    snprintf(step, sizeof step, "%llu", (unsigned long long)r->last.step);
    snprintf(hours, sizeof hours, "%.1f", r->last.hours);
    if (v)
        snprintf(score, sizeof score,
                 "loss %.5g, SI-SDR %.2f dB (noisy %.2f), STOI %.4f (noisy %.4f)", v->loss,
                 v->si_sdr, v->si_sdr_noisy, v->stoi, v->stoi_noisy);
    const dfn_text_pair pairs[] = {{DFN_BEST_STEP, step},
                                   {"trained_hours", hours},
                                   {"recipe_sha256", r->session->recipe->hash},
                                   {"validation", score}};
    return dfn_session_write_model(r->session, path, pairs, v ? 4 : 3, err);
}

dfn_status dfn_report_model(dfn_report *r, dfn_error *err)
{
    char path[DFN_PATH];
    const dfn_status status = dfn_path(path, r->folder, "model.safetensors", err);
    return status ? status : write_model(r, path, NULL, err);
}

static dfn_status keep_model(dfn_report *r, const dfn_validation *v, int rank,
                             dfn_error *err)
{
    char path[DFN_PATH];
    const dfn_status status =
        dfn_best_place(&r->session->counters.best, rank, r->folder, path, err);
    return status ? status : write_model(r, path, v, err);
}

static dfn_status log_examples(dfn_report *r, dfn_error *err)
{
    dfn_status status = DFN_OK;
    for (int i = 0; i < DFN_EXAMPLES && !status; i++) {
        const float *noisy, *enhanced;
        char tag[32];
        const size_t n = dfn_validator_example(r->session->validator, i, &noisy, &enhanced);
        if (!n)
            break;
        snprintf(tag, sizeof tag, "noisy/%d", i);
        status = dfn_log_audio(r->log, tag, r->last.step, noisy, n, sample_rate, err);
        snprintf(tag, sizeof tag, "enhanced/%d", i);
        if (!status)
            status =
                dfn_log_audio(r->log, tag, r->last.step, enhanced, n, sample_rate, err);
    }
    return status;
}

dfn_status dfn_report_validation(dfn_report *r, const dfn_validation *v, int rank,
                                 dfn_error *err)
{
    const dfn_log_valid line = {.step = r->last.step,
                                .epoch = r->last.position,
                                .hours = r->last.hours,
                                .loss = v->loss,
                                .terms = v->terms,
                                .si_sdr_noisy = v->si_sdr_noisy,
                                .si_sdr = v->si_sdr,
                                .stoi_noisy = v->stoi_noisy,
                                .stoi = v->stoi};
    dfn_error why = {0};
    dfn_status status = dfn_log_put_valid(r->log, &line, &why);
    if (!status)
        status = log_examples(r, &why);
    tell(r, status, &why);
    dfn_report_clear(r);
    cli_line("%.1f h: validation loss %.5g, SI-SDR %.2f dB (noisy %.2f), STOI %.4f (noisy "
             "%.4f)%s",
             r->last.hours, v->loss, v->si_sdr, v->si_sdr_noisy, v->stoi, v->stoi_noisy,
             rank == 0 ? ", the best so far" : "");
    return rank < 0 ? DFN_OK : keep_model(r, v, rank, err);
}
