/* pipewire_target.c - which device an instance belongs to, and that it has no other. */
#include "pipewire.h"

#include "log.h"

#include <string.h>

bool dfnd_pw_is_managed(const dfnd_pw_pair *p) { return *p->target || p->built.smart; }

/* A device of the right direction. Our own are none, and neither is what an output plays.
 */
static bool fits(const dfnd_pw_object *o, dfnd_direction direction)
{
    return o->kind == DFND_PW_NODE && !o->ours &&
           (direction == DFND_MICROPHONE ? o->source : o->sink);
}

/* Who follows a default device that is ours gets the best of the others. */
static const dfnd_pw_object *best(const dfnd_pw_graph *g, dfnd_direction direction)
{
    const dfnd_pw_object *found = NULL;
    for (size_t n = 0; n < g->count; n++) {
        const dfnd_pw_object *o = &g->objects[n];
        if (fits(o, direction) && (!found || o->priority > found->priority))
            found = o;
    }
    return found;
}

const dfnd_pw_object *dfnd_pw_target(const dfnd_pw_graph *g, const dfnd_instance *i)
{
    const dfnd_direction direction = i->config.direction;
    if (*i->config.device) {
        const dfnd_pw_object *o = dfnd_pw_find_node(g, i->config.device);
        return o && fits(o, direction) ? o : NULL;
    }
    const char *name = dfnd_pw_get_default(g, direction == DFND_MICROPHONE);
    if (!*name)
        return NULL; /* nobody decides, so neither do we */
    const dfnd_pw_object *o = dfnd_pw_find_node(g, name);
    return o && fits(o, direction) ? o : best(g, direction);
}

bool dfnd_pw_is_undecided(const dfnd_pw_pair *p)
{
    const dfnd_pw_graph *g = &p->backend->graph;
    const dfnd_direction direction = p->built.direction;
    return !*p->built.device && !p->built.smart && g->rereads < DFND_PW_REREADS &&
           !*dfnd_pw_get_default(g, direction == DFND_MICROPHONE) && best(g, direction);
}

/* Whether a link with this node is one that may be. Without a named device that is any but
 * our own and the sound of an output, so that people may link by hand. */
static bool allowed(const dfnd_pw_pair *p, const dfnd_pw_object *peer)
{
    if (peer->ours ||
        (p->built.direction == DFND_MICROPHONE && peer->sink && !peer->source))
        return false;
    return !*p->built.device || p->built.smart || !strcmp(peer->name, p->built.device);
}

const dfnd_pw_object *dfnd_pw_check_links(dfnd_pw_pair *p)
{
    const dfnd_pw_graph *g = &p->backend->graph;
    const bool microphone = p->built.direction == DFND_MICROPHONE;
    const dfnd_pw_object *linked = NULL;
    bool wrong = false;
    if (!p->device.stream)
        return NULL;
    const uint32_t own = pw_stream_get_node_id(p->device.stream);
    for (size_t n = 0; own != SPA_ID_INVALID && n < g->count; n++) {
        const dfnd_pw_object *o = &g->objects[n];
        if (o->kind != DFND_PW_LINK || (microphone ? o->to : o->from) != own)
            continue;
        const dfnd_pw_object *peer =
            dfnd_pw_find(g, DFND_PW_NODE, microphone ? o->from : o->to);
        if (peer && allowed(p, peer)) {
            linked = peer;
            continue;
        }
        wrong = true;
        if (!peer)
            continue; /* just going */
        dfnd_log(DFND_WARNING, "%s: refused a link with %s", p->built.name, peer->name);
        pw_registry_destroy(g->registry, o->id);
        p->wrong++;
    }
    return wrong ? NULL : linked;
}

bool dfnd_pw_is_used(const dfnd_pw_pair *p)
{
    const dfnd_pw_graph *g = &p->backend->graph;
    const uint32_t own =
        p->offer.stream ? pw_stream_get_node_id(p->offer.stream) : SPA_ID_INVALID;
    for (size_t n = 0; own != SPA_ID_INVALID && n < g->count; n++) {
        const dfnd_pw_object *o = &g->objects[n];
        if (o->kind == DFND_PW_LINK && (o->from == own || o->to == own))
            return true;
    }
    return false;
}
