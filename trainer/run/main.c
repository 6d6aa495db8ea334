/* main.c - dfnet4-train: pick the sub-command. What is none is a recipe. */
#include "run/ranks.h"
#include "run/train.h"

#include <signal.h>

const char *const cli_program = "dfnet4-train";

static const cli_command *const list[] = {
    &train_run, &train_finetune, &train_scan, &train_score, &train_plot, &train_bench, NULL,
};
static const cli_commands commands = {
    .list = list,
    .before = "Usage: dfnet4-train RECIPE.ini [OPTION]...\n"
              "       dfnet4-train COMMAND [OPTION]... [ARGUMENT]...\n"
              "Train networks that remove noise from speech.\n",
    .after = "; 'run' is the one that may be\n"
             "left out. The same command again goes on where a run was stopped.\n"
             "\nExit status: 0 all went well, 1 something failed, 2 wrong usage.\n",
};

int main(int argc, char **argv)
{
    /* So that write() reports these instead of ending the program half-way. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);

    int status;
    const cli_command *c = cli_find_command(&commands, argc, argv, &status);
    if (!c && status != CLI_OTHER)
        return status;
    if (c && c != &train_run)
        return cli_finish(c->run(c, argc - 1, argv + 1));
    if (!dfn_ranks_open(&argc, &argv))
        return CLI_FAILED;
    const int words = c ? 1 : 0; /* before those of the command: "run" */
    status = cli_finish(train_run.run(&train_run, argc - words, argv + words));
    dfn_ranks_close(status != CLI_OK);
    return status;
}
