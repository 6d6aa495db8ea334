/* bus.h - names on the session bus, for the daemon and for dfnet4ctl. */
#ifndef DFND_BUS_H
#define DFND_BUS_H

#include <dfnet4/status.h>
#include <stdbool.h>
#include <systemd/sd-bus.h>

#define DFND_BUS_NAME "org.dfnet4.Daemon1"
#define DFND_BUS_PATH "/org/dfnet4/Daemon1"
#define DFND_BUS_DAEMON "org.dfnet4.Daemon1"
#define DFND_BUS_INSTANCE "org.dfnet4.Instance1"

/** Connect to the session bus, without waiting for its greeting: $DBUS_SESSION_BUS_ADDRESS,
 * $XDG_RUNTIME_DIR/bus or /run/user/UID/bus. owner: caller closes and unrefs. */
DFN_MUST_CHECK dfn_status dfnd_bus_open(sd_bus **out, dfn_error *err);

/** The folder of the socket that dfnd_bus_open would use; false if it is none in a folder,
 * or does not fit. */
bool dfnd_bus_folder(char *folder, size_t room);

#endif
