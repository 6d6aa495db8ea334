/* portaudio.c - the PortAudio backend, as the main thread sees it. */
#include "portaudio_worker.h"

#include "log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { SECOND = 1000000 };        /* us */
static const double PATIENCE = 5; /* s that PortAudio may take */

/* ---- what the worker says -------------------------------------------------------------
 */

static void take_report(dfnd_backend *b, dfnd_pa_lane *l)
{
    dfnd_pa_report r;
    pthread_mutex_lock(&b->lock);
    r = l->report;
    l->report.fresh = false;
    pthread_mutex_unlock(&b->lock);
    if (!r.fresh)
        return;
    l->instance->rate = r.rate;
    l->instance->quantum = r.quantum;
    dfnd_instance_report(l->instance, r.state, r.linked, r.detail);
}

static void start_over(dfnd_backend *b)
{
    dfnd_log(DFND_WARNING,
             "the sound server is gone, and its streams cannot be closed; starting "
             "again");
    dfnd_pa_start_over();
    dfnd_log(DFND_ERROR, "cannot start again: %s", strerror(errno));
    sd_event_exit(sd_event_source_get_event(b->wake), 1);
}

static int on_wake(sd_event_source *s, int fd, uint32_t events, void *user)
{
    dfnd_backend *b = user;
    eventfd_t count;
    (void)s, (void)events;
    if (eventfd_read(fd, &count))
        return 0;
    for (int k = 0; k < DFND_INSTANCES; k++)
        if (b->mine[k])
            take_report(b, b->mine[k]);
    if (b->start_over)
        start_over(b);
    return 0;
}

/* What nobody says: counters, and a worker that hangs. */
static void look_at(dfnd_backend *b, dfnd_pa_lane *l, bool hangs)
{
    dfnd_instance *i = l->instance;
    pthread_mutex_lock(&b->lock);
    const uint64_t xruns = l->xruns + dfnd_duplex_lost(l->duplex);
    pthread_mutex_unlock(&b->lock);
    const unsigned long long block =
        atomic_load_explicit(&l->longest, memory_order_relaxed);
    const bool scheduled = atomic_load_explicit(&l->beats[1], memory_order_relaxed) > 0;
    const bool changed =
        xruns != i->xruns || l->realtime != i->realtime || scheduled != i->scheduled;
    i->xruns = xruns;
    i->realtime = l->realtime;
    i->scheduled = scheduled;
    if (i->quantum == 0 && i->state == DFND_RUNNING)
        i->quantum = (int)block;
    if (hangs && i->state != DFND_RUNNING)
        dfnd_instance_report(i, DFND_NO_SERVER, "", "the sound system does not answer");
    else if (changed)
        dfnd_instance_changed(i);
}

static int on_timer(sd_event_source *s, uint64_t now, void *user)
{
    dfnd_backend *b = user;
    (void)now;
    pthread_mutex_lock(&b->lock);
    const bool hangs = b->busy_since > 0 && dfnd_pa_now() - b->busy_since > PATIENCE;
    const bool stuck = hangs && b->closing;
    pthread_mutex_unlock(&b->lock);
    if (stuck)
        start_over(b);
    for (int k = 0; k < DFND_INSTANCES; k++)
        if (b->mine[k])
            look_at(b, b->mine[k], hangs);
    sd_event_source_set_time_relative(s, SECOND);
    sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
    return 0;
}

/* ---- instances ------------------------------------------------------------------------
 */

static void copy_config(dfnd_pa_lane *l, const dfnd_instance_config *c)
{
    snprintf(l->device, sizeof l->device, "%s", c->device);
    snprintf(l->output, sizeof l->output, "%s", c->output);
    l->channels = c->channels;
}

static dfn_status add(dfnd_backend *b, dfnd_instance *i, dfn_error *err)
{
    if (i->config.smart)
        return dfn_fail(err, DFN_ERR_UNSUPPORTED,
                        "%s: smart filters need the PipeWire backend", i->config.name);
    dfnd_pa_lane *l = calloc(1, sizeof *l);
    if (!l)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    int n = 0;
    while (b->mine[n])
        n++;
    b->mine[n] = l;
    l->instance = i;
    l->engine = i->engine;
    copy_config(l, &i->config);
    i->backend = l;
    dfnd_instance_report(i, DFND_NO_DEVICE, "", "the device is looked for");
    pthread_mutex_lock(&b->lock);
    l->next = b->fresh;
    b->fresh = l;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
    return DFN_OK;
}

/* The worker closes its streams when it can; the engine is free at once. */
static void let_go(dfnd_backend *b, dfnd_pa_lane *l)
{
    for (int k = 0; k < DFND_INSTANCES; k++)
        if (b->mine[k] == l)
            b->mine[k] = NULL;
    pthread_mutex_lock(&b->lock);
    l->removed = true;
    if (l->duplex)
        dfnd_duplex_let_go(l->duplex);
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
}

static void remove_instance(dfnd_backend *b, dfnd_instance *i)
{
    if (i->backend)
        let_go(b, i->backend);
    i->backend = NULL;
}

static void update(dfnd_backend *b, dfnd_instance *i)
{
    dfnd_pa_lane *l = i->backend;
    pthread_mutex_lock(&b->lock);
    if (strcmp(l->device, i->config.device) || strcmp(l->output, i->config.output)) {
        copy_config(l, &i->config);
        l->reopen = true;
        pthread_cond_broadcast(&b->changed);
    }
    pthread_mutex_unlock(&b->lock);
}

static void wake(dfnd_backend *b)
{
    pthread_mutex_lock(&b->lock);
    b->rescan = true;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
}

static dfn_status monitor(dfnd_backend *b, dfnd_instance *i, bool on, dfn_error *err)
{
    (void)b;
    return on ? dfn_fail(err, DFN_ERR_UNSUPPORTED,
                         "%s: the PortAudio backend plays to one device only; name another "
                         "as its output to hear it there",
                         i->config.name)
              : DFN_OK;
}

/* ---- life -----------------------------------------------------------------------------
 */

static void free_lanes(dfnd_pa_lane *l)
{
    while (l) {
        dfnd_pa_lane *next = l->next;
        free(l);
        l = next;
    }
}

static void free_all(dfnd_backend *b)
{
    free_lanes(b->lanes);
    free_lanes(b->fresh);
    sd_event_source_unref(b->wake);
    sd_event_source_unref(b->timer);
    if (b->event_fd >= 0)
        close(b->event_fd);
    pthread_cond_destroy(&b->changed);
    pthread_mutex_destroy(&b->lock);
    free(b);
}

static dfn_status open_backend(dfnd_backend **out, sd_event *event, dfn_error *err)
{
    pthread_condattr_t attr;
    *out = NULL;
    dfnd_backend *b = calloc(1, sizeof *b);
    if (!b)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&b->changed, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&b->lock, NULL);
    dfnd_pa_quiet();
    b->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int e = b->event_fd < 0
                ? -errno
                : sd_event_add_io(event, &b->wake, b->event_fd, EPOLLIN, on_wake, b);
    if (e >= 0)
        e = sd_event_add_time_relative(event, &b->timer, CLOCK_MONOTONIC, SECOND,
                                       SECOND / 10, on_timer, b);
    dfnd_pa_know(true, false);
    if (e >= 0)
        e = -pthread_create(&b->worker, NULL, dfnd_pa_work, b);
    if (e < 0) {
        dfnd_pa_know(false, false);
        free_all(b);
        return dfn_fail(err, DFN_ERR_IO, "the PortAudio backend cannot start: %s",
                        strerror(-e));
    }
    *out = b;
    return DFN_OK;
}

static void close_backend(dfnd_backend *b)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)PATIENCE;
    for (int k = 0; k < DFND_INSTANCES; k++)
        if (b->mine[k])
            remove_instance(b, b->mine[k]->instance);
    pthread_mutex_lock(&b->lock);
    b->quit = true;
    pthread_cond_broadcast(&b->changed);
    int e = 0;
    while (!b->ended && e != ETIMEDOUT)
        e = pthread_cond_timedwait(&b->changed, &b->lock, &until);
    const bool ended = b->ended;
    pthread_mutex_unlock(&b->lock);
    if (ended) {
        pthread_join(b->worker, NULL);
        free_all(b);
        return;
    }
    /* It would have to be waited for until the process ends: leave it what it uses. */
    dfnd_log(DFND_WARNING, "the sound system does not answer; its streams stay open");
    pthread_detach(b->worker);
    b->wake = sd_event_source_unref(b->wake);
    b->timer = sd_event_source_unref(b->timer);
}

const dfnd_backend_class dfnd_portaudio = {
    .name = "portaudio",
    .open = open_backend,
    .close = close_backend,
    .add = add,
    .remove = remove_instance,
    .update = update,
    .wake = wake,
    .monitor = monitor,
    .list = dfnd_pa_list,
};
