/* control_instance.c - org.dfnet4.Instance1: the properties and methods of an instance. */
#include "control_own.h"
#include "log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- values ----------------------------------------------------------------------------
 */

typedef struct value {
    const char *text;
    uint64_t count;
    double real;
} value;

static value text(const char *s) { return (value){.text = s}; }
static value count(uint64_t n) { return (value){.count = n}; }
static value real(double x) { return (value){.real = x}; }

/* A float as people write it: 0.02, not 0.0199999996. */
static value decimal(float x)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%.7g", (double)x);
    return (value){.real = strtod(digits, NULL)};
}

/* What the engine says; while nothing runs, its last load and levels are old news. */
static dfnd_engine_status look(const dfnd_instance *i)
{
    dfnd_engine_status s;
    dfnd_engine_collect(i->engine);
    dfnd_engine_get_status(i->engine, &s);
    if (i->state == DFND_RUNNING)
        return s;
    s.load = 0;
    for (int m = 0; m < DFN_METER_COUNT; m++)
        s.meter[m] = m == DFN_METER_INPUT_DB || m == DFN_METER_OUTPUT_DB ? -120 : 0;
    return s;
}

static const struct {
    const char *name, *signature;
} property[] = {
#define DFND_WRITABLE(name, signature, set, value) {#name, signature},
#define DFND_PROPERTY(name, signature, flags, value) {#name, signature},
#include "properties.def"
#undef DFND_PROPERTY
#undef DFND_WRITABLE
};

static value get_value(const dfnd_instance *i, int index)
{
    const dfnd_engine_status s = look(i);
    switch (index) {
#define DFND_WRITABLE(name, signature, set, expression)                                    \
    case DFND_PROPERTY_##name:                                                             \
        return expression;
#define DFND_PROPERTY(name, signature, flags, expression)                                  \
    case DFND_PROPERTY_##name:                                                             \
        return expression;
#include "properties.def"
#undef DFND_PROPERTY
#undef DFND_WRITABLE
    default: return (value){0};
    }
}

static int append(sd_bus_message *m, char type, value v)
{
    const uint32_t small = v.count < UINT32_MAX ? (uint32_t)v.count : UINT32_MAX;
    switch (type) {
    case 's': return dfnd_append_text(m, v.text);
    case 'd': return sd_bus_message_append(m, "d", v.real);
    case 'b': return sd_bus_message_append(m, "b", v.count != 0);
    case 'u': return sd_bus_message_append(m, "u", small);
    default: return sd_bus_message_append(m, "t", v.count);
    }
}

static int get_property(sd_bus *bus, const char *path, const char *interface,
                        const char *name, sd_bus_message *reply, void *user,
                        sd_bus_error *error)
{
    (void)bus, (void)path, (void)interface, (void)error;
    const dfnd_object *o = user;
    int index = 0;
    while (strcmp(property[index].name, name) != 0)
        index++; /* sd-bus asks for names of the vtable only */
    return append(reply, *property[index].signature, get_value(o->instance, index));
}

/* ---- changes ---------------------------------------------------------------------------
 */

/* FNV-1a, of text or of a number. */
static uint64_t hash(value v)
{
    uint64_t h = 0xcbf29ce484222325;
    const char *bytes = v.text ? v.text : (const char *)&v;
    const size_t n = v.text ? strlen(v.text) : sizeof v;
    for (size_t k = 0; k < n; k++)
        h = (h ^ (unsigned char)bytes[k]) * 0x100000001b3;
    return h;
}

static bool is_told(int index);

void dfnd_object_changed(dfnd_object *o, bool emit)
{
    char *names[DFND_PROPERTY_COUNT + 1];
    int n = 0;
    for (int k = 0; k < DFND_PROPERTY_COUNT; k++) {
        if (!is_told(k))
            continue;
        const uint64_t now = hash(get_value(o->instance, k));
        if (now != o->shown[k])
            names[n++] = (char *)property[k].name;
        o->shown[k] = now;
    }
    names[n] = NULL;
    if (n && emit && o->control->bus)
        sd_bus_emit_properties_changed_strv(o->control->bus, o->path, DFND_BUS_INSTANCE,
                                            names);
}

/* After a change that the user made. */
static void keep(dfnd_object *o)
{
    dfnd_object_changed(o, true);
    if (o->control->config.saved)
        dfnd_saved_update(o->control->config.saved, &o->instance->config,
                          &o->instance->configured);
}

static int set_parameter(sd_bus *bus, const char *path, const char *interface,
                         const char *name, sd_bus_message *m, void *user,
                         sd_bus_error *error)
{
    (void)bus, (void)path, (void)interface;
    dfnd_object *o = user;
    double x;
    const int r = sd_bus_message_read(m, "d", &x);
    if (r < 0)
        return r;
    int p = 0;
    while (strcmp(dfn_param_get_info((dfn_param)p)->symbol, name) != 0)
        p++;
    const dfn_param_info *info = dfn_param_get_info((dfn_param)p);
    /* as a float, so that a limit like 0.05 is in range; hence first a coarse look */
    if (!(fabs(x) <= 1e9) || (float)x < info->min || (float)x > info->max)
        return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS,
                                 "%s must be a number from %g to %g, not %g", name,
                                 (double)info->min, (double)info->max, x);
    dfnd_instance_set(o->instance, (dfn_param)p, (float)x);
    keep(o);
    return 1;
}

static int set_monitor(sd_bus *bus, const char *path, const char *interface,
                       const char *name, sd_bus_message *m, void *user, sd_bus_error *error)
{
    (void)bus, (void)path, (void)interface, (void)name;
    dfnd_object *o = user;
    const dfnd_control_config *c = &o->control->config;
    int on;
    const int r = sd_bus_message_read(m, "b", &on);
    if (r < 0)
        return r;
    if (!c->class || !c->class->monitor)
        return sd_bus_error_setf(error, SD_BUS_ERROR_NOT_SUPPORTED,
                                 "this backend has no monitor");
    dfn_error err;
    const dfn_status status = c->class->monitor(c->backend, o->instance, on, &err);
    if (status)
        return dfnd_refuse(error, status, &err);
    dfnd_object_changed(o, true);
    return 1;
}

/* ---- methods ---------------------------------------------------------------------------
 */

/* The new model's delay may be another one. */
static dfn_status set_model(dfnd_object *o, const char *name, dfn_error *err)
{
    const dfnd_control_config *c = &o->control->config;
    const dfn_status status = dfnd_instance_set_model(o->instance, name, err);
    if (!status && c->class && c->class->update)
        c->class->update(c->backend, o->instance);
    return status;
}

static int method_set_model(sd_bus_message *m, void *user, sd_bus_error *error)
{
    dfnd_object *o = user;
    const char *name;
    const int r = sd_bus_message_read(m, "s", &name);
    if (r < 0)
        return r;
    if (strlen(name) >= DFND_PATH)
        return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS,
                                 "the model's name is longer than %d bytes", DFND_PATH - 1);
    dfn_error err;
    const dfn_status status = set_model(o, name, &err);
    if (status)
        return dfnd_refuse(error, status, &err);
    keep(o);
    return sd_bus_reply_method_return(m, "");
}

static int method_toggle(sd_bus_message *m, void *user, sd_bus_error *error)
{
    (void)error;
    dfnd_object *o = user;
    const bool bypass = !(o->instance->config.param[DFN_PARAM_BYPASS] >= 0.5f);
    dfnd_instance_set(o->instance, DFN_PARAM_BYPASS, bypass);
    keep(o);
    return sd_bus_reply_method_return(m, "b", bypass);
}

static int method_reset(sd_bus_message *m, void *user, sd_bus_error *error)
{
    dfnd_object *o = user;
    const dfnd_instance_config *configured = &o->instance->configured;
    if (strcmp(o->instance->config.model, configured->model) != 0) {
        dfn_error err;
        const dfn_status status = set_model(o, configured->model, &err);
        if (status)
            return dfnd_refuse(error, status, &err);
    }
    for (int p = 0; p < DFN_PARAM_COUNT; p++)
        dfnd_instance_set(o->instance, (dfn_param)p, configured->param[p]);
    keep(o);
    return sd_bus_reply_method_return(m, "");
}

static int method_get_meters(sd_bus_message *m, void *user, sd_bus_error *error)
{
    (void)error;
    const dfnd_instance *i = ((dfnd_object *)user)->instance;
    static const char *const name[DFN_METER_COUNT] = {
        [DFN_METER_LSNR_DB] = "lsnr_db",   [DFN_METER_REDUCTION_DB] = "reduction_db",
        [DFN_METER_INPUT_DB] = "input_db", [DFN_METER_OUTPUT_DB] = "output_db",
        [DFN_METER_VAD] = "vad",
    };
    const dfnd_engine_status s = look(i);
    sd_bus_message *reply;
    int r = sd_bus_message_new_method_return(m, &reply);
    if (r < 0)
        return r;
    r = sd_bus_message_open_container(reply, 'a', "{sd}");
    for (int k = 0; r >= 0 && k < DFN_METER_COUNT; k++)
        r = sd_bus_message_append(reply, "{sd}", name[k], (double)s.meter[k]);
    if (r >= 0)
        r = sd_bus_message_append(reply, "{sd}{sd}{sd}{sd}", "load", s.load, "load_max",
                                  s.load_max, "overloads", (double)s.overloads, "xruns",
                                  (double)i->xruns);
    if (r >= 0)
        r = sd_bus_message_close_container(reply);
    if (r >= 0)
        r = sd_bus_send(NULL, reply, NULL);
    sd_bus_message_unref(reply);
    return r < 0 ? r : 1;
}

enum {
    CONST = SD_BUS_VTABLE_PROPERTY_CONST,
    CHANGES = SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE,
    POLLED = 0,
    ANYONE = SD_BUS_VTABLE_UNPRIVILEGED /* the session's bus lets nobody else in */
};

static bool is_told(int index)
{
    static const int flag[] = {
#define DFND_WRITABLE(name, signature, set, value) CHANGES,
#define DFND_PROPERTY(name, signature, flags, value) flags,
#include "properties.def"
#undef DFND_PROPERTY
#undef DFND_WRITABLE
    };
    return flag[index] == CHANGES;
}

const sd_bus_vtable dfnd_instance_vtable[] = {
    SD_BUS_VTABLE_START(0),
#define DFND_WRITABLE(name, signature, set, value)                                         \
    SD_BUS_WRITABLE_PROPERTY(#name, signature, get_property, set, 0,                       \
                             (uint64_t)CHANGES | (uint64_t)ANYONE),
#define DFND_PROPERTY(name, signature, flags, value)                                       \
    SD_BUS_PROPERTY(#name, signature, get_property, 0, flags),
#include "properties.def"
#undef DFND_PROPERTY
#undef DFND_WRITABLE
    SD_BUS_METHOD_WITH_NAMES("SetModel", "s", SD_BUS_PARAM(model), "", , method_set_model,
                             ANYONE),
    SD_BUS_METHOD_WITH_NAMES("Toggle", "", , "b", SD_BUS_PARAM(bypass), method_toggle,
                             ANYONE),
    SD_BUS_METHOD("Reset", "", "", method_reset, ANYONE),
    SD_BUS_METHOD_WITH_NAMES("GetMeters", "", , "a{sd}", SD_BUS_PARAM(meters),
                             method_get_meters, ANYONE),
    SD_BUS_VTABLE_END,
};
