/* service.c - the protocol of sd_notify(3). While streams run, their load is looked at now
 * and then; while none does, nothing wakes up. */
#include "service.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

enum { LINE = 512 };
#define SECOND ((uint64_t)1000000)
#define PATIENCE (2 * SECOND)
#define LOOK (2 * SECOND)

/* What was said about an instance that is too slow. */
typedef struct slowness {
    uint64_t overloads; /* at the last look */
    bool running;       /* at the last change */
    bool told;          /* once is enough until it stops running */
    bool troubled;      /* and not known to be well again */
} slowness;

struct dfnd_service {
    dfnd_daemon *daemon;
    sd_event_source *timer;
    bool patient; /* still waiting for the server, before READY=1 */
    bool ready, watching;
    slowness slow[DFND_INSTANCES];
    char line[LINE]; /* as last told */
};

static void put(char *text, size_t size, const char *more)
{
    const size_t n = strlen(text);
    snprintf(text + n, size - n, "%s", more);
}

static void describe(char *text, size_t size, const dfnd_daemon *d, const dfnd_instance *i)
{
    char more[2 * DFND_TEXT] = "";
    const bool incoming = i->config.direction == DFND_INCOMING;
    dfnd_engine_status s;
    switch (i->state) {
    case DFND_NO_SERVER:
        snprintf(more, sizeof more, "waits for the sound server (%s)",
                 d->backend_class->name);
        break;
    case DFND_NO_DEVICE:
        snprintf(more, sizeof more, "waits for %s",
                 *i->config.device ? i->config.device : "a device");
        break;
    case DFND_IDLE: snprintf(more, sizeof more, "idle"); break;
    case DFND_BROKEN: snprintf(more, sizeof more, "refused: %s", i->detail); break;
    case DFND_RUNNING:
        dfnd_engine_get_status(i->engine, &s);
        snprintf(more, sizeof more, "running, %s %s, load %.0f %%",
                 incoming ? "speaks to" : "hears", *i->linked ? i->linked : "nothing",
                 100 * s.load);
        break;
    }
    put(text, size, i->config.name);
    put(text, size, ": ");
    put(text, size, more);
}

/* Names come from other programs: a line feed would begin another message to systemd, which
 * takes no half of a character either. */
static void clean(char *text)
{
    size_t n = strlen(text), tail = 0;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            text[i] = '?';
    while (tail < n && tail < 3 && ((unsigned char)text[n - 1 - tail] & 0xc0) == 0x80)
        tail++;
    const unsigned lead = tail < n ? (unsigned char)text[n - 1 - tail] : 0;
    const size_t need = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
    if (tail < need)
        text[n - 1 - tail] = '\0';
}

void dfnd_status_line(char *text, size_t size, const dfnd_daemon *d)
{
    *text = '\0';
    for (int i = 0; i < d->count; i++) {
        put(text, size, i ? "; " : "");
        describe(text, size, d, d->instance[i]);
    }
    if (!d->count)
        put(text, size, "no streams");
    clean(text);
}

/* Tell what is new. */
static void tell(dfnd_service *s)
{
    char line[LINE];
    dfnd_status_line(line, sizeof line, s->daemon);
    bool offered = true;
    for (int i = 0; i < s->daemon->count; i++)
        offered &= s->daemon->instance[i]->state != DFND_NO_SERVER;
    const bool ready = s->ready || offered || !s->patient;
    if (ready != s->ready)
        sd_notifyf(0, "READY=1\nSTATUS=%s", line);
    else if (strcmp(line, s->line))
        sd_notifyf(0, "STATUS=%s", line);
    s->ready = ready;
    memcpy(s->line, line, sizeof line);
}

/* The network was too slow: said when it happens first, and with what helps. */
static void look_at(slowness *was, const dfnd_instance *i)
{
    dfnd_engine_status now;
    dfnd_engine_get_status(i->engine, &now);
    const bool again = now.overloads > was->overloads;
    was->overloads = now.overloads;
    if (again && !was->told)
        dfnd_log(DFND_WARNING,
                 "%s: this computer is too slow or too busy for the network, which rests "
                 "at times, and the sound is not clean then (a block takes %.0f %% of its "
                 "time); a smaller model or 'precision = int8' helps, see 'dfnet4d "
                 "--list-models'",
                 i->config.name, 100 * now.load_max);
    else if (was->troubled && !again && !now.overloaded)
        dfnd_log(DFND_INFO, "%s: the network is fast enough again", i->config.name);
    was->told |= again;
    was->troubled = again || now.overloaded;
}

/* A short run is looked at when it ends. */
static void follow(slowness *was, const dfnd_instance *i)
{
    const bool running = i->state == DFND_RUNNING;
    if (was->running && !running) {
        look_at(was, i);
        was->told = was->troubled = false;
    }
    was->running = running;
}

static void look_at_load(dfnd_service *s)
{
    for (int i = 0; i < s->daemon->count; i++)
        if (s->daemon->instance[i]->state == DFND_RUNNING)
            look_at(&s->slow[i], s->daemon->instance[i]);
}

static bool is_running(const dfnd_daemon *d)
{
    for (int i = 0; i < d->count; i++)
        if (d->instance[i]->state == DFND_RUNNING)
            return true;
    return false;
}

/* The next look, or none. */
static void schedule(dfnd_service *s)
{
    const bool watch = is_running(s->daemon);
    if (s->patient && !s->ready)
        return; /* the timer is set for that */
    if (watch && !s->watching)
        sd_event_source_set_time_relative(s->timer, LOOK);
    if (watch != s->watching || !watch)
        sd_event_source_set_enabled(s->timer, watch ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
    s->watching = watch;
}

void dfnd_service_changed(dfnd_service *s)
{
    if (!s || !s->daemon->started) /* not ready while only the first ones are offered */
        return;
    for (int i = 0; i < s->daemon->count; i++)
        follow(&s->slow[i], s->daemon->instance[i]);
    tell(s);
    schedule(s);
}

static int on_time(sd_event_source *source, uint64_t time, void *user)
{
    dfnd_service *s = user;
    (void)source;
    (void)time;
    s->patient = s->watching = false;
    look_at_load(s);
    for (int i = 0; i < s->daemon->count; i++)
        dfnd_engine_collect(s->daemon->instance[i]->engine);
    dfnd_service_changed(s);
    return 0;
}

dfn_status dfnd_service_open(dfnd_service **out, dfnd_daemon *d, dfn_error *err)
{
    *out = NULL;
    dfnd_service *s = calloc(1, sizeof *s);
    if (!s)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    s->daemon = d;
    s->patient = true;
    int r = sd_event_add_time_relative(d->event, &s->timer, CLOCK_MONOTONIC, PATIENCE,
                                       SECOND / 2, on_time, s);
    if (r >= 0)
        r = sd_event_set_watchdog(d->event, true);
    if (r < 0) {
        sd_event_source_unref(s->timer);
        free(s);
        return dfn_fail(err, DFN_ERR_NOMEM, "the service protocol: %s", strerror(-r));
    }
    *out = s;
    return DFN_OK;
}

void dfnd_service_close(dfnd_service *s)
{
    if (!s)
        return;
    sd_notify(0, "STOPPING=1");
    sd_event_source_disable_unref(s->timer);
    free(s);
}

void dfnd_service_reloading(dfnd_service *s)
{
    struct timespec now;
    (void)s;
    clock_gettime(CLOCK_MONOTONIC, &now);
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
               (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec / 1000);
}

void dfnd_service_reloaded(dfnd_service *s)
{
    s->ready = false; /* said again, with what is new */
    s->patient = false;
    tell(s);
    schedule(s);
}
