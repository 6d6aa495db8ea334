/* ctl.c - dfnet4ctl: pick the sub-command. */
#include "ctl.h"

const char *const cli_program = "dfnet4ctl";

static const cli_command *const list[] = {
    &ctl_status, &ctl_watch,   &ctl_list,   &ctl_get,   &ctl_set, &ctl_toggle,
    &ctl_model,  &ctl_monitor, &ctl_reload, &ctl_reset, NULL,
};
static const cli_commands commands = {
    .list = list,
    .before = "Usage: dfnet4ctl COMMAND [OPTION]... [ARGUMENT]...\n"
              "Look at dfnet4d, the virtual microphone, and change its settings.\n",
    .after = ".\n"
             "\nExamples:\n"
             "  dfnet4ctl status           what it hears, and how it is doing\n"
             "  dfnet4ctl watch            levels and load, live\n"
             "  dfnet4ctl set limit-db 24  leave some of the noise in\n"
             "  dfnet4ctl toggle           pass the sound as it is; again: clean it\n"
             "\nExit status: 0 all went well, 1 something failed, 2 wrong usage,\n"
             "3 dfnet4d does not run.\n",
};

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN); /* so that a pipe that is closed is an error like others */
    return cli_run_command(&commands, argc, argv);
}
