/* notices.c - what people should know, once each time. */
#include "notices.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATIENCE ((uint64_t)2000000)

/* What was said of a stream. */
typedef struct said {
    const dfnd_instance *about; /* compared only */
    dfnd_state state;           /* DFND_IDLE: that all is well, or nothing yet */
} said;

struct dfnd_notices {
    dfnd_daemon *daemon;
    sd_event_source *timer;
    bool waiting; /* the timer runs */
    bool told_priority;
    said said[DFND_INSTANCES];
};

static said *find(dfnd_notices *n, const dfnd_instance *i)
{
    int at = 0;
    while (n->daemon->instance[at] != i)
        at++;
    if (n->said[at].about != i)
        n->said[at] = (said){i, DFND_IDLE};
    return &n->said[at];
}

static void tell_no_device(const dfnd_notices *n, const dfnd_instance *i)
{
    char others[4 * DFND_TEXT];
    const dfnd_instance_config *c = &i->config;
    dfnd_similar_devices(others, sizeof others, n->daemon->backend_class, c->direction,
                         c->device);
    if (!*c->device)
        dfnd_log(DFND_WARNING, "%s: there is no device; waiting for one", c->name);
    else
        dfnd_log(DFND_WARNING, "%s: there is no device '%s'; waiting for it%s%s", c->name,
                 c->device, *others ? ". There are: " : "", others);
}

static void tell_trouble(const dfnd_notices *n, const dfnd_instance *i)
{
    const char *server = n->daemon->backend_class->name;
    if (i->state == DFND_NO_DEVICE)
        tell_no_device(n, i);
    else if (i->state == DFND_NO_SERVER)
        dfnd_log(DFND_WARNING, "%s: no answer from %s%s%s%s; waiting for it",
                 i->config.name, server, *i->detail ? " (" : "", i->detail,
                 *i->detail ? ")" : "");
    else
        dfnd_log(DFND_ERROR, "%s: %s refused it: %s", i->config.name, server, i->detail);
}

static bool is_well(dfnd_state s) { return s == DFND_IDLE || s == DFND_RUNNING; }

static int on_time(sd_event_source *source, uint64_t time, void *user)
{
    dfnd_notices *n = user;
    (void)source;
    (void)time;
    n->waiting = false;
    for (int i = 0; i < n->daemon->count; i++) {
        dfnd_instance *it = n->daemon->instance[i];
        said *s = find(n, it);
        if (is_well(it->state) || s->state == it->state)
            continue;
        s->state = it->state;
        tell_trouble(n, it);
    }
    return 0;
}

/* Once is enough: it is the computer's, not the stream's. */
static void look_at_priority(dfnd_notices *n, const dfnd_instance *i)
{
    if (n->told_priority || i->state != DFND_RUNNING || !i->scheduled || i->realtime)
        return;
    n->told_priority = true;
    dfnd_log(
        DFND_NOTICE,
        "%s: no real-time priority for its audio thread: while the computer is busy, sound "
        "may break up; rtkit gives it one",
        i->config.name);
}

void dfnd_notices_changed(dfnd_notices *n, dfnd_instance *i)
{
    if (!n)
        return;
    said *s = find(n, i);
    look_at_priority(n, i);
    if (is_well(i->state)) {
        if (!is_well(s->state))
            dfnd_log(DFND_NOTICE, "%s: works again, with %s", i->config.name,
                     *i->linked ? i->linked : "no device");
        s->state = DFND_IDLE;
    } else if (s->state != i->state && !n->waiting) {
        n->waiting = true;
        sd_event_source_set_time_relative(n->timer, PATIENCE);
        sd_event_source_set_enabled(n->timer, SD_EVENT_ONESHOT);
    }
}

dfn_status dfnd_notices_new(dfnd_notices **out, dfnd_daemon *d, dfn_error *err)
{
    *out = NULL;
    dfnd_notices *n = calloc(1, sizeof *n);
    if (!n)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    n->daemon = d;
    const int r = sd_event_add_time_relative(d->event, &n->timer, CLOCK_MONOTONIC, PATIENCE,
                                             PATIENCE / 4, on_time, n);
    if (r < 0) {
        free(n);
        return dfn_fail(err, DFN_ERR_NOMEM, "a timer: %s", strerror(-r));
    }
    n->waiting = true; /* the first look: a server that never was does not change */
    *out = n;
    return DFN_OK;
}

void dfnd_notices_free(dfnd_notices *n)
{
    if (!n)
        return;
    sd_event_source_disable_unref(n->timer);
    free(n);
}
