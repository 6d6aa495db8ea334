/* pipewire_review.c - after each run of the loop: make, link and report what is due. */
#define _GNU_SOURCE /* SCHED_RESET_ON_FORK */
#include "pipewire.h"

#include "log.h"

#include <sched.h>
#include <string.h>

enum { WRONG_MAX = 8 };

static uint32_t id_of(const dfnd_pw_object *o) { return o ? o->id : SPA_ID_INVALID; }

/* Whether `wish` (NULL: no device) is the target, or has been wanted for long enough. After
 * a change session managers go to and fro; and WirePlumber 0.4.13 crashes if a stream goes
 * that it is just linking or, its device gone, about to end. */
static bool is_settled(dfnd_pw_pair *p, const dfnd_pw_object *wish)
{
    dfnd_backend *b = p->backend;
    uint64_t now = 0;
    if (id_of(wish) == p->target_id) {
        p->wish_since = 0;
        return true;
    }
    sd_event_now(b->event, CLOCK_MONOTONIC, &now);
    if (!p->wish_since || p->wish_id != id_of(wish)) {
        p->wish_id = id_of(wish);
        p->wish_since = now;
    }
    if (now >= p->wish_since + DFND_PW_SETTLE * 1000)
        return true;
    sd_event_source_set_time(b->settle, p->wish_since + DFND_PW_SETTLE * 1000);
    sd_event_source_set_enabled(b->settle, SD_EVENT_ONESHOT);
    return false;
}

static void set_target(dfnd_pw_pair *p, const dfnd_pw_object *o)
{
    snprintf(p->target, sizeof p->target, "%s", o ? o->name : "");
    p->target_id = id_of(o);
}

/* The device side, anew if its device is another one now. False: try again later. */
static bool make_device(dfnd_pw_pair *p)
{
    dfn_error err = {0};
    const dfnd_pw_object *wish = NULL;
    if (!p->built.smart && p->wrong < WRONG_MAX)
        wish = dfnd_pw_target(&p->backend->graph, p->instance);
    const bool settled = is_settled(p, wish), same = id_of(wish) == p->target_id;
    if (p->device.failed) {
        dfnd_log(DFND_DEBUG, "%s: the stream to %s was ended%s%s", p->built.name,
                 *p->target ? p->target : "no device", *p->device.error ? ": " : "",
                 p->device.error);
        dfnd_pw_side_drop(&p->device);
        p->held = same;
    }
    if (p->held && same)
        return false;
    /* Of a stream that is still connecting libpipewire would lose two descriptors. */
    if (p->device.stream &&
        (same || !settled || p->device.state == PW_STREAM_STATE_CONNECTING))
        return true;
    dfnd_pw_side_drop(&p->device);
    set_target(p, settled ? wish : NULL);
    p->held = false;
    if (!dfnd_pw_side_make(&p->device, &err))
        return true;
    dfnd_log(DFND_WARNING, "%s", err.text);
    p->held = true;
    return false;
}

/* False: try again later. */
static bool make_offer(dfnd_pw_pair *p)
{
    dfn_error err = {0};
    if (p->offer.failed) {
        dfnd_log(DFND_WARNING, "%s: %s", p->built.name, p->offer.error);
        snprintf(p->refusal, sizeof p->refusal, "%s", p->offer.error);
        dfnd_pw_side_drop(&p->offer);
        p->held_offer = true;
    }
    if (p->held_offer)
        return false;
    if (p->offer.stream || !dfnd_pw_side_make(&p->offer, &err))
        return true;
    dfnd_log(DFND_WARNING, "%s", err.text);
    p->held_offer = true;
    return false;
}

/* Why there is no device. */
static void explain(const dfnd_pw_pair *p, char detail[DFND_TEXT])
{
    const char *name = p->built.device;
    const dfnd_pw_graph *g = &p->backend->graph;
    const dfnd_pw_object *wish = dfnd_pw_target(g, p->instance);
    if (p->wrong >= WRONG_MAX)
        snprintf(detail, DFND_TEXT, "somebody keeps linking it with what it must not hear");
    else if (*p->target || wish)
        snprintf(detail, DFND_TEXT, "waits to be linked with %.150s",
                 *p->target ? p->target : wish->name);
    else if (*name && dfnd_pw_find_node(g, name))
        snprintf(detail, DFND_TEXT, "%.150s is no %s", name,
                 p->built.direction == DFND_MICROPHONE ? "microphone" : "output");
    else if (*name)
        snprintf(detail, DFND_TEXT, "waits for %.150s", name);
    else
        snprintf(detail, DFND_TEXT, "waits for a default device");
}

static void report(dfnd_pw_pair *p, const dfnd_pw_object *linked)
{
    dfnd_state state = DFND_IDLE;
    char detail[DFND_TEXT] = "";
    if (!p->offer.stream) {
        state = DFND_BROKEN;
        snprintf(detail, sizeof detail, "%s", p->refusal);
    } else if (!linked) {
        state = DFND_NO_DEVICE;
        explain(p, detail);
    } else if (p->sound.used && p->offer.state == PW_STREAM_STATE_STREAMING &&
               p->device.state == PW_STREAM_STATE_STREAMING) {
        state = DFND_RUNNING;
    }
    dfnd_instance_report(p->instance, state, linked ? linked->name : "", detail);
}

static void become_default(dfnd_pw_pair *p)
{
    dfnd_pw_graph *g = &p->backend->graph;
    char name[DFND_NAME + 8];
    if (!p->built.make_default || p->made_default || !p->offer.stream ||
        !dfnd_pw_find(g, DFND_PW_NODE, pw_stream_get_node_id(p->offer.stream)))
        return;
    snprintf(name, sizeof name, "dfnet4.%s", p->built.name);
    p->made_default = dfnd_pw_set_default(g, p->built.direction == DFND_MICROPHONE, name);
}

/* Whether it is as it should be. */
static bool review(dfnd_pw_pair *p)
{
    const bool offered = make_offer(p), made = make_device(p);
    const dfnd_pw_object *linked = dfnd_pw_check_links(p);
    atomic_store(&p->sound.open, linked != NULL);
    atomic_store(&p->sound.used, dfnd_pw_is_used(p));
    dfnd_pw_side_activate(&p->device, linked || !dfnd_pw_is_managed(p));
    become_default(p);
    const bool heard = dfnd_pw_monitor_review(p), decided = !dfnd_pw_is_undecided(p);
    if (!offered || !made || !heard || !decided)
        dfnd_pw_later(p->backend);
    report(p, linked);
    return offered && made && heard && decided &&
           p->offer.state >= PW_STREAM_STATE_PAUSED && (linked || !*p->target);
}

void dfnd_pw_review(dfnd_backend *b)
{
    bool running = false, well = true;
    b->changed = false;
    for (int n = 0; n < DFND_INSTANCES; n++) {
        dfnd_pw_pair *p = b->pairs[n];
        if (!p)
            continue;
        well &= review(p);
        running |= p->instance->state == DFND_RUNNING;
    }
    if (well)
        b->wait = DFND_PW_WAIT_MIN;
    if (running && !b->ticking)
        sd_event_source_set_time_relative(b->tick, 100000);
    if (running != b->ticking)
        sd_event_source_set_enabled(b->tick, running ? SD_EVENT_ON : SD_EVENT_OFF);
    b->ticking = running;
}

void dfnd_pw_measure(dfnd_backend *b)
{
    const int policy = b->audio_thread ? sched_getscheduler(b->audio_thread) : -1;
    const int bare = policy & ~SCHED_RESET_ON_FORK;
    const bool realtime = policy >= 0 && (bare == SCHED_FIFO || bare == SCHED_RR);
    for (int n = 0; n < DFND_INSTANCES; n++) {
        if (!b->pairs[n])
            continue;
        dfnd_instance *i = b->pairs[n]->instance;
        dfnd_pw_sound *s = &b->pairs[n]->sound;
        const int rate = atomic_load(&s->rate), quantum = atomic_load(&s->quantum);
        const uint64_t xruns = atomic_load(&s->xruns);
        if (i->rate == rate && i->quantum == quantum && i->xruns == xruns &&
            i->realtime == realtime && i->scheduled)
            continue;
        i->rate = rate;
        i->quantum = quantum;
        i->xruns = xruns;
        i->realtime = realtime;
        i->scheduled = rate > 0; /* it has run */
        dfnd_instance_changed(i);
    }
}
