#include "pipewire_graph.h"

#include <spa/utils/json.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const struct spa_dict *props, const char *key)
{
    const char *text = props ? spa_dict_lookup(props, key) : NULL;
    return text ? text : "";
}

static uint32_t number_of(const struct spa_dict *props, const char *key)
{
    const char *text = text_of(props, key);
    return *text ? (uint32_t)strtoul(text, NULL, 10) : SPA_ID_INVALID;
}

static bool starts_with(const char *text, const char *by)
{
    return !strncmp(text, by, strlen(by));
}

static bool read_node(dfnd_pw_object *o, const struct spa_dict *props)
{
    const char *class = text_of(props, PW_KEY_MEDIA_CLASS);
    const char *name = text_of(props, PW_KEY_NODE_NAME);
    const char *description = text_of(props, PW_KEY_NODE_DESCRIPTION);
    const bool both = starts_with(class, "Audio/Duplex");
    o->source = both || starts_with(class, "Audio/Source");
    o->sink = both || starts_with(class, "Audio/Sink");
    o->ours = starts_with(name, "dfnet4.");
    o->priority = atoi(text_of(props, PW_KEY_PRIORITY_SESSION));
    o->name = strdup(name);
    o->description = strdup(*description ? description : name);
    return o->name && o->description;
}

static bool read_port(dfnd_pw_object *o, const struct spa_dict *props)
{
    o->node = number_of(props, PW_KEY_NODE_ID);
    o->output = !strcmp(text_of(props, PW_KEY_PORT_DIRECTION), "out");
    o->monitor = !strcmp(text_of(props, PW_KEY_PORT_MONITOR), "true");
    o->name = strdup(text_of(props, PW_KEY_AUDIO_CHANNEL));
    o->description = strdup("");
    return o->name && o->description;
}

static bool read_link(dfnd_pw_object *o, const struct spa_dict *props)
{
    o->from = number_of(props, PW_KEY_LINK_OUTPUT_NODE);
    o->to = number_of(props, PW_KEY_LINK_INPUT_NODE);
    o->name = strdup("");
    o->description = strdup("");
    return o->name && o->description;
}

static void clear(dfnd_pw_object *o)
{
    free(o->name);
    free(o->description);
}

static void add(dfnd_pw_graph *g, dfnd_pw_object o, const struct spa_dict *props)
{
    if (g->count == g->room) {
        const size_t room = g->room ? 2 * g->room : 64;
        dfnd_pw_object *more = realloc(g->objects, room * sizeof *more);
        if (!more)
            return;
        g->objects = more;
        g->room = room;
    }
    if (o.kind == DFND_PW_NODE)
        g->rereads = 0;
    const bool ok = o.kind == DFND_PW_NODE   ? read_node(&o, props)
                    : o.kind == DFND_PW_PORT ? read_port(&o, props)
                                             : read_link(&o, props);
    if (ok)
        g->objects[g->count++] = o;
    else
        clear(&o);
    *g->changed = true;
}

/* {"name":"..."} into `to`; "" if it is anything else. */
static void read_default(char to[DFND_TEXT], const char *value)
{
    struct spa_json it[2];
    char key[64];
    *to = '\0';
    if (!value)
        return;
    spa_json_init(&it[0], value, strlen(value));
    if (spa_json_enter_object(&it[0], &it[1]) <= 0)
        return;
    while (spa_json_get_string(&it[1], key, sizeof key) > 0) {
        if (!strcmp(key, "name")) {
            if (spa_json_get_string(&it[1], to, DFND_TEXT) <= 0)
                *to = '\0';
            return;
        }
        const char *skipped;
        if (spa_json_next(&it[1], &skipped) <= 0)
            return;
    }
}

static int on_property(void *user, uint32_t subject, const char *key, const char *type,
                       const char *value)
{
    dfnd_pw_defaults *d = user;
    (void)type;
    if (subject != PW_ID_CORE)
        return 0;
    if (!key)
        *d->source = *d->sink = '\0'; /* all of them are gone */
    else if (!strcmp(key, "default.audio.source"))
        read_default(d->source, value);
    else if (!strcmp(key, "default.audio.sink"))
        read_default(d->sink, value);
    else
        return 0;
    *d->graph->changed = true;
    return 0;
}

static const struct pw_metadata_events metadata_events = {
    .version = PW_VERSION_METADATA_EVENTS,
    .property = on_property,
};

static void drop_metadata(dfnd_pw_defaults *d)
{
    if (!d->metadata)
        return;
    spa_hook_remove(&d->hook);
    pw_proxy_destroy((struct pw_proxy *)d->metadata);
    *d = (dfnd_pw_defaults){0};
}

static void watch_metadata(dfnd_pw_graph *g, uint32_t id)
{
    int n = 0;
    while (n < DFND_PW_DEFAULTS && g->defaults[n].metadata)
        n++;
    if (n == DFND_PW_DEFAULTS)
        return;
    dfnd_pw_defaults *d = &g->defaults[n];
    *d = (dfnd_pw_defaults){.graph = g, .id = id};
    d->metadata = pw_registry_bind(g->registry, id, PW_TYPE_INTERFACE_Metadata,
                                   PW_VERSION_METADATA, 0);
    if (d->metadata)
        pw_metadata_add_listener(d->metadata, &d->hook, &metadata_events, d);
}

static void on_global(void *user, uint32_t id, uint32_t permissions, const char *type,
                      uint32_t version, const struct spa_dict *props)
{
    dfnd_pw_graph *g = user;
    (void)permissions, (void)version;
    if (!strcmp(type, PW_TYPE_INTERFACE_Node))
        add(g, (dfnd_pw_object){.id = id, .kind = DFND_PW_NODE}, props);
    else if (!strcmp(type, PW_TYPE_INTERFACE_Port))
        add(g, (dfnd_pw_object){.id = id, .kind = DFND_PW_PORT}, props);
    else if (!strcmp(type, PW_TYPE_INTERFACE_Link))
        add(g, (dfnd_pw_object){.id = id, .kind = DFND_PW_LINK}, props);
    else if (!strcmp(type, PW_TYPE_INTERFACE_Metadata) &&
             !strcmp(text_of(props, PW_KEY_METADATA_NAME), "default"))
        watch_metadata(g, id);
}

static void on_global_remove(void *user, uint32_t id)
{
    dfnd_pw_graph *g = user;
    for (int n = 0; n < DFND_PW_DEFAULTS; n++)
        if (g->defaults[n].metadata && g->defaults[n].id == id) {
            drop_metadata(&g->defaults[n]);
            *g->changed = true;
        }
    for (size_t n = 0; n < g->count; n++)
        if (g->objects[n].id == id) {
            if (g->objects[n].kind == DFND_PW_NODE)
                g->rereads = 0;
            clear(&g->objects[n]);
            g->objects[n] = g->objects[--g->count];
            *g->changed = true;
            return;
        }
}

static const struct pw_registry_events registry_events = {
    .version = PW_VERSION_REGISTRY_EVENTS,
    .global = on_global,
    .global_remove = on_global_remove,
};

void dfnd_pw_graph_start(dfnd_pw_graph *g, struct pw_core *core, bool *changed)
{
    *g = (dfnd_pw_graph){.changed = changed};
    g->registry = pw_core_get_registry(core, PW_VERSION_REGISTRY, 0);
    if (g->registry)
        pw_registry_add_listener(g->registry, &g->registry_hook, &registry_events, g);
}

void dfnd_pw_graph_reread(dfnd_pw_graph *g)
{
    uint32_t ids[DFND_PW_DEFAULTS];
    int count = 0;
    g->rereads++;
    for (int n = 0; n < DFND_PW_DEFAULTS; n++)
        if (g->defaults[n].metadata) {
            ids[count++] = g->defaults[n].id;
            drop_metadata(&g->defaults[n]);
        }
    for (int n = 0; n < count; n++)
        watch_metadata(g, ids[n]);
}

void dfnd_pw_graph_stop(dfnd_pw_graph *g)
{
    for (int n = 0; n < DFND_PW_DEFAULTS; n++)
        drop_metadata(&g->defaults[n]);
    if (g->registry) {
        spa_hook_remove(&g->registry_hook);
        pw_proxy_destroy((struct pw_proxy *)g->registry);
    }
    for (size_t n = 0; n < g->count; n++)
        clear(&g->objects[n]);
    free(g->objects);
    *g = (dfnd_pw_graph){0};
}

const dfnd_pw_object *dfnd_pw_find(const dfnd_pw_graph *g, dfnd_pw_kind kind, uint32_t id)
{
    for (size_t n = 0; n < g->count; n++)
        if (g->objects[n].kind == kind && g->objects[n].id == id)
            return &g->objects[n];
    return NULL;
}

const dfnd_pw_object *dfnd_pw_find_node(const dfnd_pw_graph *g, const char *name)
{
    for (size_t n = 0; n < g->count; n++)
        if (g->objects[n].kind == DFND_PW_NODE && !strcmp(g->objects[n].name, name))
            return &g->objects[n];
    return NULL;
}

const char *dfnd_pw_get_default(const dfnd_pw_graph *g, bool source)
{
    for (int n = 0; n < DFND_PW_DEFAULTS; n++) {
        const char *name = source ? g->defaults[n].source : g->defaults[n].sink;
        if (g->defaults[n].metadata && *name)
            return name;
    }
    return "";
}

bool dfnd_pw_set_default(dfnd_pw_graph *g, bool source, const char *name)
{
    char value[2 * DFND_TEXT], quoted[DFND_TEXT];
    bool any = false;
    spa_json_encode_string(quoted, sizeof quoted, name);
    snprintf(value, sizeof value, "{ \"name\": %s }", quoted);
    for (int n = 0; n < DFND_PW_DEFAULTS; n++) {
        if (!g->defaults[n].metadata)
            continue;
        pw_metadata_set_property(g->defaults[n].metadata, PW_ID_CORE,
                                 source ? "default.configured.audio.source"
                                        : "default.configured.audio.sink",
                                 "Spa:String:JSON", value);
        any = true;
    }
    return any;
}
