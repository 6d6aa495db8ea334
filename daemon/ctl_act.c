/* ctl_act.c - dfnet4ctl toggle, model, monitor, reload and reset. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "ctl.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <string.h>

static const cli_option instance_options[] = {
    {'i', "instance", "NAME", "The instance meant; needed if there are several"},
    {0},
};
const cli_option *ctl_instance_options(void) { return instance_options; }

const char *ctl_read_instance(const cli_command *self, int argc, char **argv)
{
    const char *name = NULL;
    for (int key; (key = cli_next_option(self, argc, argv)) >= 0;)
        if (key == 'i')
            name = optarg;
    return name;
}

int ctl_enter(const char *name, sd_bus **bus, char **path)
{
    *path = NULL;
    int status = ctl_connect(bus);
    if (status)
        return status;
    status = ctl_find_instance(*bus, name, path);
    if (status)
        *bus = sd_bus_close_unref(*bus);
    return status;
}

int ctl_leave(sd_bus *bus, char *path, int status)
{
    free(path);
    sd_bus_close_unref(bus);
    return status;
}

static void at_most(const cli_command *self, int argc, char **argv, int most)
{
    if (optind + most < argc)
        cli_usage(self, "'%s' is too much", argv[optind + most]);
}

/* ---- toggle ----------------------------------------------------------------------------
 */

static int run_toggle(const cli_command *self, int argc, char **argv)
{
    const char *name = ctl_read_instance(self, argc, argv);
    at_most(self, argc, argv, 0);
    sd_bus *bus;
    char *path;
    sd_bus_message *reply;
    int bypass, status = ctl_enter(name, &bus, &path);
    if (status)
        return status;
    status = ctl_call(bus, &reply, path, DFND_BUS_INSTANCE, "Toggle", "");
    if (!status) {
        if (sd_bus_message_read(reply, "b", &bypass) > 0)
            cli_line("bypass %s", bypass ? "on" : "off");
        sd_bus_message_unref(reply);
    }
    return ctl_leave(bus, path, status);
}

const cli_command ctl_toggle = {
    .name = "toggle",
    .arguments = "[OPTION]...",
    .summary = "Clean the sound or pass it as it is, in turn",
    .about = "Turn the bypass on, or off if it is on, and tell which. The delay stays the "
             "same, and nothing clicks.",
    .notes = "Examples:\n"
             "  dfnet4ctl toggle           for a key of the desktop\n",
    .options = ctl_instance_options,
    .run = run_toggle,
};

/* ---- model -----------------------------------------------------------------------------
 */

static const cli_option model_options[] = {
    {'i', "instance", "NAME", "The instance meant; needed if there are several"},
    {'l', "list", NULL, "List the models that have a name"},
    {0},
};
static const cli_option *get_model_options(void) { return model_options; }

static int list_models(void)
{
    sd_bus *bus;
    sd_bus_message *reply;
    int status = ctl_connect(&bus);
    if (status)
        return status;
    status = ctl_call(bus, &reply, DFND_BUS_PATH, DFND_BUS_DAEMON, "ListModels", "");
    if (!status) {
        const char *name, *path;
        sd_bus_message_enter_container(reply, 'a', "(ss)");
        while (sd_bus_message_read(reply, "(ss)", &name, &path) > 0)
            cli_line("%-20s %s", name, path);
        sd_bus_message_unref(reply);
    }
    return ctl_leave(bus, NULL, status);
}

static int print_model(sd_bus *bus, const char *path)
{
    json_t *all;
    const int status = ctl_properties(bus, path, &all);
    if (status)
        return status;
    const char *model = json_string_value(json_object_get(all, "model"));
    cli_line("%s", model && *model ? model : "default");
    json_decref(all);
    return CLI_OK;
}

/* The daemon runs in another folder than we. */
static int set_model(sd_bus *bus, const char *path, const char *model)
{
    static const char suffix[] = ".safetensors";
    const size_t n = strlen(model), s = sizeof suffix - 1;
    if (!strcmp(model, "default"))
        return ctl_call(bus, NULL, path, DFND_BUS_INSTANCE, "SetModel", "s", "");
    if (!strchr(model, '/') && (n <= s || strcmp(model + n - s, suffix) != 0))
        return ctl_call(bus, NULL, path, DFND_BUS_INSTANCE, "SetModel", "s", model);
    char *file = realpath(model, NULL);
    if (!file) {
        cli_error(model, "%s", strerror(errno));
        return CLI_FAILED;
    }
    const int status = ctl_call(bus, NULL, path, DFND_BUS_INSTANCE, "SetModel", "s", file);
    free(file);
    return status;
}

static int run_model(const cli_command *self, int argc, char **argv)
{
    const char *name = NULL;
    bool list = false;
    for (int key; (key = cli_next_option(self, argc, argv)) >= 0;) {
        if (key == 'i')
            name = optarg;
        list |= key == 'l';
    }
    at_most(self, argc, argv, list ? 0 : 1);
    if (list)
        return list_models();
    sd_bus *bus;
    char *path;
    int status = ctl_enter(name, &bus, &path);
    if (status)
        return status;
    if (optind == argc)
        status = print_model(bus, path);
    else
        status = set_model(bus, path, argv[optind]);
    return ctl_leave(bus, path, status);
}

const cli_command ctl_model = {
    .name = "model",
    .arguments = "[OPTION]... [MODEL]",
    .summary = "Show or change the model",
    .about = "Print the model in use, or change to another one: it fades in, without a "
             "gap. The delay may be another one then.",
    .notes = "MODEL is a name of --list, 'default', or a file: with a '/' in it, or\n"
             ".safetensors at its end.\n"
             "\nExamples:\n"
             "  dfnet4ctl model --list\n"
             "  dfnet4ctl model ./mine.safetensors\n",
    .options = get_model_options,
    .run = run_model,
};

/* ---- monitor ---------------------------------------------------------------------------
 */

static int run_monitor(const cli_command *self, int argc, char **argv)
{
    const char *name = ctl_read_instance(self, argc, argv);
    at_most(self, argc, argv, 1);
    const char *word = optind < argc ? argv[optind] : "";
    const bool on = !strcmp(word, "on");
    if (!on && strcmp(word, "off") != 0)
        cli_usage(self, "it takes on or off");
    sd_bus *bus;
    char *path;
    int status = ctl_enter(name, &bus, &path);
    if (status)
        return status;
    status = ctl_call(bus, NULL, path, "org.freedesktop.DBus.Properties", "Set", "ssv",
                      DFND_BUS_INSTANCE, "Monitor", "b", on);
    return ctl_leave(bus, path, status);
}

const cli_command ctl_monitor = {
    .name = "monitor",
    .arguments = "[OPTION]... on|off",
    .summary = "Hear the clean sound yourself",
    .about = "Let the clean sound be heard on the default output, too, until 'off' or the "
             "end of dfnet4d. Use headphones.",
    .notes = "Examples:\n"
             "  dfnet4ctl monitor on\n",
    .options = ctl_instance_options,
    .run = run_monitor,
};

/* ---- reload and reset ------------------------------------------------------------------
 */

static int run_reload(const cli_command *self, int argc, char **argv)
{
    while (cli_next_option(self, argc, argv) >= 0)
        ;
    at_most(self, argc, argv, 0);
    sd_bus *bus;
    const int status = ctl_connect(&bus);
    if (status)
        return status;
    return ctl_leave(bus, NULL,
                     ctl_call(bus, NULL, DFND_BUS_PATH, DFND_BUS_DAEMON, "Reload", ""));
}

static const cli_option *no_options(void) { return &instance_options[1]; }

const cli_command ctl_reload = {
    .name = "reload",
    .arguments = "[OPTION]...",
    .summary = "Read the configuration files again",
    .about = "Let dfnet4d read its configuration files again, as SIGHUP does. What did not "
             "change there goes on without a gap.",
    .notes = "Examples:\n"
             "  dfnet4ctl reload\n",
    .options = no_options,
    .run = run_reload,
};

static int run_reset(const cli_command *self, int argc, char **argv)
{
    const char *name = ctl_read_instance(self, argc, argv);
    at_most(self, argc, argv, 0);
    sd_bus *bus;
    char *path;
    int status = ctl_enter(name, &bus, &path);
    if (status)
        return status;
    status = ctl_call(bus, NULL, path, DFND_BUS_INSTANCE, "Reset", "");
    return ctl_leave(bus, path, status);
}

const cli_command ctl_reset = {
    .name = "reset",
    .arguments = "[OPTION]...",
    .summary = "Forget what was set: back to the configuration",
    .about = "Set everything as the configuration says, and forget what was set since.",
    .notes = "Examples:\n"
             "  dfnet4ctl reset\n",
    .options = ctl_instance_options,
    .run = run_reset,
};
