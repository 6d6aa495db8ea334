/* control_stub.c - a daemon with control and instances, but without sound.
 *
 *   control_stub MODEL SETTINGS NAME...
 *
 * It takes lines on standard input and answers each with "ok" or "error: ...":
 *   report NAME STATE LINKED DETAIL   what a backend would say; '-' is empty
 *   audio NAME BLOCKS                 blocks of 10 ms of a loud square wave
 *   add NAME, remove NAME, quit */
#include "control.h"
#include "log.h"

#include <command.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const cli_program = "control_stub";

static struct {
    sd_event *event;
    dfnd_models *models;
    dfnd_saved *saved;
    dfnd_control *control;
    dfnd_instance *instance[DFND_INSTANCES];
    const char *model;
    int reloads, updates;
} stub;

static void update(dfnd_backend *b, dfnd_instance *i)
{
    (void)b, (void)i;
    stub.updates++;
}

/* That of "deaf" fails. */
static dfn_status monitor(dfnd_backend *b, dfnd_instance *i, bool on, dfn_error *err)
{
    (void)b;
    if (!strcmp(i->config.name, "deaf"))
        return dfn_fail(err, DFN_ERR_IO, "no default output, \xff said the server");
    i->monitor = on;
    return DFN_OK;
}

static const dfnd_backend_class class = {
    .name = "stub", .update = update, .monitor = monitor};

/* The second time it fails. */
static dfn_status reload(void *user, dfn_error *err)
{
    (void)user;
    return ++stub.reloads == 2 ? dfn_fail(err, DFN_ERR_FORMAT, "dfnet4d.conf:3: nonsense")
                               : DFN_OK;
}

static void watch(void *user, dfnd_instance *i)
{
    (void)user;
    dfnd_control_changed(stub.control, i);
}

static dfnd_instance **find(const char *name)
{
    for (int k = 0; k < DFND_INSTANCES; k++)
        if (stub.instance[k] ? name && !strcmp(stub.instance[k]->config.name, name) : !name)
            return &stub.instance[k];
    return NULL;
}

static dfn_status add(const char *name, dfn_error *err)
{
    dfnd_instance_config configured, config;
    dfnd_instance **place = find(NULL);
    if (!place)
        return dfn_fail(err, DFN_ERR_ARG, "too many");
    dfnd_instance_config_default(&configured, name, DFND_MICROPHONE);
    snprintf(configured.model, sizeof configured.model, "%s", stub.model);
    config = configured;
    dfnd_saved_apply(stub.saved, &config);
    dfn_status status = dfnd_instance_new(place, &config, stub.models, err);
    if (status)
        return status;
    (*place)->configured = configured;
    (*place)->watcher = watch;
    return dfnd_control_add(stub.control, *place, err);
}

static void take_away(dfnd_instance **i)
{
    dfnd_control_remove(stub.control, *i);
    dfnd_instance_free(*i);
    *i = NULL;
}

static void play(dfnd_instance *i, int blocks)
{
    enum { N = 480 };
    float in[N], out[N], *outs[1] = {out};
    const float *ins[1] = {in};
    for (int k = 0; k < N; k++)
        in[k] = k / 24 % 2 ? 0.5f : -0.5f;
    while (blocks-- > 0)
        dfnd_engine_process(i->engine, ins, outs, N);
}

static dfn_status report(dfnd_instance *i, const char *state, char *linked, char *detail,
                         dfn_error *err)
{
    for (int s = 0; s <= DFND_BROKEN; s++)
        if (!strcmp(dfnd_state_name((dfnd_state)s), state)) {
            i->rate = 48000;
            i->quantum = 256;
            dfnd_instance_report(i, (dfnd_state)s, strcmp(linked, "-") ? linked : "",
                                 strcmp(detail, "-") ? detail : "");
            return DFN_OK;
        }
    return dfn_fail(err, DFN_ERR_ARG, "no such state");
}

static dfn_status obey(char *line, dfn_error *err)
{
    char *word[5] = {0};
    char *rest = NULL;
    for (int k = 0; k < 5; k++)
        word[k] = strtok_r(k ? NULL : line, k < 4 ? " \n" : "\n", &rest);
    dfnd_instance **i = word[0] && word[1] ? find(word[1]) : NULL;
    if (word[0] && !strcmp(word[0], "quit"))
        sd_event_exit(stub.event, 0);
    else if (word[1] && !strcmp(word[0], "add"))
        return add(word[1], err);
    else if (i && !strcmp(word[0], "remove"))
        take_away(i);
    else if (i && word[2] && !strcmp(word[0], "audio"))
        play(*i, atoi(word[2]));
    else if (i && word[4] && !strcmp(word[0], "report"))
        return report(*i, word[2], word[3], word[4], err);
    else
        return dfn_fail(err, DFN_ERR_ARG, "what?");
    return DFN_OK;
}

static int on_input(sd_event_source *source, int fd, uint32_t events, void *user)
{
    (void)source, (void)events, (void)user;
    char line[1024];
    const ssize_t n = read(fd, line, sizeof line - 1);
    if (n <= 0)
        return sd_event_exit(stub.event, 0);
    line[n] = '\0';
    dfn_error err;
    if (obey(line, &err))
        printf("error: %s\n", err.text);
    else
        puts("ok");
    fflush(stdout);
    return 0;
}

static dfn_status start(char **names, const char *settings, dfn_error *err)
{
    dfn_status status = dfnd_models_new(&stub.models, err);
    if (!status)
        status = dfnd_saved_new(&stub.saved, settings, stub.event, err);
    const dfnd_control_config config = {.event = stub.event,
                                        .version = "1.2.3",
                                        .class = &class,
                                        .saved = stub.saved,
                                        .reload = reload};
    if (!status)
        status = dfnd_control_new(&stub.control, &config, err);
    for (; *names && !status; names++)
        status = add(*names, err);
    return status;
}

int main(int argc, char **argv)
{
    dfn_error err = {0};
    if (argc < 3 || sd_event_default(&stub.event) < 0)
        return 2;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    sd_event_add_signal(stub.event, NULL, SIGTERM, NULL, NULL);
    sd_event_add_io(stub.event, NULL, STDIN_FILENO, EPOLLIN, on_input, NULL);
    stub.model = argv[1];
    const dfn_status status = start(argv + 3, *argv[2] ? argv[2] : NULL, &err);
    if (status)
        fprintf(stderr, "control_stub: %s\n", err.text);
    else
        sd_event_loop(stub.event);
    for (int k = 0; k < DFND_INSTANCES; k++)
        if (stub.instance[k])
            take_away(&stub.instance[k]);
    dfnd_control_free(stub.control);
    dfnd_saved_free(stub.saved);
    dfnd_models_free(stub.models);
    sd_event_unref(stub.event);
    return status ? 1 : 0;
}
