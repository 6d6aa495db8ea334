/* daemon.c - the streams, from start to end. */
#include "daemon.h"

#include "control.h"
#include "notices.h"
#include "saved.h"
#include "service.h"
#include "sleep.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

dfn_status dfnd_backend_find(const dfnd_backend_class **out, const char *name,
                             dfn_error *err)
{
    static const dfnd_backend_class *const all[] = {
#ifdef DFND_HAVE_PIPEWIRE
        &dfnd_pipewire,
#endif
#ifdef DFND_HAVE_PORTAUDIO
        &dfnd_portaudio,
#endif
        NULL};
    *out = NULL;
    for (int i = 0; all[i] && !*out; i++)
        if (!strcmp(all[i]->name, name))
            *out = all[i];
    return *out ? DFN_OK
                : dfn_fail(err, DFN_ERR_UNSUPPORTED, "this dfnet4d was built without %s",
                           name);
}

dfnd_instance *dfnd_daemon_find(const dfnd_daemon *d, const char *name)
{
    for (int i = 0; i < d->count; i++)
        if (!strcmp(d->instance[i]->config.name, name))
            return d->instance[i];
    return NULL;
}

static void on_change(void *user, dfnd_instance *i)
{
    dfnd_daemon *d = user;
    dfnd_control_changed(d->control, i);
    dfnd_notices_changed(d->notices, i);
    dfnd_service_changed(d->service);
}

dfn_status dfnd_daemon_offer(dfnd_daemon *d, dfnd_instance *i, dfn_error *err)
{
    if (d->count == DFND_INSTANCES)
        return dfn_fail(err, DFN_ERR_UNSUPPORTED, "%d streams at most", DFND_INSTANCES);
    d->instance[d->count++] = i; /* first: the backend may report it at once */
    i->watcher = on_change;
    i->watcher_user = d;
    dfn_status status = dfnd_control_add(d->control, i, err);
    if (!status)
        status = d->backend_class->add(d->backend, i, err);
    if (status) {
        dfnd_control_remove(d->control, i);
        d->count--;
        i->watcher = NULL;
    }
    return status;
}

void dfnd_daemon_withdraw(dfnd_daemon *d, dfnd_instance *i)
{
    int at = 0;
    while (d->instance[at] != i)
        at++;
    i->watcher = NULL;
    dfnd_control_remove(d->control, i);
    d->backend_class->remove(d->backend, i);
    d->count--;
    memmove(d->instance + at, d->instance + at + 1,
            (size_t)(d->count - at) * sizeof *d->instance);
}

/* What was asked for on the command line counts more than what was saved. */
static void prefer_options(const dfnd_options *o, dfnd_instance_config *c)
{
    if (o->name && strcmp(o->name, c->name))
        return;
    for (int n = 0; n < o->count; n++)
        if (dfnd_instance_config_set(c, o->set[n].key, o->set[n].value, NULL))
            continue; /* it went well when the settings were read */
}

dfn_status dfnd_daemon_make(dfnd_instance **out, dfnd_daemon *d,
                            const dfnd_instance_config *c, dfn_error *err)
{
    dfnd_instance_config config = *c;
    dfn_error why;
    dfnd_saved_apply(d->saved, &config);
    prefer_options(d->options, &config);
    dfn_status status = dfnd_instance_new(out, &config, d->models, &why);
    if (status && strcmp(config.model, c->model)) {
        dfnd_log(DFND_WARNING, "%s: the model that was chosen is not used: %s", c->name,
                 why.text);
        memcpy(config.model, c->model, sizeof config.model);
        status = dfnd_instance_new(out, &config, d->models, &why);
    }
    if (status)
        return dfn_fail(err, status, "%s", why.text);
    (*out)->configured = *c;
    return DFN_OK;
}

static bool has_terminal(void)
{
    const int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static dfn_status reload(void *user, dfn_error *err)
{
    dfnd_daemon *d = user;
    dfnd_service_reloading(d->service);
    const dfn_status status = dfnd_daemon_reload(d, err);
    if (status)
        dfnd_log(DFND_ERROR, "%s; all settings stay as they were", err->text);
    dfnd_service_reloaded(d->service);
    return status;
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *si, void *user)
{
    dfnd_daemon *d = user;
    dfn_error err;
    (void)source;
    (void)si;
    if (d->had_terminal && !has_terminal()) /* its window was closed */
        return sd_event_exit(d->event, 0);
    (void)reload(d, &err); /* it logs why */
    return 0;
}

/* main.c blocks them in all threads. */
static dfn_status add_signals(dfnd_daemon *d, dfn_error *err)
{
    int r = sd_event_add_signal(d->event, NULL, SIGINT, NULL, NULL);
    if (r >= 0)
        r = sd_event_add_signal(d->event, NULL, SIGTERM, NULL, NULL);
    if (r >= 0)
        r = sd_event_add_signal(d->event, NULL, SIGHUP, on_hangup, d);
    return r < 0 ? dfn_fail(err, DFN_ERR_NOMEM, "signals: %s", strerror(-r)) : DFN_OK;
}

static dfn_status start_control(dfnd_daemon *d, dfn_error *err)
{
    const dfnd_control_config c = {.event = d->event,
                                   .version = DFN_VERSION,
                                   .class = d->backend_class,
                                   .backend = d->backend,
                                   .saved = d->saved,
                                   .reload = reload,
                                   .user = d};
    return dfnd_control_new(&d->control, &c, err);
}

/* A sleep is no end: what was set is kept, and afterwards all sound is looked for at once.
 */
static void on_sleep(void *user, bool before)
{
    dfnd_daemon *d = user;
    if (before)
        dfnd_saved_flush(d->saved);
    else
        d->backend_class->wake(d->backend);
}

static dfn_status open_all(dfnd_daemon *d, dfn_error *err)
{
    dfn_status status = dfnd_service_open(&d->service, d, err);
    if (!status)
        status = dfnd_notices_new(&d->notices, d, err);
    if (!status)
        status = d->backend_class->open(&d->backend, d->event, err);
    if (!status)
        status = start_control(d, err);
    if (!status)
        status = dfnd_sleep_new(&d->sleep, d->event, on_sleep, d, err);
    return status;
}

/* All streams or none: first everything is made, then the world is told. */
static dfn_status start_streams(dfnd_daemon *d, dfn_error *err)
{
    const dfnd_config *c = d->settings;
    dfnd_instance *made[DFND_INSTANCES] = {0};
    dfn_error why;
    dfn_status status = DFN_OK;
    int i = 0;
    for (; i < c->count && !status; i++)
        status = dfnd_daemon_make(&made[i], d, &c->instance[i], &why);
    if (status)
        dfn_fail(err, status, "%s: %s", c->instance[i - 1].name, why.text);
    else
        status = open_all(d, err);
    for (i = 0; i < c->count && !status; i++) {
        status = dfnd_daemon_offer(d, made[i], &why);
        if (status)
            dfn_fail(err, status, "%s: %s", c->instance[i].name, why.text);
        else
            made[i] = NULL;
    }
    for (i = 0; i < c->count; i++)
        dfnd_instance_free(made[i]);
    return status;
}

static dfn_status start(dfnd_daemon *d, dfn_error *err)
{
    dfn_status status = dfnd_backend_find(&d->backend_class, d->settings->backend, err);
    if (!status && sd_event_default(&d->event) < 0)
        status = dfn_fail(err, DFN_ERR_NOMEM, "no event loop");
    if (!status)
        status = add_signals(d, err);
    if (!status)
        status = dfnd_models_new(&d->models, err);
    if (!status)
        status = dfnd_saved_new(&d->saved, NULL, d->event, err);
    return status ? status : start_streams(d, err);
}

static void stop(dfnd_daemon *d)
{
    dfnd_sleep_free(d->sleep);
    dfnd_service_close(d->service);
    dfnd_notices_free(d->notices);
    d->service = NULL; /* streams that end may still report */
    d->notices = NULL;
    while (d->count) {
        dfnd_instance *i = d->instance[d->count - 1];
        dfnd_daemon_withdraw(d, i);
        dfnd_instance_free(i);
    }
    if (d->backend)
        d->backend_class->close(d->backend);
    dfnd_control_free(d->control);
    dfnd_saved_free(d->saved);
    dfnd_models_free(d->models);
    sd_event_unref(d->event);
    free(d->settings);
}

dfn_status dfnd_daemon_run(const dfnd_options *options, dfnd_config *settings,
                           dfn_error *err)
{
    dfnd_daemon d = {
        .options = options, .settings = settings, .had_terminal = has_terminal()};
    dfn_status status = start(&d, err);
    if (!status) {
        d.started = true;
        dfnd_service_changed(d.service);
        const int r = sd_event_loop(d.event);
        if (r < 0)
            status = dfn_fail(err, DFN_ERR_IO, "the event loop: %s", strerror(-r));
    }
    stop(&d);
    return status;
}
