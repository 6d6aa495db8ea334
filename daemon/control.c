#include "control.h"

#include "control_own.h"
#include "log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>

enum { FIRST_WAIT_US = 100000, LAST_WAIT_US = 60000000, ENOUGH_US = 2000000 };

/* ---- objects ---------------------------------------------------------------------------
 */

static int show(dfnd_object *o)
{
    dfnd_object_changed(o, false);
    return sd_bus_add_object_vtable(o->control->bus, &o->slot, o->path, DFND_BUS_INSTANCE,
                                    dfnd_instance_vtable, o);
}

static dfnd_object *find(dfnd_control *c, const dfnd_instance *i)
{
    for (int k = 0; k < DFND_INSTANCES; k++)
        if (c->object[k].instance == i)
            return &c->object[k];
    return NULL;
}

static void tell_instances(dfnd_control *c)
{
    sd_bus_emit_properties_changed(c->bus, DFND_BUS_PATH, DFND_BUS_DAEMON, "Instances",
                                   NULL);
}

dfn_status dfnd_control_add(dfnd_control *c, dfnd_instance *i, dfn_error *err)
{
    dfnd_object *o = find(c, NULL);
    if (!o)
        return dfn_fail(err, DFN_ERR_ARG, "more than %d instances", DFND_INSTANCES);
    char *path;
    if (sd_bus_path_encode(DFND_BUS_PATH, i->config.name, &path) < 0)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    *o = (dfnd_object){c, i, path, NULL, {0}};
    if (!c->bus)
        return DFN_OK;
    if (show(o) < 0) {
        dfnd_control_remove(c, i);
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    }
    sd_bus_emit_object_added(c->bus, path);
    tell_instances(c);
    return DFN_OK;
}

void dfnd_control_remove(dfnd_control *c, dfnd_instance *i)
{
    dfnd_object *o = i ? find(c, i) : NULL;
    if (!o)
        return;
    const bool shown = o->slot != NULL;
    if (shown)
        sd_bus_emit_object_removed(c->bus, o->path);
    sd_bus_slot_unref(o->slot);
    free(o->path);
    *o = (dfnd_object){0};
    if (shown)
        tell_instances(c);
}

void dfnd_control_changed(dfnd_control *c, dfnd_instance *i)
{
    dfnd_object *o = i ? find(c, i) : NULL;
    if (o && o->slot)
        dfnd_object_changed(o, true);
}

/* ---- the connection --------------------------------------------------------------------
 */

static void disconnect(dfnd_control *c)
{
    for (int k = 0; k < DFND_INSTANCES; k++)
        c->object[k].slot = sd_bus_slot_unref(c->object[k].slot);
    if (c->bus)
        sd_bus_detach_event(c->bus);
    c->bus = sd_bus_close_unref(c->bus);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *user);
static void retry_later(dfnd_control *c);

/* A socket has come, which may be the bus. It may not answer yet. */
static int on_folder(sd_event_source *source, const struct inotify_event *event, void *user)
{
    (void)source;
    dfnd_control *c = user;
    if (event->mask & IN_IGNORED) /* the folder itself is gone */
        c->folder = sd_event_source_disable_unref(c->folder);
    if (c->bus && sd_bus_is_open(c->bus) > 0)
        return 0;
    c->wait_us = FIRST_WAIT_US;
    retry_later(c);
    return 0;
}

/* Whether the kernel tells when a bus comes, so that nobody has to look for it. */
static bool watch_folder(dfnd_control *c)
{
    char folder[4096];
    if (!c->folder && dfnd_bus_folder(folder, sizeof folder) &&
        sd_event_add_inotify(c->config.event, &c->folder, folder,
                             IN_CREATE | IN_MOVED_TO | IN_ONLYDIR, on_folder, c) < 0)
        c->folder = NULL;
    return c->folder != NULL;
}

static void retry_later(dfnd_control *c)
{
    if (watch_folder(c) && c->wait_us > ENOUGH_US)
        return;
    int r;
    if (!c->retry)
        r = sd_event_add_time_relative(c->config.event, &c->retry, CLOCK_MONOTONIC,
                                       c->wait_us, 0, on_retry, c);
    else if ((r = sd_event_source_set_time_relative(c->retry, c->wait_us)) >= 0)
        r = sd_event_source_set_enabled(c->retry, SD_EVENT_ONESHOT);
    if (r < 0)
        dfnd_log(DFND_WARNING, "session bus: %s; it is not looked for again", strerror(-r));
    c->wait_us = c->wait_us < LAST_WAIT_US / 2 ? 2 * c->wait_us : LAST_WAIT_US;
}

static int on_lost(sd_bus_message *m, void *user, sd_bus_error *error)
{
    (void)m, (void)error;
    dfnd_control *c = user;
    if (!c->told)
        dfnd_log(DFND_WARNING, "session bus: it is gone; dfnet4ctl works when it is back");
    c->told = true;
    retry_later(c); /* not here: this is called from inside of the bus */
    return 0;
}

static int on_name(sd_bus_message *m, void *user, sd_bus_error *error)
{
    (void)error;
    dfnd_control *c = user;
    const sd_bus_error *why = sd_bus_message_get_error(m);
    enum { OWNER = 1, IN_QUEUE = 2 }; /* answers of the bus */
    uint32_t answer = 0;
    if (why || sd_bus_message_read(m, "u", &answer) < 0) {
        if (c->bus && sd_bus_is_open(c->bus) > 0) /* or it is lost, which is told there */
            dfnd_log(DFND_WARNING, "session bus: no name " DFND_BUS_NAME ": %s",
                     why && why->message ? why->message : "no reason given");
        return 0;
    }
    c->wait_us = FIRST_WAIT_US;
    c->folder = sd_event_source_disable_unref(c->folder);
    if (c->told)
        dfnd_log(DFND_NOTICE, "session bus: connected");
    c->told = false;
    if (answer == IN_QUEUE && c->config.taken)
        c->config.taken(c->config.user);
    else if (answer == IN_QUEUE)
        dfnd_log(DFND_WARNING, "another dfnet4d runs; dfnet4ctl talks to that one");
    return 0;
}

static int export_all(dfnd_control *c)
{
    int r = sd_bus_attach_event(c->bus, c->config.event, SD_EVENT_PRIORITY_NORMAL);
    if (r >= 0)
        r = sd_bus_match_signal_async(
            c->bus, NULL, "org.freedesktop.DBus.Local", "/org/freedesktop/DBus/Local",
            "org.freedesktop.DBus.Local", "Disconnected", on_lost, NULL, c);
    if (r >= 0)
        r = sd_bus_add_object_manager(c->bus, NULL, DFND_BUS_PATH);
    if (r >= 0)
        r = sd_bus_add_object_vtable(c->bus, NULL, DFND_BUS_PATH, DFND_BUS_DAEMON,
                                     dfnd_daemon_vtable, c);
    for (int k = 0; r >= 0 && k < DFND_INSTANCES; k++)
        if (c->object[k].instance)
            r = show(&c->object[k]);
    if (r >= 0)
        r = sd_bus_request_name_async(c->bus, NULL, DFND_BUS_NAME, SD_BUS_NAME_QUEUE,
                                      on_name, c);
    return r;
}

static void connect_bus(dfnd_control *c)
{
    dfn_error err;
    if (dfnd_bus_open(&c->bus, &err) == DFN_OK) {
        const int r = export_all(c);
        if (r >= 0)
            return;
        dfn_fail(&err, DFN_ERR_IO, "session bus: %s", strerror(-r));
        disconnect(c);
    }
    if (!c->told)
        dfnd_log(DFND_WARNING, "%s; dfnet4ctl cannot reach this daemon", err.text);
    c->told = true;
    retry_later(c);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *user)
{
    (void)source, (void)usec;
    disconnect(user);
    connect_bus(user);
    return 0;
}

dfn_status dfnd_control_new(dfnd_control **out, const dfnd_control_config *config,
                            dfn_error *err)
{
    dfnd_control *c = *out = calloc(1, sizeof *c);
    if (!c)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    c->config = *config;
    c->wait_us = FIRST_WAIT_US;
    connect_bus(c);
    return DFN_OK;
}

void dfnd_control_free(dfnd_control *c)
{
    if (!c)
        return;
    if (c->bus && sd_bus_is_ready(c->bus) > 0)
        sd_bus_flush(c->bus);
    disconnect(c);
    sd_event_source_disable_unref(c->retry);
    sd_event_source_disable_unref(c->folder);
    for (int k = 0; k < DFND_INSTANCES; k++)
        free(c->object[k].path);
    free(c);
}
