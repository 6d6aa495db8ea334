#include "bus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As systemd and others name it, for shells whose environment does not say: sudo, cron. */
static int open_by_user(sd_bus **out)
{
    char address[64];
    snprintf(address, sizeof address, "unix:path=/run/user/%lu/bus",
             (unsigned long)geteuid());
    int r = sd_bus_new(out);
    if (r >= 0)
        r = sd_bus_set_address(*out, address);
    if (r >= 0)
        r = sd_bus_set_bus_client(*out, 1);
    if (r >= 0)
        r = sd_bus_start(*out);
    if (r < 0)
        *out = sd_bus_unref(*out);
    return r;
}

bool dfnd_bus_folder(char *folder, size_t room)
{
    static const char scheme[] = "unix:path=";
    const char *address = getenv("DBUS_SESSION_BUS_ADDRESS");
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    int n;
    if (address && *address) {
        if (strncmp(address, scheme, sizeof scheme - 1) != 0)
            return false;
        address += sizeof scheme - 1;
        n = snprintf(folder, room, "%.*s", (int)strcspn(address, ",;"), address);
        char *slash = n > 0 && (size_t)n < room ? strrchr(folder, '/') : NULL;
        if (!slash || slash == folder || strchr(folder, '%')) /* % begins an escape */
            return false;
        *slash = '\0';
        return true;
    }
    if (runtime && *runtime)
        n = snprintf(folder, room, "%s", runtime);
    else
        n = snprintf(folder, room, "/run/user/%lu", (unsigned long)geteuid());
    return n > 0 && (size_t)n < room;
}

dfn_status dfnd_bus_open(sd_bus **out, dfn_error *err)
{
    const char *address = getenv("DBUS_SESSION_BUS_ADDRESS");
    const char *folder = getenv("XDG_RUNTIME_DIR");
    const bool named = (address && *address) || (folder && *folder);
    *out = NULL;
    const int r = named ? sd_bus_open_user(out) : open_by_user(out);
    if (r >= 0)
        return DFN_OK;
    *out = NULL;
    if (address && *address)
        return dfn_fail(err, DFN_ERR_IO, "no session bus at %s: %s", address, strerror(-r));
    if (folder && *folder)
        return dfn_fail(err, DFN_ERR_IO, "no session bus at %s/bus: %s", folder,
                        strerror(-r));
    return dfn_fail(err, DFN_ERR_IO, "no session bus at /run/user/%lu/bus: %s",
                    (unsigned long)geteuid(), strerror(-r));
}
