/* control_own.h - shared by the files of the control. */
#ifndef DFND_CONTROL_OWN_H
#define DFND_CONTROL_OWN_H

#include "bus.h"
#include "control.h"

/* Index of each property of an instance. */
enum {
#define DFND_WRITABLE(name, signature, set, value) DFND_PROPERTY_##name,
#define DFND_PROPERTY(name, signature, flags, value) DFND_PROPERTY_##name,
#include "properties.def"
#undef DFND_PROPERTY
#undef DFND_WRITABLE
    DFND_PROPERTY_COUNT
};

/* An instance on the bus. */
typedef struct dfnd_object {
    dfnd_control *control;
    dfnd_instance *instance; /* NULL: this place is free */
    char *path;
    sd_bus_slot *slot;
    uint64_t shown[DFND_PROPERTY_COUNT]; /* a hash of each value that listeners know */
} dfnd_object;

struct dfnd_control {
    dfnd_control_config config;
    sd_bus *bus; /* NULL: none */
    sd_event_source *retry, *folder;
    uint64_t wait_us; /* before the next attempt */
    bool told;        /* that there is no bus */
    dfnd_object object[DFND_INSTANCES];
};

extern const sd_bus_vtable dfnd_daemon_vtable[], dfnd_instance_vtable[];

/** Say what changed since the last time; without `emit`, only remember what is so. */
void dfnd_object_changed(dfnd_object *o, bool emit);

/** Answer with an error; what to return from a handler. */
int dfnd_refuse(sd_bus_error *error, dfn_status status, const dfn_error *why);
/** Append a text of any bytes; what is not UTF-8 becomes U+FFFD. */
int dfnd_append_text(sd_bus_message *m, const char *bytes);

#endif
