/* drive_pipewire.c - the PipeWire backend, with commands on stdin instead of D-Bus.
 *
 *   drive_pipewire [key=value]... [, [key=value]...]
 *
 * One instance for each list: name, device, channels, incoming, smart, default, limit-db.
 * Each line is for an instance by its number: "0 monitor on", "0 device NAME", "0 drop",
 * "0 model FILE". A line "STATE LINKED RATE QUANTUM XRUNS LATENCY" on stdout for each
 * change. What its audio thread does is checked by rt_guard. */
#include "backend.h"
#include "log.h"

#include "../rt/rt_guard.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { MOST = 4 };
static dfnd_instance *instances[MOST];
static dfnd_models *models;
static dfnd_backend *backend;
static int count;

static void fail(const char *what, const dfn_error *err)
{
    fprintf(stderr, "drive_pipewire: %s: %s\n", what, err->text);
    exit(1);
}

/* Linked in place of the backend's own: see meson.build. */
void __real_dfnd_pw_playback_process(void *side);
void __wrap_dfnd_pw_playback_process(void *side);
void __wrap_dfnd_pw_playback_process(void *side)
{
    static _Thread_local bool started;
    if (!started)
        rt_guard_start();
    started = true;
    rt_guard_enter();
    __real_dfnd_pw_playback_process(side);
    rt_guard_leave();
}

static void on_change(void *user, dfnd_instance *i)
{
    (void)user;
    printf("%s %s %s %d %d %llu %d%s\n", i->config.name, dfnd_state_name(i->state),
           *i->linked ? i->linked : "-", i->rate, i->quantum, (unsigned long long)i->xruns,
           dfnd_engine_latency(i->engine), i->realtime ? " realtime" : "");
    fflush(stdout);
}

static void set(dfnd_instance_config *c, const char *key, const char *value)
{
    if (!strcmp(key, "name"))
        snprintf(c->name, sizeof c->name, "%s", value);
    else if (!strcmp(key, "device"))
        snprintf(c->device, sizeof c->device, "%s", value);
    else if (!strcmp(key, "channels"))
        c->channels = atoi(value);
    else if (!strcmp(key, "smart"))
        c->smart = atoi(value);
    else if (!strcmp(key, "default"))
        c->make_default = atoi(value);
    else if (!strcmp(key, "limit-db"))
        c->param[DFN_PARAM_LIMIT_DB] = (float)atof(value);
    else if (strcmp(key, "incoming") != 0)
        fail(key, &(dfn_error){.text = "no such key"});
}

static void make(const dfnd_instance_config *c)
{
    dfn_error err;
    if (dfnd_instance_new(&instances[count], c, models, &err))
        fail("instance", &err);
    instances[count]->watcher = on_change;
    if (dfnd_pipewire.add(backend, instances[count], &err))
        fail("add", &err);
    on_change(NULL, instances[count++]);
}

static void obey(char *line)
{
    dfn_error err = {0};
    char what[32] = "", value[512] = "";
    int n = 0;
    if (sscanf(line, "%d %31s %511s", &n, what, value) < 2 || n < 0 || n >= count)
        fail(line, &(dfn_error){.text = "no such command"});
    dfnd_instance *i = instances[n];
    if (!strcmp(what, "monitor")) {
        if (dfnd_pipewire.monitor(backend, i, !strcmp(value, "on"), &err))
            fprintf(stderr, "refused: %s\n", err.text);
    } else if (!strcmp(what, "device")) {
        snprintf(i->config.device, sizeof i->config.device, "%s", value);
        dfnd_pipewire.update(backend, i);
    } else if (!strcmp(what, "model")) {
        if (dfnd_instance_set_model(i, value, &err))
            fprintf(stderr, "refused: %s\n", err.text);
        dfnd_pipewire.update(backend, i);
        on_change(NULL, i);
    } else if (!strcmp(what, "drop")) {
        dfnd_pipewire.remove(backend, i);
    }
}

static int on_line(sd_event_source *source, int fd, uint32_t events, void *user)
{
    static char text[1024];
    static size_t length;
    (void)source, (void)events;
    const ssize_t got = read(fd, text + length, sizeof text - 1 - length);
    if (got <= 0)
        return sd_event_exit(user, 0);
    length += (size_t)got;
    text[length] = '\0';
    for (char *end; (end = strchr(text, '\n')); length = strlen(text)) {
        *end = '\0';
        obey(text);
        memmove(text, end + 1, strlen(end + 1) + 1);
    }
    return 0;
}

static void found(void *user, const dfnd_device *d)
{
    (void)user;
    printf("%s %s %d %s%s\n", d->direction == DFND_MICROPHONE ? "heard" : "plays", d->name,
           d->channels, d->description, d->is_default ? " default" : "");
}

static void make_all(int argc, char **argv)
{
    dfnd_instance_config c;
    dfnd_instance_config_default(&c, "microphone", DFND_MICROPHONE);
    for (int a = 1; a < argc; a++) {
        char *value = strchr(argv[a], '=');
        if (!strcmp(argv[a], ",")) {
            make(&c);
            dfnd_instance_config_default(&c, "second", DFND_MICROPHONE);
        } else if (!strcmp(argv[a], "incoming=1")) {
            dfnd_instance_config_default(&c, "incoming", DFND_INCOMING);
        } else if (value) {
            *value = '\0';
            set(&c, argv[a], value + 1);
        }
    }
    make(&c);
}

int main(int argc, char **argv)
{
    sd_event *event = NULL;
    dfn_error err = {0};
    dfnd_log_set(DFND_DEBUG);
    if (argc == 2 && !strcmp(argv[1], "list")) {
        if (dfnd_pipewire.list(found, NULL, &err))
            fail("list", &err);
        return 0;
    }
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    if (sd_event_new(&event) < 0 || dfnd_models_new(&models, &err) ||
        dfnd_pipewire.open(&backend, event, &err))
        fail("open", &err);
    sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
    sd_event_add_io(event, NULL, STDIN_FILENO, EPOLLIN, on_line, event);
    make_all(argc, argv);
    sd_event_loop(event);
    dfnd_pipewire.close(backend);
    for (int n = 0; n < count; n++)
        dfnd_instance_free(instances[n]);
    dfnd_models_free(models);
    sd_event_unref(event);
    return 0;
}
