/* enhance.c - dfnet4 enhance: remove noise from sound files. */
#include "batch.h"
#include "cli.h"

#include <dfnet4/cpu.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY_INDEPENDENT = 256, KEY_JSON, KEY_PARAM, JOBS_MAX = 256 };

static const cli_option fixed[] = {
    {'o', "output", "PATH",
     "Write to this file; with several inputs or a folder, into this folder, "
     "under the inputs' names. Default: NAME-enhanced.EXT beside each input"},
    {'m', "model", "MODEL", "Use this model: a file, or lite, the one inside the program"},
    {'j', "jobs", "N", "Work on N files at a time; default: one for each processor"},
    {KEY_INDEPENDENT, "independent", NULL,
     "Treat every channel on its own instead of all alike; takes longer"},
    {'f', "force", NULL, "Replace outputs that exist; inputs never"},
    {'n', "dry-run", NULL, "Only show what would be written where"},
    {'q', "quiet", NULL, "Print errors only"},
    {KEY_JSON, "json", NULL, "Print a summary as JSON"},
};
enum { N_FIXED = sizeof fixed / sizeof fixed[0] };

/* The stream's parameters are options, too, except for bypass: that would be cp. */
static const cli_option *options(void)
{
    static cli_option list[N_FIXED + DFN_PARAM_COUNT + 1];
    static char name[DFN_PARAM_COUNT][32], help[DFN_PARAM_COUNT][200];
    if (list[0].key)
        return list;
    int n = 0;
    for (; n < N_FIXED; n++)
        list[n] = fixed[n];
    for (int i = 0; i < DFN_PARAM_COUNT; i++) {
        if (i == DFN_PARAM_BYPASS)
            continue;
        const dfn_param_info *info = dfn_param_get_info((dfn_param)i);
        snprintf(name[i], sizeof name[i], "%s", info->symbol);
        for (char *p = name[i]; *p; p++)
            *p = *p == '_' ? '-' : *p;
        snprintf(help[i], sizeof help[i], "%s (%g to %g%s%s; default %g)", info->help,
                 (double)info->min, (double)info->max, *info->unit ? " " : "", info->unit,
                 (double)info->def);
        list[n++] =
            (cli_option){KEY_PARAM + i, name[i], *info->unit ? info->unit : "X", help[i]};
    }
    return list;
}

static void set_param(const cli_command *self, enhance_settings *s, int i)
{
    const cli_option *o = options();
    while (o->key != KEY_PARAM + i)
        o++;
    const dfn_param_info *info = dfn_param_get_info((dfn_param)i);
    s->param[i] = (float)cli_number(self, o->name, (double)info->min, (double)info->max);
}

static void set_option(const cli_command *self, enhance_settings *s, int key)
{
    switch (key) {
    case 'o': s->output = optarg; break;
    case 'm': s->model_path = optarg; break;
    case 'j': s->threads = cli_count(self, "jobs", 1, JOBS_MAX); break;
    case KEY_INDEPENDENT: s->independent = true; break;
    case 'f': s->force = true; break;
    case 'n': s->dry_run = true; break;
    case 'q': s->quiet = true; break;
    case KEY_JSON: s->json = true; break;
    default: set_param(self, s, key - KEY_PARAM);
    }
}

static enhance_settings defaults(void)
{
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    enhance_settings s = {.threads = processors > 0 ? (int)processors : 1,
                          .cpu = dfn_cpu_detect()};
    s.umask = umask(0);
    umask(s.umask);
    for (int i = 0; i < DFN_PARAM_COUNT; i++)
        s.param[i] = dfn_param_get_info((dfn_param)i)->def;
    return s;
}

/* -o names a folder if it is one, ends like one, or has to be one. */
static void judge_output(const cli_command *self, enhance_settings *s, char **inputs, int n,
                         struct stat *folder)
{
    if (!s->output)
        return;
    if (!*s->output)
        cli_usage(self, "--output has an empty value");
    if (!strcmp(s->output, "-"))
        cli_usage(self, "standard output is not supported; name a file with -o");
    struct stat input;
    const bool there = stat(s->output, folder) == 0;
    const bool several = n > 1 || (stat(inputs[0], &input) == 0 && S_ISDIR(input.st_mode));
    s->output_is_folder = several || (there && S_ISDIR(folder->st_mode)) ||
                          s->output[strlen(s->output) - 1] == '/';
    if (s->output_is_folder && there && !S_ISDIR(folder->st_mode))
        cli_usage(self, "-o %s is a file, but %s needs a folder", s->output,
                  several ? "more than one input" : "the name");
}

/* End as the signal would have ended us, so that a script around us stops, too. */
static void die_of(int number, const job_list *list)
{
    int done = 0;
    for (int i = 0; i < list->count; i++)
        done += list->job[i].state == JOB_DONE;
    cli_error(NULL, "interrupted; %d of %d files are done", done, list->count);
    signal(number, SIG_DFL);
    raise(number);
}

static int conclude(const job_list *list, const enhance_settings *s, double elapsed)
{
    int status = CLI_OK;
    for (int i = 0; i < list->count; i++)
        if (list->job[i].state != JOB_DONE)
            status = CLI_FAILED;
    if (s->json && !summary_json(list, s, elapsed))
        status = CLI_FAILED;
    return status;
}

/* All jobs known: load the model, unless it is not needed, and go. */
static int run_jobs(job_list *list, enhance_settings *s)
{
    const double start = batch_clock();
    dfn_model *model = NULL;
    if (!s->dry_run) {
        dfn_error err;
        char *path = cli_find_model(s->model_path);
        const bool loaded = path && cli_load_model(&model, path, &err) == DFN_OK;
        if (path && !loaded)
            cli_error(NULL, "%s", err.text);
        if (!loaded) {
            free(path);
            return CLI_FAILED;
        }
        s->model = model;
        s->model_path = path;
    }
    batch_run(list, s);
    if (batch_signal)
        die_of(batch_signal, list);
    const int status = conclude(list, s, batch_clock() - start);
    if (!s->dry_run)
        free((char *)(uintptr_t)s->model_path);
    dfn_model_free(model);
    return status;
}

static int run(const cli_command *self, int argc, char **argv)
{
    enhance_settings s = defaults();
    for (int key; (key = cli_next_option(self, argc, argv)) != -1;)
        set_option(self, &s, key);
    if (optind == argc)
        cli_usage(self, "no INPUT");
    struct stat folder = {0};
    judge_output(self, &s, argv + optind, argc - optind, &folder);

    job_list list = {0};
    bool good = true;
    for (int i = optind; good && i < argc; i++)
        good = jobs_add(&list, argv[i], s.output_is_folder ? &folder : NULL, !s.output);
    good = good && jobs_plan(&list, &s);
    int status = CLI_FAILED;
    if (good)
        status = run_jobs(&list, &s);
    else
        cli_error(NULL, "out of memory");
    jobs_free(&list);
    return status;
}

const cli_command cli_enhance = {
    .name = "enhance",
    .arguments = "[OPTION]... INPUT...",
    .summary = "Remove noise from sound files",
    .about =
        "Remove noise from recorded speech. INPUT is a sound file that libsndfile reads "
        "(WAV, "
        "FLAC, AIFF, Ogg, MP3, CAF, W64, RF64 ...), 8 to 192 kHz, up to 64 channels; or a "
        "folder, for all sound files in it and in its folders. Outputs have the rate, "
        "length and sample format of their inputs and no delay. Inputs are never changed.",
    .notes =
        "Model: --model, or else $DFNET4_MODEL, or else dfnet4/default.safetensors in\n"
        "$XDG_DATA_HOME (~/.local/share), $XDG_DATA_DIRS or /usr/share, or else lite,\n"
        "which is part of the program. A file of that name is ./lite.\n"
        "\n"
        "Output: appears only when it is complete. With -o FILE and another extension,\n"
        "the sound is stored in that format. Standard input and output (-) and pipes are\n"
        "not supported. Without -o, *-enhanced files in a folder are left alone.\n"
        "\n"
        "Exit status: 0 all files are done, 1 some are not, 2 wrong usage.\n"
        "\n"
        "Examples:\n"
        "  dfnet4 enhance talk.wav                  write talk-enhanced.wav\n"
        "  dfnet4 enhance -o clean.flac talk.flac   choose the name\n"
        "  dfnet4 enhance --limit-db=12 talk.wav    leave some noise: 12 dB less only\n"
        "  dfnet4 enhance -o clean/ recordings/     a folder with all below it\n",
    .options = options,
    .run = run,
};
