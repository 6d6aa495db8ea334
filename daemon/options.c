/* options.c - the command line, most of it from the tables of keys and parameters. */
#include "options.h"

#include <command.h>
#include <string.h>
#include <unistd.h>

enum {
    KEY_DEVICE = 256,
    KEY_OUTPUT,
    KEY_MODEL,
    KEY_PRECISION,
    KEY_CHANNELS,
    KEY_SMART,
    KEY_MAKE_DEFAULT,
    KEY_BACKEND,
    KEY_NAME,
    KEY_CONFIG,
    KEY_CHECK_CONFIG,
    KEY_LIST_DEVICES,
    KEY_LIST_MODELS,
    KEY_DUMP_CONFIG,
    KEY_PARAM /* and one for each parameter */
};

static const cli_option before[] = {
    {'d', "device", "NAME",
     "Clean what this device hears, as --list-devices names it; the default one if not "
     "given"},
    {'m', "model", "MODEL", "A model file, or a name of --list-models"},
    {KEY_PRECISION, "precision", "P", "Arithmetic of the network: f32, bf16 or int8"},
    {KEY_CHANNELS, "channels", "N", "1 or 2"},
    {KEY_OUTPUT, "output", "NAME", "PortAudio: the device that plays the clean sound"},
    {KEY_SMART, "smart", NULL,
     "PipeWire: stand between the device and all programs that use it"},
    {KEY_MAKE_DEFAULT, "make-default", NULL,
     "Become the microphone that programs use unless told otherwise"},
    {KEY_NAME, "name", "NAME",
     "The stream that these options are about, if several are configured; a new one if "
     "there is none of that name"},
};
static const cli_option after[] = {
    {'c', "config", "FILE", "Settings from this file and FILE.d only"},
    {KEY_BACKEND, "backend", "NAME", "pipewire or portaudio"},
    {KEY_CHECK_CONFIG, "check-config", NULL, "Only tell whether the settings are good"},
    {KEY_DUMP_CONFIG, "dump-config", NULL,
     "Print all settings in use as a file with comments"},
    {KEY_LIST_DEVICES, "list-devices", NULL, "Print the devices, the default ones with *"},
    {KEY_LIST_MODELS, "list-models", NULL, "Print the models and where they are"},
    {'v', "verbose", NULL, "Tell more; twice: all"},
    {'q', "quiet", NULL, "Tell errors only"},
    {'V', "version", NULL, "Show the version and exit"},
    {0},
};
enum { BEFORE = sizeof before / sizeof *before, AFTER = sizeof after / sizeof *after };

/* params.def as options: limit_db is --limit-db. */
static const cli_option *options(void)
{
    static cli_option all[BEFORE + DFN_PARAM_COUNT + AFTER];
    static char names[DFN_PARAM_COUNT][DFND_NAME], help[DFN_PARAM_COUNT][DFND_TEXT];
    memcpy(all, before, sizeof before);
    for (int i = 0; i < DFN_PARAM_COUNT; i++) {
        const dfn_param_info *p = dfn_param_get_info((dfn_param)i);
        snprintf(names[i], DFND_NAME, "%s", p->symbol);
        for (char *c = names[i]; (c = strchr(c, '_'));)
            *c = '-';
        snprintf(help[i], DFND_TEXT, "%s (%g to %g%s%s; default %g)", p->help,
                 (double)p->min, (double)p->max, *p->unit ? " " : "", p->unit,
                 (double)p->def);
        all[BEFORE + i] =
            (cli_option){KEY_PARAM + i, names[i], *p->unit ? p->unit : "X", help[i]};
    }
    memcpy(all + BEFORE + DFN_PARAM_COUNT, after, sizeof after);
    return all;
}

static const cli_command command = {
    .name = "",
    .arguments = "[OPTION]...",
    .about = "Offer a microphone that is clean: what a device hears, without its noise. "
             "Settings come from dfnet4d.conf(5), and from these options for one stream.",
    .notes =
        "SIGHUP makes it read its settings again. dfnet4ctl(1) shows how it is doing,\n"
        "and changes settings.\n"
        "\nExamples:\n"
        "  dfnet4d                          clean the default microphone\n"
        "  dfnet4d --limit-db 20            leave some of the noise\n"
        "  systemctl --user enable --now dfnet4d   as a service, from now on\n"
        "\nExit status: 0 asked to stop, 1 something failed, 2 wrong usage or "
        "settings,\n3 another dfnet4d runs.\n",
    .options = options,
};

/* The error begins with a key, which people know as an option. */
static void refuse(dfn_error *err)
{
    for (char *p = err->text; *p && *p != ' ' && *p != ':'; p++)
        *p = *p == '_' ? '-' : *p;
    cli_usage(&command, "--%s", err->text);
}

static void set(dfnd_options *o, const char *key, const char *value)
{
    static dfnd_instance_config scratch; /* a look at the value, while --help is near */
    dfn_error err;
    dfnd_instance_config_default(&scratch, "microphone", DFND_MICROPHONE);
    if (dfnd_instance_config_set(&scratch, key, value, &err))
        refuse(&err);
    int i = 0;
    while (i < o->count && strcmp(o->set[i].key, key))
        i++;
    o->set[i].key = key;
    o->set[i].value = value;
    if (i == o->count)
        o->count++;
}

static void choose(dfnd_options *o, dfnd_action action)
{
    if (o->action != DFND_RUN && o->action != action)
        cli_usage(&command, "several things to do instead of running; choose one");
    o->action = action;
}

static void check_backend(const char *name)
{
    static dfnd_config scratch;
    dfn_error err;
    if (dfnd_config_set(&scratch, "backend", name, &err))
        refuse(&err);
}

static void take(dfnd_options *o, int key)
{
    switch (key) {
    case 'd': set(o, "device", optarg); break;
    case 'm': set(o, "model", optarg); break;
    case KEY_PRECISION: set(o, "precision", optarg); break;
    case KEY_CHANNELS: set(o, "channels", optarg); break;
    case KEY_OUTPUT: set(o, "output", optarg); break;
    case KEY_SMART: set(o, "smart", "yes"); break;
    case KEY_MAKE_DEFAULT: set(o, "make_default", "yes"); break;
    case KEY_NAME: o->name = optarg; break;
    case 'c': o->config = optarg; break;
    case KEY_BACKEND: check_backend(o->backend = optarg); break;
    case KEY_CHECK_CONFIG: choose(o, DFND_CHECK_CONFIG); break;
    case KEY_LIST_DEVICES: choose(o, DFND_LIST_DEVICES); break;
    case KEY_LIST_MODELS: choose(o, DFND_LIST_MODELS); break;
    case KEY_DUMP_CONFIG: choose(o, DFND_DUMP_CONFIG); break;
    case 'v': o->level = o->level < DFND_INFO ? DFND_INFO : DFND_DEBUG; break;
    case 'q': o->level = DFND_ERROR; break;
    case 'V': choose(o, DFND_VERSION); break;
    default: set(o, dfn_param_get_info((dfn_param)(key - KEY_PARAM))->symbol, optarg);
    }
}

void dfnd_options_read(dfnd_options *o, int argc, char **argv)
{
    *o = (dfnd_options){.level = DFND_NOTICE};
    for (int key; (key = cli_next_option(&command, argc, argv)) != -1;)
        take(o, key);
    if (optind < argc)
        cli_usage(&command, "'%s' is no option", argv[optind]);
}

dfn_status dfnd_options_apply(const dfnd_options *o, dfnd_config *c, dfn_error *err)
{
    dfnd_instance_config *i = NULL;
    dfn_status status =
        o->backend ? dfnd_config_set(c, "backend", o->backend, err) : DFN_OK;
    if (status)
        return status;
    if (o->name && (i = dfnd_config_find(c, o->name)))
        status = DFN_OK;
    else if (o->name || c->count == 0)
        status =
            dfnd_config_add(&i, c, o->name ? o->name : "microphone", DFND_MICROPHONE, err);
    else if (c->count == 1)
        i = &c->instance[0];
    else if (o->count)
        status = dfn_fail(err, DFN_ERR_ARG,
                          "%d streams are configured; --name tells which one --%s is for",
                          c->count, o->set[0].key);
    for (int n = 0; n < o->count && !status; n++)
        status = dfnd_instance_config_set(i, o->set[n].key, o->set[n].value, err);
    return status;
}

dfn_status dfnd_options_load(const dfnd_options *o, dfnd_config *c, dfn_error *err)
{
    const dfn_status status = dfnd_config_load(c, o->config, err);
    return status ? status : dfnd_options_apply(o, c, err);
}
