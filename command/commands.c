/* commands.c - a tool with sub-commands: which one is meant. */
#include "command.h"

#include <string.h>

void cli_version(void)
{
    printf("%s " DFN_VERSION "\nLicence: MIT OR Apache-2.0\n"
           "There is no warranty, to the extent permitted by law.\n",
           cli_program);
}

static void help(FILE *f, const cli_commands *t)
{
    fprintf(f, "%s\nCommands:\n", t->before);
    for (const cli_command *const *c = t->list; *c; c++)
        fprintf(f, "  %-10s %s\n", (*c)->name, (*c)->summary);
    fprintf(f,
            "\nOptions:\n"
            "  -h, --help     Show this help and exit\n"
            "  -V, --version  Show the version and exit\n"
            "\n'%s COMMAND --help' explains a command%s",
            cli_program, t->after);
}

const cli_command *cli_find_command(const cli_commands *t, int argc, char **argv,
                                    int *status)
{
    const char *name = argc > 1 ? argv[1] : "";
    *status = CLI_OTHER;
    for (const cli_command *const *c = t->list; *c; c++)
        if (!strcmp(name, (*c)->name))
            return *c;
    if (argc < 2) {
        help(stderr, t);
        *status = CLI_USAGE;
    } else if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
        help(stdout, t);
        *status = cli_finish(CLI_OK);
    } else if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
        cli_version();
        *status = cli_finish(CLI_OK);
    }
    return NULL;
}

int cli_run_command(const cli_commands *t, int argc, char **argv)
{
    int status;
    const cli_command *c = cli_find_command(t, argc, argv, &status);
    if (c)
        return cli_finish(c->run(c, argc - 1, argv + 1));
    if (status != CLI_OTHER)
        return status;
    cli_error(NULL, "unknown %s '%s'; see '%s --help'",
              argv[1][0] == '-' ? "option" : "command", argv[1], cli_program);
    return CLI_USAGE;
}
