/* pipewire_graph.h - what a PipeWire server has: nodes, ports, links, and what is default.
 */
#ifndef DFND_PIPEWIRE_GRAPH_H
#define DFND_PIPEWIRE_GRAPH_H

#include "config.h"

#include <pipewire/pipewire.h>

#include <pipewire/extensions/metadata.h>

typedef enum dfnd_pw_kind { DFND_PW_NODE, DFND_PW_PORT, DFND_PW_LINK } dfnd_pw_kind;

typedef struct dfnd_pw_object {
    uint32_t id;
    dfnd_pw_kind kind;
    /* node; channel of a port in `name`. Owned, never NULL */
    char *name, *description;
    bool source, sink; /* a device that is heard, that plays (or both) */
    bool ours;         /* of this or another dfnet4d */
    int priority;
    /* port */
    uint32_t node;
    bool output, monitor;
    /* link: from a node to a node */
    uint32_t from, to;
} dfnd_pw_object;

typedef struct dfnd_pw_graph {
    struct pw_registry *registry;
    struct pw_metadata *metadata; /* "default"; NULL: not there */
    uint32_t metadata_id;
    struct spa_hook registry_hook, metadata_hook;
    dfnd_pw_object *objects;
    size_t count, room;
    char default_source[DFND_TEXT], default_sink[DFND_TEXT]; /* "": unknown */
    bool *changed;
} dfnd_pw_graph;

/** Begin to watch. `changed` is set whenever something changes. */
void dfnd_pw_graph_start(dfnd_pw_graph *g, struct pw_core *core, bool *changed);
/** Forget everything. Before the core is disconnected. */
void dfnd_pw_graph_stop(dfnd_pw_graph *g);

/** NULL: there is none. Valid until the loop runs again. */
const dfnd_pw_object *dfnd_pw_find(const dfnd_pw_graph *g, dfnd_pw_kind kind, uint32_t id);
const dfnd_pw_object *dfnd_pw_find_node(const dfnd_pw_graph *g, const char *name);

/** Make the node called `name` the default source (or sink). */
void dfnd_pw_set_default(dfnd_pw_graph *g, bool source, const char *name);

#endif
