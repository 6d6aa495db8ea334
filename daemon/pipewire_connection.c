/* pipewire_connection.c - the loop of libpipewire in that of the daemon, and the server,
 * which may come and go. */
#define _GNU_SOURCE /* gettid */
#include "pipewire.h"

#include "log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

static void on_error(void *user, uint32_t id, int seq, int result, const char *message)
{
    dfnd_backend *b = user;
    (void)seq;
    if (id == PW_ID_CORE && result == -EPIPE)
        b->lost = true;
    else
        dfnd_log(DFND_DEBUG, "the server about object %u: %s", id, message);
}

static const struct pw_core_events core_events = {
    .version = PW_VERSION_CORE_EVENTS,
    .error = on_error,
};

void dfnd_pw_later(dfnd_backend *b)
{
    if (b->retrying)
        return;
    b->retrying = true;
    sd_event_source_set_time_relative(b->retry, (uint64_t)b->wait * 1000);
    sd_event_source_set_enabled(b->retry, SD_EVENT_ONESHOT);
    b->wait = SPA_MIN(2 * b->wait, (int)DFND_PW_WAIT_MAX);
}

static void disconnect(dfnd_backend *b)
{
    b->lost = false;
    for (int n = 0; n < DFND_INSTANCES; n++) {
        dfnd_pw_pair *p = b->pairs[n];
        if (!p)
            continue;
        dfnd_pw_monitor_drop(p);
        dfnd_pw_side_drop(&p->device);
        dfnd_pw_side_drop(&p->offer);
    }
    if (!b->core)
        return;
    dfnd_pw_graph_stop(&b->graph);
    spa_hook_remove(&b->core_hook);
    pw_core_disconnect(b->core);
    b->core = NULL;
}

static void report_no_server(dfnd_backend *b, const char *why)
{
    for (int n = 0; n < DFND_INSTANCES; n++)
        if (b->pairs[n])
            dfnd_instance_report(b->pairs[n]->instance, DFND_NO_SERVER, "", why);
}

static void connect_to_server(dfnd_backend *b)
{
    b->core = pw_context_connect(b->context, NULL, 0);
    if (b->core) {
        pw_core_add_listener(b->core, &b->core_hook, &core_events, b);
        dfnd_pw_graph_start(&b->graph, b->core, &b->changed);
        b->changed = true;
        return;
    }
    report_no_server(b, strerror(errno));
    dfnd_pw_later(b);
}

/* Whatever has happened: act on it. */
static void settle(dfnd_backend *b)
{
    if (b->lost) {
        disconnect(b);
        report_no_server(b, "the connection broke");
        dfnd_pw_later(b); /* it may be one that dies at once, again and again */
    }
    /* What is done may change something at once, and no event of the server tells. */
    for (int k = 0; b->core && b->changed && k < 4; k++)
        dfnd_pw_review(b);
    if (b->core && b->changed)
        dfnd_pw_later(b);
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *user)
{
    dfnd_backend *b = user;
    (void)source, (void)fd, (void)events;
    pw_loop_iterate(b->loop, 0);
    settle(b);
    return 0;
}

static int on_retry(sd_event_source *source, uint64_t at, void *user)
{
    dfnd_backend *b = user;
    (void)source, (void)at;
    b->retrying = false;
    bool undecided = false;
    for (int n = 0; n < DFND_INSTANCES; n++)
        if (b->pairs[n]) {
            b->pairs[n]->held = b->pairs[n]->held_offer = b->pairs[n]->heard_held = false;
            undecided |= b->core && dfnd_pw_is_undecided(b->pairs[n]);
        }
    if (!b->core)
        connect_to_server(b);
    else if (undecided && b->wait >= DFND_PW_PATIENCE)
        dfnd_pw_graph_reread(&b->graph);
    b->changed = true;
    settle(b);
    return 0;
}

static int on_settle(sd_event_source *source, uint64_t at, void *user)
{
    dfnd_backend *b = user;
    (void)source, (void)at;
    b->changed = true;
    settle(b);
    return 0;
}

static int on_tick(sd_event_source *source, uint64_t at, void *user)
{
    (void)at;
    sd_event_source_set_time_relative(source, 1000000);
    dfnd_pw_measure(user);
    return 0;
}

/* Without the wait that has grown. */
static void retry_soon(dfnd_backend *b)
{
    b->wait = DFND_PW_WAIT_MIN;
    b->retrying = false;
    dfnd_pw_later(b);
}

/* Something new in the folder of sockets: it may be the server. */
static int on_socket(sd_event_source *source, const struct inotify_event *e, void *user)
{
    dfnd_backend *b = user;
    (void)source, (void)e;
    if (!b->core)
        retry_soon(b);
    return 0;
}

/* What is offered stays, and so do those who listen. */
void dfnd_pw_wake(dfnd_backend *b)
{
    for (int n = 0; n < DFND_INSTANCES; n++)
        if (b->pairs[n])
            dfnd_pw_side_renew(&b->pairs[n]->device);
    retry_soon(b);
}

static int tell_thread(struct spa_loop *loop, bool async, uint32_t seq, const void *data,
                       size_t size, void *user)
{
    (void)loop, (void)async, (void)seq, (void)data, (void)size;
    *(pid_t *)user = gettid();
    return 0;
}

/* A millisecond of accuracy, not sd-event's 250; off at first. */
static bool make_timer(dfnd_backend *b, sd_event_source **out, sd_event_time_handler_t ring)
{
    return sd_event_add_time(b->event, out, CLOCK_MONOTONIC, 0, 1000, ring, b) >= 0 &&
           sd_event_source_set_enabled(*out, SD_EVENT_OFF) >= 0;
}

static bool make_sources(dfnd_backend *b)
{
    const char *folder = getenv("PIPEWIRE_RUNTIME_DIR");
    if (!folder)
        folder = getenv("XDG_RUNTIME_DIR");
    if (folder) /* without it there is still the timer */
        sd_event_add_inotify(b->event, &b->watch, folder, IN_CREATE | IN_MOVED_TO,
                             on_socket, b);
    return sd_event_add_io(b->event, &b->io, pw_loop_get_fd(b->loop), EPOLLIN, on_io, b) >=
               0 &&
           make_timer(b, &b->retry, on_retry) && make_timer(b, &b->settle, on_settle) &&
           make_timer(b, &b->tick, on_tick);
}

dfn_status dfnd_pw_open(dfnd_backend **out, sd_event *event, dfn_error *err)
{
    *out = NULL;
    dfnd_backend *b = calloc(1, sizeof *b);
    if (!b)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    pw_init(NULL, NULL);
    b->event = sd_event_ref(event);
    b->wait = DFND_PW_WAIT_MIN;
    b->loop = pw_loop_new(NULL);
    if (b->loop)
        pw_loop_enter(b->loop);
    b->context =
        b->loop
            ? pw_context_new(
                  b->loop, pw_properties_new(PW_KEY_CONFIG_NAME, "client-rt.conf", NULL), 0)
            : NULL;
    if (!b->context || !make_sources(b)) {
        dfnd_pw_close(b);
        return dfn_fail(err, DFN_ERR_IO, "pipewire: no context: %s", strerror(errno));
    }
    pw_data_loop_invoke(pw_context_get_data_loop(b->context), tell_thread, 1, NULL, 0, true,
                        &b->audio_thread);
    connect_to_server(b);
    *out = b;
    return DFN_OK;
}

void dfnd_pw_close(dfnd_backend *b)
{
    disconnect(b);
    for (int n = 0; n < DFND_INSTANCES; n++)
        free(b->pairs[n]);
    sd_event_source_disable_unref(b->io);
    sd_event_source_disable_unref(b->retry);
    sd_event_source_disable_unref(b->settle);
    sd_event_source_disable_unref(b->tick);
    sd_event_source_disable_unref(b->watch);
    if (b->context)
        pw_context_destroy(b->context);
    if (b->loop) {
        pw_loop_leave(b->loop);
        pw_loop_destroy(b->loop);
    }
    sd_event_unref(b->event);
    pw_deinit();
    free(b);
}
