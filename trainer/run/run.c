/* run.c - dfnet4-train RECIPE: train until the recipe's hours are reached. The same command
 * again goes on where the last one was stopped, however that was. */
#include "run/ranks.h"
#include "run/report.h"
#include "run/train.h"

#include "optim/checkpoint.h"
#include "optim/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { OPTIONS_MAX = 256, KEY_SHOW = 256, KEY_STOP };

typedef struct settings {
    const char *recipe, *folder;
    const char *option[OPTIONS_MAX];
    size_t n_option;
    uint64_t stop_after; /* steps of this session; 0: no limit */
    bool show, quiet;
} settings;

/* One run. */
typedef struct run {
    settings set;
    char folder[DFN_PATH];
    int lock;
    dfn_recipe *recipe;
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

/* runs/NAME for NAME.ini, unless the user named one. */
static dfn_status name_folder(run *r, dfn_error *err)
{
    const char *slash = strrchr(r->set.recipe, '/');
    const char *name = slash ? slash + 1 : r->set.recipe;
    const size_t dot = strcspn(name, ".");
    const int n = r->set.folder
                      ? snprintf(r->folder, sizeof r->folder, "%s", r->set.folder)
                      : snprintf(r->folder, sizeof r->folder, "runs/%.*s", (int)dot, name);
    if (n < 1 || (size_t)n >= sizeof r->folder)
        return dfn_fail(err, DFN_ERR_ARG, "the name of the run's folder is too long");
    return DFN_OK;
}

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

static const cli_option *options(void)
{
    static const cli_option list[] = {
        {'o', "option", "KEY=VALUE",
         "Use this instead of what the recipe says; KEY is "
         "SECTION.KEY. May be given more than once"},
        {'r', "run", "DIR", "Folder of the run; default: runs/NAME for NAME.ini"},
        {'q', "quiet", NULL, "Do not tell the progress"},
        {KEY_SHOW, "show", NULL, "Print the whole recipe, defaults included, and exit"},
        {KEY_STOP, "stop-after", "N", "Stop after N steps, as if interrupted"},
        {0},
    };
    return list;
}

static void read_arguments(const cli_command *self, settings *s, int argc, char **argv)
{
    for (int key; (key = cli_next_option(self, argc, argv)) >= 0;)
        switch (key) {
        case 'o':
            if (s->n_option == OPTIONS_MAX)
                cli_usage(self, "more than %d options", OPTIONS_MAX);
            s->option[s->n_option++] = optarg;
            break;
        case 'r': s->folder = optarg; break;
        case 'q': s->quiet = true; break;
        case KEY_SHOW: s->show = true; break;
        case KEY_STOP: s->stop_after = (uint64_t)cli_count(self, "stop-after", 1, 1 << 30);
        }
    if (optind + 1 != argc)
        cli_usage(self, argc > optind ? "one recipe at a time" : "which recipe?");
    s->recipe = argv[optind];
}

/* Rank 0 first: what is wrong with it is said once. */
static dfn_status read_recipe(run *r, dfn_error *err)
{
    const settings *s = &r->set;
    dfn_status status = DFN_OK;
    if (first())
        status = dfn_recipe_read(&r->recipe, s->recipe, s->option, s->n_option, err);
    dfn_ranks_copy(&status, sizeof status);
    if (!status && !first())
        status = dfn_recipe_read(&r->recipe, s->recipe, s->option, s->n_option, err);
    return status;
}

static int command(const cli_command *self, int argc, char **argv)
{
    run r = {.lock = -1};
    dfn_error err = {0};
    read_arguments(self, &r.set, argc, argv);
    dfn_status status = read_recipe(&r, &err);
    if (!status && r.set.show)
        fputs(first() ? r.recipe->text : "", stdout);
    else if (!status && !(status = name_folder(&r, &err)))
        status = work(&r, &err);
    if (status && *err.text)
        cli_error(NULL, "%s", err.text);
    else if (status)
        dfn_ranks_await_end();
    dfn_report_free(r.report);
    dfn_session_free(r.session);
    dfn_recipe_free(r.recipe);
    if (r.lock >= 0)
        close(r.lock);
    return status ? CLI_FAILED : CLI_OK;
}

const cli_command train_run = {
    .name = "run",
    .arguments = "[OPTION]... RECIPE.ini",
    .summary = "Train a network, or go on with it",
    .about = "Train the network that a recipe describes until its hours of audio are "
             "reached. The same command again goes on where the last one stopped.",
    .notes =
        "In the folder of the run: recipe.ini (every key with its value), log.jsonl and\n"
        "event files for TensorBoard, best-1.safetensors (the best model so far, to be "
        "used\n"
        "with dfnet4), last.ckpt and previous.ckpt (to go on with).\n"
        "Ctrl-C writes a checkpoint and stops.\n"
        "\nExamples:\n"
        "  dfnet4-train toy.ini\n"
        "  dfnet4-train lite.ini -o train.hours=500 -o data.manifest=my/manifest.csv\n",
    .options = options,
    .run = command,
};
