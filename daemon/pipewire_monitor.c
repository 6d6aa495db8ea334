/* pipewire_monitor.c - the clean microphone on the default output: links from its ports to
 * those of the sink, made anew whenever one of them changes. */
#include "pipewire.h"

#include "log.h"

#include <string.h>

typedef struct ports {
    const dfnd_pw_object *port[DFND_PW_MONITOR_LINKS];
    int count;
} ports;

/* In the order of their ids, so that the same ports always give the same links. */
static ports ports_of(const dfnd_pw_graph *g, uint32_t node, bool output)
{
    ports p = {.count = 0};
    for (size_t n = 0; n < g->count && p.count < DFND_PW_MONITOR_LINKS; n++) {
        const dfnd_pw_object *o = &g->objects[n];
        if (o->kind != DFND_PW_PORT || o->node != node || o->output != output || o->monitor)
            continue;
        int at = p.count++;
        for (; at > 0 && p.port[at - 1]->id > o->id; at--)
            p.port[at] = p.port[at - 1];
        p.port[at] = o;
    }
    return p;
}

/* Which of our ports a port of the sink hears: its own channel, else all hear the first. */
static const dfnd_pw_object *source_of(const ports *from, const dfnd_pw_object *sink)
{
    for (int n = 0; n < from->count; n++)
        if (!strcmp(from->port[n]->name, sink->name))
            return from->port[n];
    return from->port[0];
}

static struct pw_proxy *link_ports(dfnd_backend *b, const dfnd_pw_object *from,
                                   const dfnd_pw_object *to)
{
    struct pw_properties *p = pw_properties_new(NULL, NULL);
    if (!p)
        return NULL;
    pw_properties_setf(p, PW_KEY_LINK_OUTPUT_NODE, "%u", from->node);
    pw_properties_setf(p, PW_KEY_LINK_OUTPUT_PORT, "%u", from->id);
    pw_properties_setf(p, PW_KEY_LINK_INPUT_NODE, "%u", to->node);
    pw_properties_setf(p, PW_KEY_LINK_INPUT_PORT, "%u", to->id);
    struct pw_proxy *made = pw_core_create_object(
        b->core, "link-factory", PW_TYPE_INTERFACE_Link, PW_VERSION_LINK, &p->dict, 0);
    pw_properties_free(p);
    return made;
}

/* What would be linked: another number if anything differs. */
static uint64_t signature(const ports *from, const ports *to)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (int n = 0; n < from->count; n++)
        h = (h ^ from->port[n]->id) * 1099511628211u;
    for (int n = 0; n < to->count; n++)
        h = (h ^ to->port[n]->id) * 1099511628211u;
    return h;
}

void dfnd_pw_monitor_drop(dfnd_pw_pair *p)
{
    for (int n = 0; n < DFND_PW_MONITOR_LINKS; n++) {
        if (p->heard[n])
            pw_proxy_destroy(p->heard[n]);
        p->heard[n] = NULL;
    }
    p->heard_what = p->heard_wish = 0;
}

static int count_links(const dfnd_pw_graph *g, uint32_t from, uint32_t to)
{
    int count = 0;
    for (size_t n = 0; n < g->count; n++) {
        const dfnd_pw_object *o = &g->objects[n];
        count += o->kind == DFND_PW_LINK && o->from == from && o->to == to;
    }
    return count;
}

/* Whether the session manager has done with our ports: it gives them a format, and a node
 * that runs already takes none and is lost. It has when the ports stay, and when it has
 * linked the microphone. */
static bool is_settled(dfnd_pw_pair *p, uint64_t what)
{
    dfnd_backend *b = p->backend;
    uint64_t now = 0;
    sd_event_now(b->event, CLOCK_MONOTONIC, &now);
    if (p->heard_wish != what || !atomic_load(&p->sound.open)) {
        p->heard_wish = what;
        p->heard_since = now;
    }
    if (now >= p->heard_since + DFND_PW_SETTLE * 1000)
        return true;
    if (!atomic_load(&p->sound.open))
        return false; /* the link will wake us */
    sd_event_source_set_time(b->settle, now + DFND_PW_SETTLE * 1000);
    sd_event_source_set_enabled(b->settle, SD_EVENT_ONESHOT);
    return false;
}

bool dfnd_pw_monitor_review(dfnd_pw_pair *p)
{
    dfnd_backend *b = p->backend;
    const dfnd_pw_object *sink =
        p->monitor ? dfnd_pw_find_node(&b->graph, dfnd_pw_get_default(&b->graph, false))
                   : NULL;
    if (!sink || !p->offer.stream) {
        dfnd_pw_monitor_drop(p);
        return true;
    }
    const uint32_t own = pw_stream_get_node_id(p->offer.stream);
    const ports from = ports_of(&b->graph, own, true);
    const ports to = ports_of(&b->graph, sink->id, false);
    if (!from.count || !to.count) {
        dfnd_pw_monitor_drop(p);
        return true;
    }
    const uint64_t what = signature(&from, &to);
    if (what != p->heard_what && !is_settled(p, what))
        return true;
    /* A port may go while it is being linked, and another come that has its id. */
    const bool all = count_links(&b->graph, own, sink->id) >= to.count;
    if (what == p->heard_what && (all || p->heard_held))
        return all;
    dfnd_pw_monitor_drop(p);
    p->heard_what = what;
    p->heard_held = true;
    for (int n = 0; n < to.count; n++)
        p->heard[n] = link_ports(b, source_of(&from, to.port[n]), to.port[n]);
    return false;
}
