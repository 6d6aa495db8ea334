/* main.c - dfnet4: pick the sub-command. */
#include "cli.h"

#include <signal.h>
#include <string.h>

const char *const cli_program = "dfnet4";

static const cli_command *const commands[] = {&cli_enhance, &cli_info, &cli_import,
                                              &cli_quantize, &cli_bench};
enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static void help(FILE *f)
{
    fputs("Usage: dfnet4 COMMAND [OPTION]... [ARGUMENT]...\n"
          "Remove noise from recorded speech.\n\nCommands:\n",
          f);
    for (int i = 0; i < N_COMMANDS; i++)
        fprintf(f, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\nOptions:\n"
          "  -h, --help     Show this help and exit\n"
          "  -V, --version  Show the version and exit\n"
          "\n'dfnet4 COMMAND --help' explains a command.\n"
          "\nExamples:\n"
          "  dfnet4 enhance talk.wav             write talk-enhanced.wav\n"
          "  dfnet4 enhance -o clean recordings  a whole folder\n"
          "\nExit status: 0 all went well, 1 something failed, 2 wrong usage.\n",
          f);
}

static void version(void)
{
    puts("dfnet4 " DFN_VERSION "\nLicence: MIT OR Apache-2.0\n"
         "There is no warranty, to the extent permitted by law.");
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
        version();
        return cli_finish(CLI_OK);
    }
    for (int i = 0; i < N_COMMANDS; i++)
        if (!strcmp(name, commands[i]->name))
            return cli_finish(commands[i]->run(commands[i], argc - 1, argv + 1));
    cli_error(NULL, "unknown %s '%s'; see 'dfnet4 --help'",
              name[0] == '-' ? "option" : "command", name);
    return CLI_USAGE;
}
