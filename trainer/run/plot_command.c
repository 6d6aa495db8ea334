/* plot_command.c - dfnet4-train plot: the curves of a run. */
#include "command.h"
#include "run/plot.h"
#include "run/train.h"

#include <getopt.h>
#include <limits.h>
#include <string.h>

static const cli_option *options(void)
{
    static const cli_option list[] = {
        {'o', "output", "FILE", "Write the picture here; RUN/curves.png if not given"},
        {0},
    };
    return list;
}

/* Name of the folder itself: "a/b/" is "b". */
static void folder_name(char *name, size_t size, const char *path)
{
    char whole[PATH_MAX];
    snprintf(whole, sizeof whole, "%s", path);
    for (size_t n = strlen(whole); n > 1 && whole[n - 1] == '/'; n--)
        whole[n - 1] = '\0';
    const char *slash = strrchr(whole, '/');
    snprintf(name, size, "%s", slash && slash[1] ? slash + 1 : whole);
}

static int run(const cli_command *self, int argc, char **argv)
{
    const char *output = NULL;
    while (cli_next_option(self, argc, argv) != -1)
        output = optarg;
    if (argc - optind != 1)
        cli_usage(self, argc == optind ? "no RUN" : "more than one RUN");
    const char *folder = argv[optind];
    char path[PATH_MAX], title[256];
    dfn_error err = {0};
    dfn_run_log log;
    if (!output && snprintf(path, sizeof path, "%s/curves.png", folder) < (int)sizeof path)
        output = path;
    if (!output)
        cli_usage(self, "the name of RUN is too long");
    folder_name(title, sizeof title, folder);
    dfn_status status = dfn_run_log_read(&log, folder, &err);
    if (!status) {
        status = dfn_plot(&log, title, output, &err);
        dfn_run_log_free(&log);
    }
    if (status) {
        cli_error(NULL, "%s", err.text);
        return CLI_FAILED;
    }
    cli_line("%s", output);
    return CLI_OK;
}

const cli_command train_plot = {
    .name = "plot",
    .arguments = "RUN [-o FILE]",
    .summary = "Draw the curves of a run",
    .about =
        "Draw losses, their terms, SI-SDR and STOI of the validation, learning rate and "
        "gradient norm of a run over the hours of audio, as a PNG picture. RUN is the "
        "run's folder with its log.jsonl; the run may be going on.",
    .notes = "Example:\n  dfnet4-train plot runs/lite -o lite.png\n",
    .options = options,
    .run = run,
};
