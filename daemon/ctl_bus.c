/* ctl_bus.c - talk to the daemon. */
#include "ctl.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_US = 20000000 }; /* a model is read and warmed up within a call */

int ctl_connect(sd_bus **bus)
{
    dfn_error err;
    if (!dfnd_bus_open(bus, &err))
        return CLI_OK;
    cli_error(NULL, "%s; log in as the user of the microphone, or set XDG_RUNTIME_DIR",
              err.text);
    return CLI_FAILED;
}

static int explain(const sd_bus_error *error, int r)
{
    if (sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
        sd_bus_error_has_name(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER)) {
        cli_error(NULL, "dfnet4d does not run; 'systemctl --user start dfnet4d' starts it");
        return CTL_NO_DAEMON;
    }
    if (r == -ETIMEDOUT || sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY))
        cli_error(NULL, "dfnet4d does not answer");
    else
        cli_error(NULL, "%s", error->message ? error->message : strerror(-r));
    return CLI_FAILED;
}

int ctl_call(sd_bus *bus, sd_bus_message **reply, const char *path, const char *interface,
             const char *member, const char *types, ...)
{
    sd_bus_message *call = NULL;
    sd_bus_error error = SD_BUS_ERROR_NULL;
    va_list args;
    va_start(args, types);
    int r =
        sd_bus_message_new_method_call(bus, &call, DFND_BUS_NAME, path, interface, member);
    if (r >= 0)
        r = sd_bus_message_set_auto_start(call, 0); /* to look must not start anything */
    if (r >= 0 && *types)
        r = sd_bus_message_appendv(call, types, args);
    va_end(args);
    if (r >= 0)
        r = sd_bus_call(bus, call, TIMEOUT_US, &error, reply);
    const int status = r < 0 ? explain(&error, r) : CLI_OK;
    sd_bus_error_free(&error);
    sd_bus_message_unref(call);
    return status;
}

void ctl_key(const char *name, char out[64])
{
    size_t n = 0;
    for (; *name && n < 62; name++) {
        if (isupper((unsigned char)*name) && n && out[n - 1] != '_' &&
            !isupper((unsigned char)name[-1]))
            out[n++] = '_';
        out[n++] = (char)(*name == '-' ? '_' : tolower((unsigned char)*name));
    }
    out[n] = '\0';
}

/* ---- values ----------------------------------------------------------------------------
 */

static json_t *read_basic(sd_bus_message *m, char type)
{
    const char *text;
    double real;
    uint64_t count;
    uint32_t small;
    int truth;
    switch (type) {
    case 's':
    case 'o':
        return sd_bus_message_read_basic(m, type, &text) < 0 ? NULL : json_string(text);
    case 'd': return sd_bus_message_read_basic(m, type, &real) < 0 ? NULL : json_real(real);
    case 't':
        return sd_bus_message_read_basic(m, type, &count) < 0
                   ? NULL
                   : json_integer((json_int_t)count);
    case 'u':
        return sd_bus_message_read_basic(m, type, &small) < 0 ? NULL : json_integer(small);
    case 'b':
        return sd_bus_message_read_basic(m, type, &truth) < 0 ? NULL : json_boolean(truth);
    default: return NULL;
    }
}

/* A variant; null for types that no property of ours has. */
static json_t *read_variant(sd_bus_message *m)
{
    const char *inside;
    char type;
    if (sd_bus_message_peek_type(m, &type, &inside) <= 0 || type != 'v')
        return NULL;
    const char kind = inside[1] ? 0 : *inside;
    if (!kind)
        return sd_bus_message_skip(m, "v") < 0 ? NULL : json_null();
    json_t *value = NULL;
    if (sd_bus_message_enter_container(m, 'v', inside) >= 0) {
        value = read_basic(m, kind);
        sd_bus_message_exit_container(m);
    }
    return value;
}

/* Entries of an a{s?} into `out`. */
static bool read_dictionary(sd_bus_message *m, const char *entry, json_t *out)
{
    if (sd_bus_message_enter_container(m, 'a', entry) < 0)
        return false;
    const char inside[] = {'s', entry[2], '\0'};
    int r;
    while ((r = sd_bus_message_enter_container(m, 'e', inside)) > 0) {
        const char *name;
        char key[64];
        if (sd_bus_message_read_basic(m, 's', &name) < 0)
            return false;
        ctl_key(name, key);
        json_t *value = entry[2] == 'v' ? read_variant(m) : read_basic(m, entry[2]);
        if (!value || json_object_set_new(out, key, value) != 0 ||
            sd_bus_message_exit_container(m) < 0)
            return false;
    }
    return r == 0 && sd_bus_message_exit_container(m) >= 0;
}

static int read_reply(sd_bus_message *reply, const char *entry, json_t **out)
{
    *out = json_object();
    const bool good = *out && read_dictionary(reply, entry, *out);
    sd_bus_message_unref(reply);
    if (good)
        return CLI_OK;
    json_decref(*out);
    *out = NULL;
    cli_error(NULL, "dfnet4d gave an answer that makes no sense; is it of this version?");
    return CLI_FAILED;
}

int ctl_properties(sd_bus *bus, const char *path, json_t **out)
{
    sd_bus_message *reply;
    const int status = ctl_call(bus, &reply, path ? path : DFND_BUS_PATH,
                                "org.freedesktop.DBus.Properties", "GetAll", "s",
                                path ? DFND_BUS_INSTANCE : DFND_BUS_DAEMON);
    return status ? status : read_reply(reply, "{sv}", out);
}

int ctl_meters(sd_bus *bus, const char *path, json_t **out)
{
    sd_bus_message *reply;
    const int status = ctl_call(bus, &reply, path, DFND_BUS_INSTANCE, "GetMeters", "");
    return status ? status : read_reply(reply, "{sd}", out);
}

/* ---- instances -------------------------------------------------------------------------
 */

static int get_paths(sd_bus *bus, char ***paths)
{
    sd_bus_message *reply;
    const int status =
        ctl_call(bus, &reply, DFND_BUS_PATH, "org.freedesktop.DBus.Properties", "Get", "ss",
                 DFND_BUS_DAEMON, "Instances");
    if (status)
        return status;
    *paths = NULL;
    int r = sd_bus_message_enter_container(reply, 'v', "ao");
    if (r >= 0)
        r = sd_bus_message_read_strv(reply, paths);
    sd_bus_message_unref(reply);
    if (r >= 0)
        return CLI_OK;
    cli_error(NULL, "dfnet4d does not say which instances it has: %s", strerror(-r));
    return CLI_FAILED;
}

static void free_paths(char **paths)
{
    for (char **p = paths; p && *p; p++)
        free(*p);
    free(paths);
}

/* "a, b, c" */
static void print_names(char **paths, char *out, size_t room)
{
    *out = '\0';
    size_t n = 0;
    for (char **p = paths; p && *p && n < room; p++) {
        char *name = NULL;
        if (sd_bus_path_decode(*p, DFND_BUS_PATH, &name) > 0)
            n += (size_t)snprintf(out + n, room - n, "%s%s", n ? ", " : "", name);
        free(name);
    }
}

static int choose(char **paths, const char *name, char **path)
{
    char *wanted = NULL, names[512];
    print_names(paths, names, sizeof names);
    if (name && sd_bus_path_encode(DFND_BUS_PATH, name, &wanted) < 0)
        wanted = NULL;
    char **p = paths;
    while (name && p && *p && (!wanted || strcmp(*p, wanted) != 0))
        p++;
    free(wanted);
    if (!p || !*p) {
        if (!*names)
            cli_error(NULL, "dfnet4d has no instance");
        else
            cli_error(NULL, "no instance '%s'; there is: %s", name, names);
        return CLI_FAILED;
    }
    if (!name && p[1]) {
        cli_error(NULL, "there are several instances; choose with --instance: %s", names);
        return CLI_USAGE;
    }
    *path = strdup(*p);
    return *path ? CLI_OK : CLI_FAILED;
}

int ctl_find_instance(sd_bus *bus, const char *name, char **path)
{
    char **paths;
    int status = get_paths(bus, &paths);
    if (status)
        return status;
    status = choose(paths, name, path);
    free_paths(paths);
    return status;
}

int ctl_instances(sd_bus *bus, json_t **out)
{
    char **paths;
    int status = get_paths(bus, &paths);
    if (status)
        return status;
    *out = json_array();
    for (char **p = paths; p && *p && !status; p++) {
        json_t *properties, *meters;
        status = ctl_properties(bus, *p, &properties);
        if (status)
            break;
        status = ctl_meters(bus, *p, &meters);
        if (!status)
            json_object_set_new(properties, "meters", meters);
        json_array_append_new(*out, properties);
    }
    free_paths(paths);
    if (status) {
        json_decref(*out);
        *out = NULL;
    }
    return status;
}
