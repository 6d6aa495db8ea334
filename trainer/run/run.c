/* Train until the recipe's hours are reached. The same again goes on where the last one was
 * stopped, however that was. */
#include "run/run.h"

#include "command.h"
#include "run/ranks.h"
#include "run/report.h"

#include "optim/checkpoint.h"
#include "optim/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/* One run. */
typedef struct run {
    dfn_run_config set;
    const char *folder;
    int lock;
    const dfn_recipe *recipe;
    dfn_session *session;
    dfn_report *report;
    double started, checkpointed; /* now() */
    double seconds_before;        /* of earlier sessions */
} run;

static volatile sig_atomic_t stop;

static void ask_to_stop(int number) { stop = number; }

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- the folder of a run ----------------------------------------------------------------
 */

/* One process at a time; the lock goes with the process, whatever ends it. */
static dfn_status lock_folder(run *r, dfn_error *err)
{
    char path[DFN_PATH];
    dfn_status status = dfn_make_folder(r->folder, err);
    if (!status)
        status = dfn_path(path, r->folder, "lock", err);
    if (status)
        return status;
    r->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (r->lock < 0)
        return dfn_fail(err, DFN_ERR_IO, "%s: %s", path, strerror(errno));
    bool locked = !flock(r->lock, LOCK_EX | LOCK_NB);
    for (int i = 0; i < 30 && !locked; i++) { /* one that was killed needs a moment to go */
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
        locked = !flock(r->lock, LOCK_EX | LOCK_NB);
    }
    if (!locked)
        return dfn_fail(err, DFN_ERR_IO, "%s: another process works on this run",
                        r->folder);
    return DFN_OK;
}

static dfn_status save_recipe(const run *r, dfn_error *err)
{
    char path[DFN_PATH];
    dfn_status status = dfn_path(path, r->folder, "recipe.ini", err);
    if (status)
        return status;
    FILE *f = fopen(path, "w");
    if (!f)
        return dfn_fail(err, DFN_ERR_IO, "%s: %s", path, strerror(errno));
    const bool bad = fputs(r->recipe->text, f) < 0;
    if (fclose(f) || bad)
        return dfn_fail(err, DFN_ERR_IO, "%s: %s", path, strerror(errno));
    return DFN_OK;
}

/* ---- checkpoints ------------------------------------------------------------------------
 */

static dfn_checkpoint checkpoint_of(const run *r)
{
    return (dfn_checkpoint){.optimiser = &r->session->adamw,
                            .progress = &r->session->counters,
                            .recipe = r->recipe->identity,
                            .config = dfn_model_config(r->session->model)};
}

static bool first(void) { return dfn_ranks_index() == 0; }

static dfn_status read_checkpoint(run *r, dfn_error *err)
{
    const dfn_checkpoint c = checkpoint_of(r);
    dfn_error warning = {0};
    bool found;
    const dfn_status status = dfn_checkpoint_read(&c, r->folder, &found, &warning, err);
    if (status)
        return status;
    if (*warning.text)
        cli_error(NULL, "%s", warning.text);
    return DFN_OK;
}

/* Rank 0 reads; all have the same then. */
static dfn_status resume(run *r, dfn_error *err)
{
    dfn_adamw *o = &r->session->adamw;
    dfn_status status = first() ? read_checkpoint(r, err) : DFN_OK;
    dfn_ranks_copy(&status, sizeof status);
    if (status)
        return status;
    dfn_weights *const tables[] = {&o->weights, &o->average, &o->first, &o->second,
                                   &o->largest};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (tables[i]->data)
            dfn_ranks_copy_weights(r->session->graph, tables[i]->data);
    dfn_ranks_copy(&o->updates, sizeof o->updates);
    dfn_ranks_copy(&o->skipped, sizeof o->skipped);
    dfn_ranks_copy(&r->session->counters, sizeof r->session->counters);
    r->seconds_before = r->session->counters.seconds;
    return DFN_OK;
}

/* A checkpoint must not be newer than the log. A full disk now may be better later: the run
 * goes on with the checkpoint before. */
static bool write_checkpoint(run *r)
{
    dfn_error err = {0};
    const dfn_checkpoint c = checkpoint_of(r);
    r->session->counters.seconds = r->seconds_before + now() - r->started;
    r->checkpointed = now();
    if (!dfn_report_sync(r->report, &err) && !dfn_checkpoint_write(&c, r->folder, &err))
        return true;
    cli_error(NULL, "no checkpoint could be written: %s", err.text);
    return false;
}

/* ---- training ---------------------------------------------------------------------------
 */

/* Whether a validation is due: at the same examples whenever a run was stopped. */
static bool validation_due(const run *r, const dfn_step_report *step)
{
    const double every = r->recipe->train.validate_hours;
    const uint64_t clips = r->session->counters.examples - (uint64_t)step->clips;
    const double before = dfn_session_hours(r->session, clips); /* as it was then */
    return r->session->validator && every > 0 &&
           (uint64_t)(step->hours / every) > (uint64_t)(before / every);
}

static dfn_status validate(run *r, dfn_error *err)
{
    dfn_validation v;
    dfn_counters *c = &r->session->counters;
    dfn_status status = dfn_session_validate(r->session, &v, err);
    if (status)
        return status;
    const double score = r->recipe->train.criterion ? -v.si_sdr : v.loss;
    const int rank = dfn_counters_validated(c, r->recipe->train.keep_best, score);
    status = dfn_report_validation(r->report, &v, rank, err);
    if (!status && rank >= 0) /* the list of the best and their files stay together */
        write_checkpoint(r);
    return status;
}

/* Why the run is over before its hours are reached, or NULL. */
static const char *gives_up(const run *r)
{
    const dfn_train_config *c = &r->recipe->train;
    if (c->patience > 0 && r->session->counters.stale >= (uint64_t)c->patience)
        return "validation has not improved for as long as 'patience' allows";
    if (c->nan_limit > 0 && r->session->counters.in_row >= (uint64_t)c->nan_limit)
        return "too many steps in a row had a gradient that is not finite; a smaller "
               "learning rate may help";
    return NULL;
}

/* Rank 0 decides for all. */
static bool goes_on(const run *r, uint64_t steps)
{
    bool on = !stop && !gives_up(r) && !dfn_session_done(r->session) &&
              !(r->set.stop_after && steps >= r->set.stop_after);
    dfn_ranks_copy(&on, sizeof on);
    return on;
}

static dfn_status train(run *r, dfn_error *err)
{
    dfn_status status = DFN_OK;
    uint64_t steps = 0;
    while (!status && goes_on(r, steps)) {
        dfn_step_report step;
        status = dfn_session_step(r->session, &step, err);
        if (status)
            break;
        steps++;
        if (!first())
            continue;
        dfn_report_step(r->report, &step);
        if (validation_due(r, &step))
            status = validate(r, err);
        if (now() - r->checkpointed >= r->recipe->train.checkpoint_seconds)
            write_checkpoint(r);
    }
    return status;
}

static void say_end(const run *r)
{
    const double hours = dfn_session_hours(r->session, r->session->counters.examples);
    const char *why = gives_up(r);
    if (dfn_session_done(r->session))
        cli_line("%s: done after %.1f hours of audio", r->folder, hours);
    else if (why)
        cli_line("%s: stopped after %.1f hours of audio: %s", r->folder, hours, why);
    else
        cli_line("%s: stopped after %.1f of %.1f hours of audio; the same command goes on",
                 r->folder, hours, r->recipe->train.hours);
}

static void on_message(void *user, const char *text)
{
    (void)user;
    cli_error(NULL, "%s", text);
}

static void on_progress(void *user, size_t done, size_t total)
{
    char text[64];
    (void)user;
    snprintf(text, sizeof text, "decoding recordings: %zu of %zu", done, total);
    if (isatty(STDERR_FILENO))
        cli_bar(done < total ? text : "");
}

static dfn_status open_run(run *r, dfn_error *err)
{
    const dfn_data_watch watch = {.message = on_message, .progress = on_progress};
    dfn_status status = first() ? lock_folder(r, err) : DFN_OK;
    dfn_ranks_copy(&status, sizeof status);
    if (!status)
        status = dfn_session_new(&r->session, r->recipe, &watch, err);
    if (!status)
        status = resume(r, err);
    if (!status &&
        first()) /* only now: another recipe must not overwrite that of the run */
        status = save_recipe(r, err);
    if (!status && first())
        status = dfn_report_new(&r->report, r->session, r->folder, r->set.quiet, err);
    return status;
}

static dfn_status work(run *r, dfn_error *err)
{
    dfn_status status = open_run(r, err);
    if (status)
        return status;
    r->started = r->checkpointed = now();
    cli_catch_signals(ask_to_stop);
    const bool over = dfn_session_done(r->session);
    status = train(r, err);
    if (!first())
        return status;
    dfn_report_clear(r->report);
    if (!status && !over && !write_checkpoint(r))
        return dfn_fail(err, DFN_ERR_IO, "%s: the last checkpoint is older than the run",
                        r->folder);
    if (!status && (dfn_session_done(r->session) || gives_up(r)))
        status = dfn_report_model(r->report, err);
    if (!status)
        say_end(r);
    return status;
}

dfn_status dfn_train_run(const dfn_recipe *recipe, const dfn_run_config *config, bool *done,
                         dfn_error *err)
{
    run r = {.set = *config, .folder = config->folder, .recipe = recipe, .lock = -1};
    const dfn_status status = work(&r, err);
    if (done)
        *done = !status && (dfn_session_done(r.session) || gives_up(&r));
    dfn_report_free(r.report);
    dfn_session_free(r.session);
    if (r.lock >= 0)
        close(r.lock);
    return status;
}
