/* ctl.h - shared by the files of dfnet4ctl. */
#ifndef DFND_CTL_H
#define DFND_CTL_H

#include "bus.h"

#include <command.h>
#include <stdlib.h>

enum { CTL_NO_DAEMON = 3 }; /* an exit code: it does not run */

extern const cli_command ctl_status, ctl_list, ctl_get, ctl_set, ctl_toggle, ctl_model,
    ctl_monitor, ctl_watch, ctl_reload, ctl_reset;

/* Functions that return an int return an exit code, CLI_OK or after a message. */

/** Connect. owner: caller calls sd_bus_close_unref */
int ctl_connect(sd_bus **bus);

/** Call a method of the daemon; `types` and what follows as sd_bus_message_append. `reply`
 * may be NULL. owner: caller unrefs */
int ctl_call(sd_bus *bus, sd_bus_message **reply, const char *path, const char *interface,
             const char *member, const char *types, ...);

/** The path of the instance `name`, or of the only one if NULL. owner: caller frees */
int ctl_find_instance(sd_bus *bus, const char *name, char **path);

/** All properties of the daemon (`path` NULL) or of an instance, as an object; MaxLoad
 * becomes max_load. owner: caller */
int ctl_properties(sd_bus *bus, const char *path, json_t **out);
/** What GetMeters says. owner: caller */
int ctl_meters(sd_bus *bus, const char *path, json_t **out);
/** All instances: properties, and the meters as "meters". owner: caller */
int ctl_instances(sd_bus *bus, json_t **out);

/** The name of a key as the daemon has it: '-' becomes '_', capitals small. `out` has room
 * for what fits into 64 bytes. */
void ctl_key(const char *name, char out[64]);

/* ---- of commands that have one option, --instance --------------------------------------
 */

const cli_option *ctl_instance_options(void);
/** Read the options; the name of the instance, or NULL. */
const char *ctl_read_instance(const cli_command *self, int argc, char **argv);
/** Connect and find the instance; ctl_leave() ends that and passes `status` on. */
int ctl_enter(const char *name, sd_bus **bus, char **path);
int ctl_leave(sd_bus *bus, char *path, int status);

#endif
