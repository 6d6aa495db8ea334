/* finetune.c - dfnet4-train finetune: make a model better for one room and one voice. */
#include "run/finetune.h"

#include "run/run.h"
#include "run/session.h"
#include "run/train.h"

#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    OPTIONS_MAX = 256,
    KEY_NOISE = 256,
    KEY_VOICE,
    KEY_ROOMS,
    KEY_DATA,
    KEY_MODEL,
    KEY_HOURS,
    KEY_FORCE
};

static const double enough_seconds = 60; /* to validate with */

typedef struct settings {
    const char *noise, *voice, *rooms, *data, *model, *run, *output;
    const char *option[OPTIONS_MAX];
    size_t n_option;
    double hours;
    bool force, quiet;
} settings;

typedef struct job {
    settings set;
    char folder[DFN_PATH];
    dfn_model *model;                     /* to start from */
    char start[DFN_PATH], name[DFN_PATH]; /* its file, and what to call it */
    dfn_recipe *recipe;
    dfn_own own;
    char best[DFN_PATH];                        /* model file of the run */
    dfn_validation mine[DFN_FINETUNE_MODELS];   /* before, after */
    dfn_validation others[DFN_FINETUNE_MODELS]; /* on the collection */
} job;

static void on_message(void *user, const char *text)
{
    (void)user;
    cli_error(NULL, "%s", text);
}

/* ---- the model --------------------------------------------------------------------------
 */

/* Something to train: float32, with a configuration. */
static dfn_status open_model(job *j, dfn_error *err)
{
    const char *path = j->set.model, *slash = path ? strrchr(path, '/') : NULL;
    const dfn_status status = path ? dfn_model_load(&j->model, path, err)
                                   : dfn_model_load_default(&j->model, err);
    if (status)
        return status;
    if (dfn_model_quantised(j->model))
        return dfn_fail(err, DFN_ERR_UNSUPPORTED,
                        "%s: is quantised and can only run; train the model that it was "
                        "made from, and quantise the result",
                        path);
    snprintf(j->start, sizeof j->start, "%s", path ? path : "");
    snprintf(j->name, sizeof j->name, "%s",
             slash  ? slash + 1
             : path ? path
                    : dfn_model_default_name());
    return DFN_OK;
}

static const char *about(const job *j, const char *key)
{
    return dfn_model_metadata(j->model, key);
}

static bool has_batch_norm(const job *j)
{
    const char *norm = about(j, "norm");
    return norm && !strcmp(norm, "batch");
}

/* ---- the recipe -------------------------------------------------------------------------
 */

/* Small steps, and losses as in lite.ini; the rest are the defaults. */
static const char recipe_text[] =
    "# What dfnet4-train finetune made; -o SECTION.KEY=VALUE changes it.\n"
    "[train]\n"
    "model = network.ini\n"
    "batch_norm = %s\n"
    "hours = %.9g\n"
    "epoch_hours = %.9g\n"
    "validate_hours = %.9g\n"
    "keep_best = 1\n"
    "[optim]\n"
    "batch = 16\n"
    "lr = 1e-4\n"
    "lr_min = 1e-6\n"
    "warmup = 0.2\n"
    "warmup_lr = 1e-6\n"
    "ema = 0.99\n"
    "[data]\n"
    "manifest = own.csv\n"
    "cache = sounds.cache\n"
    "[mix]\n"
    "p_recorded = %g\n"
    "[loss]\n"
    "spectral = 0\n"
    "multi_resolution = 20\n"
    "mask = 0.1\n"
    "mask_power2 = 4\n"
    "mask_factor2 = 10\n"
    "mask_under = 2\n"
    "lsnr = 0.0001\n"
    "vad = 0.1\n";

static dfn_status keep(const job *j, const char *name, const char *text, dfn_error *err)
{
    char path[DFN_PATH];
    const dfn_status status = dfn_path(path, j->folder, name, err);
    return status ? status : dfn_keep_text(path, text, err);
}

static dfn_status make_recipe(job *j, dfn_error *err)
{
    char text[sizeof recipe_text + 256], path[DFN_PATH], init[DFN_PATH + 16];
    const double part = j->set.hours / 10;
    snprintf(text, sizeof text, recipe_text, has_batch_norm(j) ? "true" : "false",
             j->set.hours, part, part, j->set.rooms ? 0.5 : 0.0);
    snprintf(init, sizeof init, "train.init=%s", j->start);
    const char *option[OPTIONS_MAX + 1] = {init};
    memcpy(option + 1, j->set.option, j->set.n_option * sizeof *option);
    dfn_status status = keep(j, "network.ini", about(j, "config"), err);
    if (!status)
        status = keep(j, "finetune.ini", text, err);
    if (!status)
        status = dfn_path(path, j->folder, "finetune.ini", err);
    if (!status)
        status = dfn_recipe_read(&j->recipe, path, option, j->set.n_option + 1, err);
    return status;
}

/* ---- recordings -------------------------------------------------------------------------
 */

static void say_part(const job *j, dfn_sound_kind kind, const char *name)
{
    const struct dfn_own_part *p = &j->own.part[kind];
    if (!p->recordings)
        return;
    cli_line("%s: %d recording%s, %.0f s to train with and %.0f s to validate with%s", name,
             p->recordings, p->recordings == 1 ? "" : "s", p->seconds[DFN_TRAIN_SPLIT],
             p->seconds[DFN_VALID_SPLIT],
             p->cut ? " (the last fifth of each, so that scores say less about new "
                      "recordings)"
                    : "");
    if (p->seconds[DFN_VALID_SPLIT] < enough_seconds)
        cli_error(NULL,
                  "%s: %.0f s to validate with are little; do not trust small differences "
                  "between the scores",
                  name, p->seconds[DFN_VALID_SPLIT]);
}

static dfn_status prepare(job *j, dfn_error *err)
{
    const dfn_own_config own = {.noise = j->set.noise,
                                .voice = j->set.voice,
                                .rooms = j->set.rooms,
                                .data = j->set.data,
                                .folder = j->folder};
    const dfn_data_watch watch = {.message = on_message};
    const dfn_status status = dfn_own_prepare(&j->own, &own, &watch, err);
    if (status)
        return status;
    say_part(j, DFN_NOISE, "your noise");
    say_part(j, DFN_SPEECH, "your voice");
    if (!j->set.data)
        cli_error(NULL, "only your own voice to train with: the model may get worse for "
                        "other people; --data keeps it from that");
    return DFN_OK;
}

/* ---- scores -----------------------------------------------------------------------------
 */

static dfn_status score(job *j, dfn_error *err)
{
    const char *const models[DFN_FINETUNE_MODELS] = {j->start, j->best};
    dfn_status status = dfn_path(j->best, j->folder, "best-1.safetensors", err);
    if (!status)
        status = dfn_finetune_score(j->mine, j->recipe, j->own.manifest,
                                    j->recipe->data.cache, models, err);
    char cache[DFN_PATH];
    if (!status && *j->own.others &&
        !(status = dfn_path(cache, j->folder, "others.cache", err)))
        status =
            dfn_finetune_score(j->others, j->recipe, j->own.others, cache, models, err);
    return status;
}

/* ---- the result -------------------------------------------------------------------------
 */

static void print_scores(char text[160], const dfn_validation *v)
{
    snprintf(text, 160, "loss %.5g, SI-SDR %.2f dB (noisy %.2f), STOI %.4f (noisy %.4f)",
             v->loss, v->si_sdr, v->si_sdr_noisy, v->stoi, v->stoi_noisy);
}

/* The weights of the run's best model, with where they come from. */
static dfn_status write_model(const job *j, dfn_error *err)
{
    static const char *const kept[] = {"licence", "license", "source",       "data",
                                       "author",  "version", "trained_hours"};
    enum { KEPT = sizeof kept / sizeof *kept };
    char hours[32], before[160], after[160];
    snprintf(hours, sizeof hours, "%.3g", j->recipe->train.hours);
    print_scores(before, &j->mine[0]);
    print_scores(after, &j->mine[1]);
    dfn_text_pair pairs[KEPT + 5] = {{"finetuned_from", j->name},
                                     {"finetuned_hours", hours},
                                     {"recipe_sha256", j->recipe->hash},
                                     {"validation", after},
                                     {"validation_before", before}};
    size_t n = 5;
    for (size_t i = 0; i < KEPT; i++)
        if (about(j, kept[i]))
            pairs[n++] = (dfn_text_pair){kept[i], about(j, kept[i])};
    dfn_model *m;
    dfn_weights w = {0};
    dfn_status status = dfn_model_training(&m, j->recipe->model_text,
                                           j->recipe->train.batch_norm, j->best, err);
    if (status)
        return status;
    status = dfn_weights_new(&w, dfn_model_net(m), DFN_F32, err);
    if (!status)
        status = dfn_weights_read(&w, dfn_model_net(m), j->best, err);
    if (!status)
        status = dfn_model_write(m, j->set.output, (const void *const *)w.data, NULL, pairs,
                                 n, err);
    dfn_weights_free(&w);
    dfn_model_free(m);
    return status;
}

static dfn_status conclude(const job *j, dfn_error *err)
{
    const bool better = dfn_finetune_judge(j->mine, *j->own.others ? j->others : NULL);
    if (!better && !j->set.force) {
        cli_line("%s is not written; the old model is the better one.", j->set.output);
        return DFN_OK;
    }
    const dfn_status status = write_model(j, err);
    if (!status)
        cli_line("%s is written.", j->set.output);
    return status;
}

/* ---- the command ------------------------------------------------------------------------
 */

/* runs/NAME for NAME.safetensors. */
static dfn_status name_folder(job *j, dfn_error *err)
{
    const char *slash = strrchr(j->set.output, '/');
    const char *name = slash ? slash + 1 : j->set.output;
    const int n = j->set.run ? snprintf(j->folder, sizeof j->folder, "%s", j->set.run)
                             : snprintf(j->folder, sizeof j->folder, "runs/%.*s",
                                        (int)strcspn(name, "."), name);
    if (n < 1 || (size_t)n >= sizeof j->folder)
        return dfn_fail(err, DFN_ERR_ARG, "the name of the run's folder is too long");
    return dfn_make_folder(j->folder, err);
}

static dfn_status work(job *j, dfn_error *err)
{
    bool done = false;
    dfn_status status = open_model(j, err);
    if (!status)
        status = name_folder(j, err);
    if (!status && !*j->start &&
        !(status = dfn_path(j->start, j->folder, "start.safetensors", err)))
        status = dfn_finetune_copy(j->model, j->start, err);
    if (!status)
        status = prepare(j, err);
    if (!status)
        status = make_recipe(j, err);
    const dfn_run_config config = {.folder = j->folder, .quiet = j->set.quiet};
    if (!status)
        status = dfn_train_run(j->recipe, &config, &done, err);
    if (status || !done)
        return status;
    status = score(j, err);
    return status ? status : conclude(j, err);
}

static const cli_option *options(void)
{
    static const cli_option list[] = {
        {KEY_NOISE, "noise", "DIR",
         "Recordings of your room without anybody talking; needed, a minute or more"},
        {KEY_VOICE, "voice", "DIR",
         "Recordings of your own voice without noise, a few minutes"},
        {KEY_ROOMS, "rooms", "DIR", "Impulse responses of your room"},
        {KEY_DATA, "data", "MANIFEST",
         "A collection of speech and noise (dfnet4-train scan), so that the model stays "
         "good for others"},
        {KEY_MODEL, "model", "MODEL",
         "Model file to begin with; default: the one that is built in"},
        {KEY_HOURS, "hours", "H", "Hours of audio to train on; default: 10"},
        {'o', "output", "FILE", "Where the new model goes; needed"},
        {'r', "run", "DIR", "Folder of the run; default: runs/NAME for NAME.safetensors"},
        {'O', "option", "KEY=VALUE",
         "Use this instead of what the recipe in the run's folder says; KEY is "
         "SECTION.KEY. May be given more than once"},
        {KEY_FORCE, "force", NULL, "Write FILE even if validation did not improve"},
        {'q', "quiet", NULL, "Do not tell the progress"},
        {0},
    };
    return list;
}

static void add_option(const cli_command *self, settings *s)
{
    if (s->n_option == OPTIONS_MAX)
        cli_usage(self, "more than %d options", OPTIONS_MAX);
    s->option[s->n_option++] = optarg;
}

static settings read_arguments(const cli_command *self, int argc, char **argv)
{
    settings s = {.hours = 10};
    for (int key; (key = cli_next_option(self, argc, argv)) >= 0;)
        switch (key) {
        case KEY_NOISE: s.noise = optarg; break;
        case KEY_VOICE: s.voice = optarg; break;
        case KEY_ROOMS: s.rooms = optarg; break;
        case KEY_DATA: s.data = optarg; break;
        case KEY_MODEL: s.model = optarg; break;
        case KEY_HOURS: s.hours = cli_number(self, "hours", 1e-4, 1e4); break;
        case 'o': s.output = optarg; break;
        case 'r': s.run = optarg; break;
        case 'O': add_option(self, &s); break;
        case KEY_FORCE: s.force = true; break;
        case 'q': s.quiet = true; break;
        }
    if (optind < argc)
        cli_usage(self, "what is '%s'?", argv[optind]);
    if (!s.noise)
        cli_usage(self,
                  "no noise; name a folder with recordings of your room with --noise");
    if (!s.voice && !s.data)
        cli_usage(self, "speech is needed, too: a few minutes of your own voice without "
                        "noise (--voice DIR), or a collection of speech (--data MANIFEST)");
    if (!s.output || !*s.output)
        cli_usage(self, "where does the new model go? --output FILE");
    return s;
}

static int command(const cli_command *self, int argc, char **argv)
{
    static job j;
    dfn_error err = {0};
    j.set = read_arguments(self, argc, argv);
    if (j.set.model && !cli_may_write(j.set.model, j.set.output, true))
        return CLI_FAILED;
    const dfn_status status = work(&j, &err);
    if (status)
        cli_error(NULL, "%s", err.text);
    dfn_recipe_free(j.recipe);
    dfn_model_free(j.model);
    return status ? CLI_FAILED : CLI_OK;
}

const cli_command train_finetune = {
    .name = "finetune",
    .arguments = "--noise DIR [OPTION]... --output FILE",
    .summary = "Make a model better for your room and your voice",
    .about = "Go on with the training of a model, in small steps, on your own noise mixed "
             "with speech: your own, that of a collection, or both. Your recordings are "
             "divided: some are only for validation, which tells before and after "
             "how good the model is on them.",
    .notes = "FILE is written only if validation improved. The same command again goes on "
             "where\n"
             "it was stopped. One process only, no mpirun.\n"
             "\nExamples:\n"
             "  dfnet4-train finetune --noise room/ --voice me/ --output mine.safetensors\n"
             "  dfnet4-train finetune --model full.safetensors --noise room/ \\\n"
             "          --data corpus/manifest.csv --hours 20 --output mine.safetensors\n",
    .options = options,
    .run = command,
};
