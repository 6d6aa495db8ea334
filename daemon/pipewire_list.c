/* pipewire_list.c - the devices of a server, for --list-devices. */
#include "pipewire.h"

#include <errno.h>
#include <string.h>

typedef struct listing {
    struct pw_main_loop *loop;
    struct pw_core *core;
    dfnd_pw_graph graph;
    struct spa_hook hook;
    int seq, rounds;
    bool changed, failed;
} listing;

/* The first answer tells of all objects, the second of what is default. */
static void on_done(void *user, uint32_t id, int seq)
{
    listing *l = user;
    if (id != PW_ID_CORE || seq != l->seq)
        return;
    if (++l->rounds == 2)
        pw_main_loop_quit(l->loop);
    else
        l->seq = pw_core_sync(l->core, PW_ID_CORE, 0);
}

static void on_error(void *user, uint32_t id, int seq, int result, const char *message)
{
    listing *l = user;
    (void)seq, (void)message, (void)result;
    if (id != PW_ID_CORE)
        return;
    l->failed = true;
    pw_main_loop_quit(l->loop);
}

static void on_timeout(void *user, uint64_t expirations)
{
    (void)expirations;
    on_error(user, PW_ID_CORE, 0, -ETIMEDOUT, "");
}

static const struct pw_core_events core_events = {
    .version = PW_VERSION_CORE_EVENTS,
    .done = on_done,
    .error = on_error,
};

/* Outputs of what is no sink are no monitors, whatever they are called: null sinks serve as
 * sources, too. */
static int channels_of(const dfnd_pw_graph *g, const dfnd_pw_object *node, bool output)
{
    int count = 0;
    for (size_t n = 0; n < g->count; n++) {
        const dfnd_pw_object *o = &g->objects[n];
        count += o->kind == DFND_PW_PORT && o->node == node->id && o->output == output &&
                 (!o->monitor || !node->sink);
    }
    return count;
}

static void tell(const dfnd_pw_graph *g, const dfnd_pw_object *o, bool source,
                 dfnd_device_found *found, void *user)
{
    const dfnd_device d = {
        .name = o->name,
        .description = o->description,
        .direction = source ? DFND_MICROPHONE : DFND_INCOMING,
        .channels = channels_of(g, o, source),
        .is_default = !strcmp(o->name, dfnd_pw_get_default(g, source)),
    };
    found(user, &d);
}

static void ask(listing *l)
{
    struct pw_loop *loop = pw_main_loop_get_loop(l->loop);
    struct spa_source *timer = pw_loop_add_timer(loop, on_timeout, l);
    struct timespec second = {.tv_sec = 1};
    pw_loop_update_timer(loop, timer, &second, NULL, false);
    pw_core_add_listener(l->core, &l->hook, &core_events, l);
    dfnd_pw_graph_start(&l->graph, l->core, &l->changed);
    l->seq = pw_core_sync(l->core, PW_ID_CORE, 0);
    pw_main_loop_run(l->loop);
    spa_hook_remove(&l->hook);
    pw_loop_destroy_source(loop, timer);
}

dfn_status dfnd_pw_list(dfnd_device_found *found, void *user, dfn_error *err)
{
    listing l = {.failed = true};
    pw_init(NULL, NULL);
    l.loop = pw_main_loop_new(NULL);
    struct pw_context *context =
        l.loop ? pw_context_new(pw_main_loop_get_loop(l.loop), NULL, 0) : NULL;
    l.core = context ? pw_context_connect(context, NULL, 0) : NULL;
    const int error = errno;
    if (l.core) {
        l.failed = false;
        ask(&l);
    }
    for (size_t n = 0; !l.failed && n < l.graph.count; n++) {
        const dfnd_pw_object *o = &l.graph.objects[n];
        if (o->kind != DFND_PW_NODE || o->ours)
            continue;
        if (o->source)
            tell(&l.graph, o, true, found, user);
        if (o->sink)
            tell(&l.graph, o, false, found, user);
    }
    if (l.core) {
        dfnd_pw_graph_stop(&l.graph);
        pw_core_disconnect(l.core);
    }
    if (context)
        pw_context_destroy(context);
    if (l.loop)
        pw_main_loop_destroy(l.loop);
    pw_deinit();
    return l.failed ? dfn_fail(err, DFN_ERR_IO, "no PipeWire server answers: %s",
                               l.core ? "timed out" : strerror(error))
                    : DFN_OK;
}
