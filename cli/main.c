/* main.c - dfnet4: pick the sub-command. */
#include "cli.h"

#include <signal.h>

const char *const cli_program = "dfnet4";

static const cli_command *const list[] = {&cli_enhance,  &cli_info,  &cli_import,
                                          &cli_quantize, &cli_bench, NULL};
static const cli_commands commands = {
    .list = list,
    .before = "Usage: dfnet4 COMMAND [OPTION]... [ARGUMENT]...\n"
              "Remove noise from recorded speech.\n",
    .after = ".\n"
             "\nExamples:\n"
             "  dfnet4 enhance talk.wav             write talk-enhanced.wav\n"
             "  dfnet4 enhance -o clean recordings  a whole folder\n"
             "\nExit status: 0 all went well, 1 something failed, 2 wrong usage.\n",
};

int main(int argc, char **argv)
{
    /* So that write() reports these instead of ending the program half-way. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    return cli_run_command(&commands, argc, argv);
}
