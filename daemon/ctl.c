/* ctl.c - dfnet4ctl: pick the sub-command. */
#include "ctl.h"

#include <string.h>

const char *const cli_program = "dfnet4ctl";

static const cli_command *const commands[] = {
    &ctl_status, &ctl_watch, &ctl_list,    &ctl_get,    &ctl_set,
    &ctl_toggle, &ctl_model, &ctl_monitor, &ctl_reload, &ctl_reset,
};
enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static void help(FILE *f)
{
    fputs("Usage: dfnet4ctl COMMAND [OPTION]... [ARGUMENT]...\n"
          "Look at dfnet4d, the virtual microphone, and change its settings.\n"
          "\nCommands:\n",
          f);
    for (int i = 0; i < N_COMMANDS; i++)
        fprintf(f, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\nOptions:\n"
          "  -h, --help     Show this help and exit\n"
          "  -V, --version  Show the version and exit\n"
          "\n'dfnet4ctl COMMAND --help' explains a command.\n"
          "\nExamples:\n"
          "  dfnet4ctl status           what it hears, and how it is doing\n"
          "  dfnet4ctl watch            levels and load, live\n"
          "  dfnet4ctl set limit-db 24  leave some of the noise in\n"
          "  dfnet4ctl toggle           pass the sound as it is; again: clean it\n"
          "\nExit status: 0 all went well, 1 something failed, 2 wrong usage,\n"
          "3 dfnet4d does not run.\n",
          f);
}

static void version(void)
{
    puts("dfnet4ctl " DFN_VERSION "\nLicence: MIT OR Apache-2.0\n"
         "There is no warranty, to the extent permitted by law.");
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN); /* so that a pipe that is closed is an error like others */
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
    cli_error(NULL, "unknown %s '%s'; see 'dfnet4ctl --help'",
              name[0] == '-' ? "option" : "command", name);
    return CLI_USAGE;
}
