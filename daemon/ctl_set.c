/* ctl_set.c - dfnet4ctl get and set: one setting. */
#include "ctl.h"

#include <dfnet4/stream.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const dfn_param_info *find_parameter(const char *key)
{
    for (int p = 0; p < DFN_PARAM_COUNT; p++)
        if (!strcmp(dfn_param_get_info((dfn_param)p)->symbol, key))
            return dfn_param_get_info((dfn_param)p);
    return NULL;
}

/* ---- set -------------------------------------------------------------------------------
 */

static bool read_number(const char *text, double *x)
{
    static const char *const words[2][3] = {{"off", "no", "false"}, {"on", "yes", "true"}};
    for (int truth = 0; truth < 2; truth++)
        for (int k = 0; k < 3; k++)
            if (!strcasecmp(text, words[truth][k])) {
                *x = truth;
                return true;
            }
    char *end;
    *x = strtod(text, &end);
    return end != text && !*end;
}

static int run_set(const cli_command *self, int argc, char **argv)
{
    const char *name = ctl_read_instance(self, argc, argv);
    if (optind + 2 != argc)
        cli_usage(self, "it takes a KEY and a VALUE");
    char key[64];
    ctl_key(argv[optind], key);
    const bool monitor = !strcmp(key, "monitor");
    if (!find_parameter(key) && !monitor)
        cli_usage(self, "no setting is called '%s'", argv[optind]);
    double x;
    if (!read_number(argv[optind + 1], &x))
        cli_usage(self, "%s takes a number, on or off, not '%s'", key, argv[optind + 1]);
    if (monitor && x != 0 && x != 1)
        cli_usage(self, "%s takes on or off, not '%s'", key, argv[optind + 1]);
    sd_bus *bus;
    char *path;
    int status = ctl_enter(name, &bus, &path);
    if (status)
        return status;
    const char *set = "org.freedesktop.DBus.Properties";
    if (monitor)
        status = ctl_call(bus, NULL, path, set, "Set", "ssv", DFND_BUS_INSTANCE, "Monitor",
                          "b", x != 0);
    else
        status =
            ctl_call(bus, NULL, path, set, "Set", "ssv", DFND_BUS_INSTANCE, key, "d", x);
    return ctl_leave(bus, path, status);
}

/* ---- get -------------------------------------------------------------------------------
 */

static void print_value(const char *prefix, const json_t *value)
{
    const char *gap = *prefix ? " " : "";
    if (json_is_string(value))
        cli_line("%s%s%s", prefix, gap, json_string_value(value));
    else if (json_is_boolean(value))
        cli_line("%s%s%s", prefix, gap, json_is_true(value) ? "on" : "off");
    else
        cli_line("%s%s%.7g", prefix, gap, json_number_value(value));
}

static int print(const json_t *all, const char *wanted)
{
    const char *name;
    json_t *value;
    if (wanted) {
        char key[64];
        ctl_key(wanted, key);
        value = json_object_get(all, key);
        if (value)
            print_value("", value);
        else
            cli_error(NULL, "unknown key '%s'; 'dfnet4ctl get' shows all", wanted);
        return value ? CLI_OK : CLI_USAGE;
    }
    json_object_foreach((json_t *)all, name, value) print_value(name, value);
    return CLI_OK;
}

static int run_get(const cli_command *self, int argc, char **argv)
{
    const char *name = ctl_read_instance(self, argc, argv);
    if (optind + 1 < argc)
        cli_usage(self, "'%s' is too much", argv[optind + 1]);
    sd_bus *bus;
    char *path;
    json_t *all;
    int status = ctl_enter(name, &bus, &path);
    if (status)
        return status;
    status = ctl_properties(bus, path, &all);
    if (!status) {
        status = print(all, optind < argc ? argv[optind] : NULL);
        json_decref(all);
    }
    return ctl_leave(bus, path, status);
}

const cli_command ctl_get = {
    .name = "get",
    .arguments = "[OPTION]... [KEY]",
    .summary = "Print a setting or a state",
    .about = "Print one value of an instance, such as limit_db, bypass, state or xruns; "
             "without KEY, all of them with their names.",
    .notes = "Examples:\n"
             "  dfnet4ctl get bypass\n",
    .options = ctl_instance_options,
    .run = run_get,
};

const cli_command ctl_set = {
    .name = "set",
    .arguments = "[OPTION]... KEY VALUE",
    .summary = "Change a setting",
    .about = "Change a setting of an instance. It is heard at once, and kept for the next "
             "start.",
    .notes = "Keys: "
#define DFN_PARAM(symbol, NAME, label, unit, min, max, def, help) #symbol " "
#include <dfnet4/params.def>
#undef DFN_PARAM
             "monitor\n"
#define DFN_PARAM(symbol, NAME, label, unit, min, max, def, help)                          \
    "  " #symbol ": " help "\n"
#include <dfnet4/params.def>
#undef DFN_PARAM
             "  monitor: Let it be heard on the default output, too; not kept\n"
             "'-' may be written for '_'; on and off are 1 and 0.\n"
             "\nExamples:\n"
             "  dfnet4ctl set limit-db 24\n"
             "  dfnet4ctl set --instance=headset bypass on\n",
    .options = ctl_instance_options,
    .run = run_set,
};
