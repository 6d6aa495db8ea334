/* sleep.c - org.freedesktop.login1: PrepareForSleep, and the inhibitor that gives us time.
 */
#include "sleep.h"

#include "log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#define LOGIND "org.freedesktop.login1"
#define LOGIND_PATH "/org/freedesktop/login1"
#define LOGIND_MANAGER "org.freedesktop.login1.Manager"

struct dfnd_sleep {
    sd_bus *bus;
    int inhibitor; /* logind waits while it is open; -1: none */
    dfnd_sleep_told *told;
    void *user;
};

static void release(dfnd_sleep *s)
{
    if (s->inhibitor >= 0)
        close(s->inhibitor);
    s->inhibitor = -1;
}

static int on_inhibitor(sd_bus_message *m, void *user, sd_bus_error *error)
{
    dfnd_sleep *s = user;
    const sd_bus_error *why = sd_bus_message_get_error(m);
    int fd = -1;
    (void)error;
    release(s);
    if (why || sd_bus_message_read(m, "h", &fd) < 0)
        dfnd_log(DFND_DEBUG, "logind: %s; it does not wait for us before a sleep",
                 why && why->message ? why->message : "no inhibitor");
    else
        s->inhibitor = fcntl(fd, F_DUPFD_CLOEXEC, 3); /* the message's ends with it */
    return 0;
}

static int inhibit(dfnd_sleep *s)
{
    return sd_bus_call_method_async(s->bus, NULL, LOGIND, LOGIND_PATH, LOGIND_MANAGER,
                                    "Inhibit", on_inhibitor, s, "ssss", "sleep", "dfnet4d",
                                    "settings are saved", "delay");
}

static int on_prepare(sd_bus_message *m, void *user, sd_bus_error *error)
{
    dfnd_sleep *s = user;
    int before;
    (void)error;
    if (sd_bus_message_read(m, "b", &before) < 0)
        return 0;
    dfnd_log(DFND_INFO, before ? "the computer goes to sleep" : "the computer is awake");
    s->told(s->user, before);
    if (before)
        release(s);
    else if (inhibit(s) < 0)
        dfnd_log(DFND_DEBUG, "logind: no inhibitor");
    return 0;
}

static int connect_bus(dfnd_sleep *s, sd_event *event)
{
    int r = sd_bus_open_system(&s->bus);
    if (r >= 0)
        r = sd_bus_attach_event(s->bus, event, SD_EVENT_PRIORITY_NORMAL);
    if (r >= 0)
        r = sd_bus_match_signal_async(s->bus, NULL, LOGIND, LOGIND_PATH, LOGIND_MANAGER,
                                      "PrepareForSleep", on_prepare, NULL, s);
    return r >= 0 ? inhibit(s) : r;
}

dfn_status dfnd_sleep_new(dfnd_sleep **out, sd_event *event, dfnd_sleep_told *told,
                          void *user, dfn_error *err)
{
    dfnd_sleep *s = *out = calloc(1, sizeof *s);
    if (!s)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    s->inhibitor = -1;
    s->told = told;
    s->user = user;
    const int r = connect_bus(s, event);
    if (r < 0)
        dfnd_log(DFND_DEBUG, "system bus: %s; nobody tells of a sleep", strerror(-r));
    return DFN_OK;
}

void dfnd_sleep_free(dfnd_sleep *s)
{
    if (!s)
        return;
    if (s->bus)
        sd_bus_detach_event(s->bus);
    sd_bus_close_unref(s->bus);
    release(s);
    free(s);
}
