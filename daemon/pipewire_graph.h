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

/* Metadata called "default". The server may have one and the session manager its own. */
typedef struct dfnd_pw_defaults {
    struct dfnd_pw_graph *graph;
    struct pw_metadata *metadata; /* NULL: not in use */
    uint32_t id;
    struct spa_hook hook;
    char source[DFND_TEXT], sink[DFND_TEXT]; /* "": unknown */
} dfnd_pw_defaults;

enum { DFND_PW_DEFAULTS = 4 };

typedef struct dfnd_pw_graph {
    struct pw_registry *registry;
    struct spa_hook registry_hook;
    dfnd_pw_object *objects;
    size_t count, room;
    dfnd_pw_defaults defaults[DFND_PW_DEFAULTS];
    int rereads; /* of the defaults, since a node came or went */
    bool *changed;
} dfnd_pw_graph;

/** Begin to watch. `changed` is set whenever something changes. */
void dfnd_pw_graph_start(dfnd_pw_graph *g, struct pw_core *core, bool *changed);
/** Forget everything. Before the core is disconnected. */
void dfnd_pw_graph_stop(dfnd_pw_graph *g);

/** Ask for the defaults again: PipeWire (0.3.65) loses a change of them now and then if
 * another client begins to watch at that moment. */
void dfnd_pw_graph_reread(dfnd_pw_graph *g);

/** NULL: there is none. Valid until the loop runs again. */
const dfnd_pw_object *dfnd_pw_find(const dfnd_pw_graph *g, dfnd_pw_kind kind, uint32_t id);
const dfnd_pw_object *dfnd_pw_find_node(const dfnd_pw_graph *g, const char *name);

/** The name of the default source (or sink); "": nobody has decided. */
const char *dfnd_pw_get_default(const dfnd_pw_graph *g, bool source);
/** Make the node called `name` the default one. False: there is nobody to ask for that. */
bool dfnd_pw_set_default(dfnd_pw_graph *g, bool source, const char *name);

#endif
