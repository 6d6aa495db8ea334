/* control_daemon.c - org.dfnet4.Daemon1: the daemon as a whole. */
#include "control_own.h"

#include <command.h>
#include <string.h>

int dfnd_refuse(sd_bus_error *error, dfn_status status, const dfn_error *why)
{
    const char *name = status == DFN_ERR_ARG           ? SD_BUS_ERROR_INVALID_ARGS
                       : status == DFN_ERR_UNSUPPORTED ? SD_BUS_ERROR_NOT_SUPPORTED
                       : status == DFN_ERR_NOMEM       ? SD_BUS_ERROR_NO_MEMORY
                                                       : SD_BUS_ERROR_FAILED;
    json_t *text = cli_json_text(why->text); /* the bus takes UTF-8 only */
    const int r = sd_bus_error_set(error, name, text ? json_string_value(text) : NULL);
    json_decref(text);
    return r;
}

int dfnd_append_text(sd_bus_message *m, const char *bytes)
{
    json_t *text = cli_json_text(bytes);
    const int r = sd_bus_message_append(m, "s", text ? json_string_value(text) : "");
    json_decref(text);
    return r;
}

static int get_text(sd_bus *bus, const char *path, const char *interface, const char *name,
                    sd_bus_message *reply, void *user, sd_bus_error *error)
{
    (void)bus, (void)path, (void)interface, (void)error;
    const dfnd_control_config *c = &((dfnd_control *)user)->config;
    const char *text = !strcmp(name, "Version") ? c->version
                       : c->class               ? c->class->name
                                                : NULL;
    return sd_bus_message_append(reply, "s", text ? text : "");
}

/* Whether the audio of each instance that runs has a real-time priority. */
static int get_realtime(sd_bus *bus, const char *path, const char *interface,
                        const char *name, sd_bus_message *reply, void *user,
                        sd_bus_error *error)
{
    (void)bus, (void)path, (void)interface, (void)name, (void)error;
    const dfnd_control *c = user;
    int running = 0, realtime = 0;
    for (int k = 0; k < DFND_INSTANCES; k++) {
        const dfnd_instance *i = c->object[k].instance;
        running += i && i->state == DFND_RUNNING;
        realtime += i && i->state == DFND_RUNNING && i->realtime;
    }
    return sd_bus_message_append(reply, "b", running && realtime == running);
}

static int get_instances(sd_bus *bus, const char *path, const char *interface,
                         const char *name, sd_bus_message *reply, void *user,
                         sd_bus_error *error)
{
    (void)bus, (void)path, (void)interface, (void)name, (void)error;
    const dfnd_control *c = user;
    int r = sd_bus_message_open_container(reply, 'a', "o");
    for (int k = 0; r >= 0 && k < DFND_INSTANCES; k++)
        if (c->object[k].instance)
            r = sd_bus_message_append(reply, "o", c->object[k].path);
    return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int method_reload(sd_bus_message *m, void *user, sd_bus_error *error)
{
    const dfnd_control_config *c = &((dfnd_control *)user)->config;
    if (!c->reload)
        return sd_bus_error_setf(error, SD_BUS_ERROR_NOT_SUPPORTED,
                                 "the configuration cannot be read again");
    dfn_error err;
    const dfn_status status = c->reload(c->user, &err);
    return status ? dfnd_refuse(error, status, &err) : sd_bus_reply_method_return(m, "");
}

typedef struct listing {
    sd_bus_message *reply;
    int r;
} listing;

static void tell_model(void *user, const char *name, const char *path)
{
    listing *l = user;
    if (l->r >= 0)
        l->r = sd_bus_message_open_container(l->reply, 'r', "ss");
    if (l->r >= 0)
        l->r = dfnd_append_text(l->reply, name);
    if (l->r >= 0)
        l->r = dfnd_append_text(l->reply, path ? path : "");
    if (l->r >= 0)
        l->r = sd_bus_message_close_container(l->reply);
}

static int method_list_models(sd_bus_message *m, void *user, sd_bus_error *error)
{
    (void)user, (void)error;
    listing l;
    l.r = sd_bus_message_new_method_return(m, &l.reply);
    if (l.r < 0)
        return l.r;
    l.r = sd_bus_message_open_container(l.reply, 'a', "(ss)");
    dfnd_models_list(tell_model, &l);
    if (l.r >= 0)
        l.r = sd_bus_message_close_container(l.reply);
    if (l.r >= 0)
        l.r = sd_bus_send(NULL, l.reply, NULL);
    sd_bus_message_unref(l.reply);
    return l.r < 0 ? l.r : 1;
}

const sd_bus_vtable dfnd_daemon_vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Version", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Backend", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Realtime", "b", get_realtime, 0, 0),
    SD_BUS_PROPERTY("Instances", "ao", get_instances, 0,
                    SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
    SD_BUS_METHOD("Reload", "", "", method_reload, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_NAMES("ListModels", "", , "a(ss)", SD_BUS_PARAM(models),
                             method_list_models, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};
