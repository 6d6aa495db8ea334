/* run_command.c - dfnet4-train RECIPE. */
#include "optim/files.h"
#include "run/ranks.h"
#include "run/run.h"
#include "run/train.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_MAX = 256, KEY_SHOW = 256, KEY_STOP };

typedef struct settings {
    const char *recipe, *folder;
    const char *option[OPTIONS_MAX];
    size_t n_option;
    uint64_t stop_after; /* steps of this session; 0: no limit */
    bool show, quiet;
} settings;

/* runs/NAME for NAME.ini, unless the user named one. */
static dfn_status name_folder(char path[DFN_PATH], const settings *s, dfn_error *err)
{
    const char *slash = strrchr(s->recipe, '/');
    const char *name = slash ? slash + 1 : s->recipe;
    const size_t dot = strcspn(name, ".");
    const int n = s->folder ? snprintf(path, DFN_PATH, "%s", s->folder)
                            : snprintf(path, DFN_PATH, "runs/%.*s", (int)dot, name);
    if (n < 1 || n >= DFN_PATH)
        return dfn_fail(err, DFN_ERR_ARG, "the name of the run's folder is too long");
    return DFN_OK;
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
static dfn_status read_recipe(dfn_recipe **out, const settings *s, dfn_error *err)
{
    dfn_status status = DFN_OK;
    *out = NULL;
    if (dfn_ranks_index() == 0)
        status = dfn_recipe_read(out, s->recipe, s->option, s->n_option, err);
    dfn_ranks_copy(&status, sizeof status);
    if (!status && dfn_ranks_index() > 0)
        status = dfn_recipe_read(out, s->recipe, s->option, s->n_option, err);
    return status;
}

static int command(const cli_command *self, int argc, char **argv)
{
    settings s = {0};
    char folder[DFN_PATH];
    dfn_recipe *recipe;
    dfn_error err = {0};
    read_arguments(self, &s, argc, argv);
    dfn_status status = read_recipe(&recipe, &s, &err);
    if (!status && s.show)
        fputs(dfn_ranks_index() ? "" : recipe->text, stdout);
    else if (!status && !(status = name_folder(folder, &s, &err)))
        status = dfn_train_run(recipe, &(dfn_run_config){folder, s.stop_after, s.quiet},
                               NULL, &err);
    if (status && *err.text)
        cli_error(NULL, "%s", err.text);
    else if (status)
        dfn_ranks_await_end();
    dfn_recipe_free(recipe);
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
