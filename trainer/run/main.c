/* main.c - dfnet4-train: pick the sub-command. What is none is a recipe. */
#include "run/ranks.h"
#include "run/train.h"

#include <signal.h>
#include <string.h>

const char *const cli_program = "dfnet4-train";

static const cli_command *const commands[] = {
    &train_run, &train_finetune, &train_scan, &train_score, &train_plot, &train_bench,
};
enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static void help(FILE *f)
{
    fputs("Usage: dfnet4-train RECIPE.ini [OPTION]...\n"
          "       dfnet4-train COMMAND [OPTION]... [ARGUMENT]...\n"
          "Train networks that remove noise from speech.\n\nCommands:\n",
          f);
    for (int i = 0; i < N_COMMANDS; i++)
        fprintf(f, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs(
        "\nOptions:\n"
        "  -h, --help     Show this help and exit\n"
        "  -V, --version  Show the version and exit\n"
        "\n'dfnet4-train COMMAND --help' explains a command; 'run' is the one that may be\n"
        "left out. The same command again goes on where a run was stopped.\n"
        "\nExit status: 0 all went well, 1 something failed, 2 wrong usage.\n",
        f);
}

static const cli_command *find(const char *name)
{
    for (int i = 0; i < N_COMMANDS; i++)
        if (!strcmp(name, commands[i]->name))
            return commands[i];
    return NULL;
}

int main(int argc, char **argv)
{
    /* So that write() reports these instead of ending the program half-way. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);

    const char *name = argc > 1 ? argv[1] : NULL;
    if (!name) {
        help(stderr);
        return CLI_USAGE;
    }
    if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
        help(stdout);
        return cli_finish(CLI_OK);
    }
    if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
        puts("dfnet4-train " DFN_VERSION "\nLicence: MIT OR Apache-2.0\n"
             "There is no warranty, to the extent permitted by law.");
        return cli_finish(CLI_OK);
    }
    const cli_command *c = find(name);
    if (c && c != &train_run)
        return cli_finish(c->run(c, argc - 1, argv + 1));
    if (!dfn_ranks_open(&argc, &argv))
        return CLI_FAILED;
    const int words = c ? 1 : 0; /* before those of the command: "run" */
    const int status = cli_finish(train_run.run(&train_run, argc - words, argv + words));
    dfn_ranks_close(status != CLI_OK);
    return status;
}
