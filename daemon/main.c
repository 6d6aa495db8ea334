/* main.c - dfnet4d: what it is asked to do, and how it ends. */
#include "daemon.h"
#include "lock.h"

#include <command.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

const char *const cli_program = "dfnet4d";

enum { TAKEN = 3 }; /* exit status: another one runs */

static int failed(const dfn_error *err, int status)
{
    dfnd_log(DFND_ERROR, "%s", err->text);
    return status;
}

static void print_model(void *user, const char *name, const char *path)
{
    (void)user;
    cli_line("%-20s %s", name, path);
}

static void print_device(void *user, const dfnd_device *d)
{
    (void)user;
    cli_line("%-10s %c %s", d->direction == DFND_INCOMING ? "incoming" : "microphone",
             d->is_default ? '*' : ' ', d->name);
    if (d->description && *d->description && strcmp(d->description, d->name))
        cli_line("%13s%s", "", d->description);
}

static int list_devices(const dfnd_config *c)
{
    const dfnd_backend_class *backend;
    dfn_error err;
    dfn_status status = dfnd_backend_find(&backend, c->backend, &err);
    if (!status)
        status = backend->list(print_device, NULL, &err);
    return status ? failed(&err, CLI_FAILED) : CLI_OK;
}

/* Whether each stream could start: its backend and its model are there. */
static int check(const dfnd_config *c)
{
    const dfnd_backend_class *backend;
    const dfn_model *model;
    dfnd_models *models;
    dfn_error err;
    if (dfnd_backend_find(&backend, c->backend, &err) || dfnd_models_new(&models, &err))
        return failed(&err, CLI_USAGE);
    int bad = 0;
    for (int i = 0; i < c->count; i++) {
        const dfnd_instance_config *s = &c->instance[i];
        if (dfnd_models_get(&model, models, s->model, s->precision, &err)) {
            dfnd_log(DFND_ERROR, "%s: %s", s->name, err.text);
            bad++;
            continue;
        }
        dfnd_models_put(models, model);
        cli_line("%s: %s, device %s, model %s, %s", s->name, c->backend,
                 *s->device ? s->device : "default", *s->model ? s->model : "default",
                 s->precision);
    }
    dfnd_models_free(models);
    return bad ? CLI_USAGE : CLI_OK;
}

/* Before any thread is made, so that all leave these to the main loop. */
static void hold_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

static int run(const dfnd_options *o, dfnd_config *settings)
{
    dfn_error err;
    hold_signals();
    const dfn_status status = dfnd_lock(&err);
    if (status) {
        free(settings);
        return failed(&err, status == DFN_ERR_UNSUPPORTED ? TAKEN : CLI_FAILED);
    }
    return dfnd_daemon_run(o, settings, &err) ? failed(&err, CLI_FAILED) : CLI_OK;
}

static int act(const dfnd_options *o, dfnd_config *settings)
{
    int status = CLI_OK;
    switch (o->action) {
    case DFND_RUN: return run(o, settings);
    case DFND_DUMP_CONFIG: dfnd_config_print(stdout, settings); break;
    case DFND_CHECK_CONFIG: status = check(settings); break;
    case DFND_LIST_DEVICES: status = list_devices(settings); break;
    case DFND_LIST_MODELS: dfnd_models_list(print_model, NULL); break;
    case DFND_VERSION: break;
    }
    free(settings);
    return cli_finish(status);
}

int main(int argc, char **argv)
{
    dfnd_options options;
    dfn_error err;
    dfnd_options_read(&options, argc, argv);
    dfnd_log_set(options.level);
    if (options.action == DFND_VERSION) {
        cli_version();
        return cli_finish(CLI_OK);
    }
    dfnd_config *settings = calloc(1, sizeof *settings);
    if (!settings) {
        dfn_fail(&err, DFN_ERR_NOMEM, "out of memory");
        return failed(&err, CLI_FAILED);
    }
    if (dfnd_options_load(&options, settings, &err)) {
        free(settings);
        return failed(&err, CLI_USAGE);
    }
    return act(&options, settings);
}
