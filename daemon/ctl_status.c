/* ctl_status.c - dfnet4ctl status and list: how the daemon and its instances are doing. */
#include "ctl.h"

#include <dfnet4/stream.h>
#include <getopt.h>
#include <string.h>

static const char *get_text(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text ? text : "";
}

static double get_number(const json_t *o, const char *key)
{
    return json_number_value(json_object_get(o, key));
}

static bool get_truth(const json_t *o, const char *key)
{
    return json_is_true(json_object_get(o, key));
}

/* What it hears, for people: the device that is linked, or the one that is waited for. */
static const char *get_device(const json_t *i)
{
    const char *linked = get_text(i, "linked"), *device = get_text(i, "device");
    return *linked ? linked : *device ? device : "default";
}

static void print_parameters(const json_t *i)
{
    for (int p = 0; p < DFN_PARAM_COUNT; p++) {
        const dfn_param_info *info = dfn_param_get_info((dfn_param)p);
        cli_line("  %-12s %.7g%s%s", info->symbol, get_number(i, info->symbol),
                 *info->unit ? " " : "", info->unit);
    }
}

static void print_instance(const json_t *i)
{
    const json_t *meters = json_object_get(i, "meters");
    const char *detail = get_text(i, "detail"), *model = get_text(i, "model");
    const bool bypass = get_number(i, "bypass") >= 0.5;
    cli_line("%s", "");
    cli_line("%s: %s%s", get_text(i, "name"), get_text(i, "state"),
             bypass                       ? ", bypassed"
             : get_truth(i, "overloaded") ? ", overloaded: the sound passes as it is"
                                          : "");
    if (*detail)
        cli_line("  %-12s %s", "", detail);
    cli_line("  %-12s %s%s", "device", get_device(i),
             *get_text(i, "linked") ? "" : ", not linked");
    cli_line("  %-12s %s, %s, delay %.1f ms", "model", *model ? model : "default",
             get_text(i, "precision"), 1000 * get_number(i, "latency_seconds"));
    if (get_number(i, "rate") > 0)
        cli_line("  %-12s %g Hz, blocks of %g%s", "graph", get_number(i, "rate"),
                 get_number(i, "quantum"),
                 get_truth(i, "realtime") ? "" : ", without real-time priority");
    cli_line("  %-12s %.0f %% (%.0f %% at most), %.0f overloads, %.0f xruns", "load",
             100 * get_number(meters, "load"), 100 * get_number(meters, "load_max"),
             get_number(i, "overloads"), get_number(i, "xruns"));
    print_parameters(i);
    cli_line("  %-12s %s", "monitor", get_truth(i, "monitor") ? "on" : "off");
}

/* Everything there is to know. */
static int collect(json_t **out)
{
    sd_bus *bus;
    json_t *instances;
    int status = ctl_connect(&bus);
    if (status)
        return status;
    status = ctl_properties(bus, NULL, out);
    if (!status && (status = ctl_instances(bus, &instances)) == CLI_OK)
        json_object_set_new(*out, "instances", instances);
    else if (!status)
        json_decref(*out);
    sd_bus_close_unref(bus);
    return status;
}

static const cli_option options[] = {
    {'j', "json", NULL, "Print one JSON object"},
    {0},
};
static const cli_option *get_options(void) { return options; }

/* Whether --json was given; arguments are refused. */
static bool read_options(const cli_command *self, int argc, char **argv)
{
    bool json = false;
    for (int key; (key = cli_next_option(self, argc, argv)) >= 0;)
        json |= key == 'j';
    if (optind < argc)
        cli_usage(self, "'%s' is too much", argv[optind]);
    return json;
}

/* Print one JSON object, or lines for people. */
static int show(const cli_command *self, int argc, char **argv,
                json_t *(*json)(json_t *all), void (*lines)(const json_t *all))
{
    const bool wants_json = read_options(self, argc, argv);
    json_t *all;
    int status = collect(&all);
    if (status)
        return status;
    if (wants_json)
        status = cli_json_print(json(all)) ? CLI_OK : CLI_FAILED;
    else
        lines(all);
    json_decref(all);
    return status;
}

static void print_status(const json_t *all)
{
    json_t *i;
    size_t k;
    cli_line("dfnet4d %s, %s%s", get_text(all, "version"), get_text(all, "backend"),
             get_truth(all, "realtime") ? ", with real-time priority" : "");
    json_array_foreach(json_object_get(all, "instances"), k, i) print_instance(i);
}

static int run_status(const cli_command *self, int argc, char **argv)
{
    return show(self, argc, argv, json_incref, print_status);
}

static json_t *list_names(json_t *all)
{
    json_t *names = json_array(), *i;
    size_t k;
    json_array_foreach(json_object_get(all, "instances"), k, i)
        json_array_append(names, json_object_get(i, "name"));
    return names;
}

static void print_list(const json_t *all)
{
    json_t *i;
    size_t k;
    json_array_foreach(json_object_get(all, "instances"), k, i) cli_line(
        "%-16s %-10s %s", get_text(i, "name"), get_text(i, "state"), get_device(i));
}

static int run_list(const cli_command *self, int argc, char **argv)
{
    return show(self, argc, argv, list_names, print_list);
}

const cli_command ctl_status = {
    .name = "status",
    .arguments = "[OPTION]...",
    .summary = "Show what each instance hears, and how it is doing",
    .about = "Show the state of each instance, its device, model, load and settings.",
    .notes = "States: running; idle, since nobody listens; no-device and no-server, which\n"
             "are waited for; broken.\n"
             "\nExamples:\n"
             "  dfnet4ctl status\n"
             "  dfnet4ctl status --json | jq '.instances[0].meters'\n",
    .options = get_options,
    .run = run_status,
};

const cli_command ctl_list = {
    .name = "list",
    .arguments = "[OPTION]...",
    .summary = "List the instances",
    .about = "List the instances, one per line: name, state and device. With --json, the "
             "names.",
    .notes = "Examples:\n"
             "  dfnet4ctl list\n",
    .options = get_options,
    .run = run_list,
};
