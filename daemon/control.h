/* control.h - the daemon on the session bus: org.dfnet4.Daemon1, see dfnet4ctl(1).
 *
 * Runs in the main loop and never waits for the bus. Without a bus the daemon works all the
 * same; one that comes, or comes back, is found. All functions: main thread. */
#ifndef DFND_CONTROL_H
#define DFND_CONTROL_H

#include "backend.h"
#include "saved.h"

typedef struct dfnd_control dfnd_control;

/* What the control works on; everything outlives it, all but `event` may be NULL. */
typedef struct dfnd_control_config {
    sd_event *event;
    const char *version;
    const dfnd_backend_class *class;
    dfnd_backend *backend;
    dfnd_saved *saved; /* where changes are kept */
    /** Read the configuration again. It may add and remove instances. */
    dfn_status (*reload)(void *user, dfn_error *err);
    /** Another daemon has the name on the bus. NULL: that is logged. If this one stays, it
     * gets the name when the other one ends. */
    void (*taken)(void *user);
    void *user;
} dfnd_control_config;

/** Fails for want of memory only. */
DFN_MUST_CHECK dfn_status dfnd_control_new(dfnd_control **out,
                                           const dfnd_control_config *config,
                                           dfn_error *err);
void dfnd_control_free(dfnd_control *c); /* NULL allowed */

/** Show an instance, at most DFND_INSTANCES. */
DFN_MUST_CHECK dfn_status dfnd_control_add(dfnd_control *c, dfnd_instance *i,
                                           dfn_error *err);
/** Before the instance is freed. */
void dfnd_control_remove(dfnd_control *c, dfnd_instance *i);

/** To be called by the instance's watcher: tell those who listen what is different. */
void dfnd_control_changed(dfnd_control *c, dfnd_instance *i);

#endif
