/* config_keys.c - settings by their names. */
#include "config_keys.h"

#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define AT(type, field) offsetof(type, field), sizeof(((type *)0)->field)
#define INSTANCE(field) AT(dfnd_instance_config, field)

const dfnd_key dfnd_instance_keys[] = {
    {"description", DFND_KEY_TEXT, INSTANCE(description), NULL,
     "What people see in the list of devices"},
    {"device", DFND_KEY_TEXT, INSTANCE(device), NULL,
     "The device that is cleaned, as --list-devices names it; empty: the default one"},
    {"output", DFND_KEY_TEXT, INSTANCE(output), NULL,
     "PortAudio: the device that plays the clean sound"},
    {"model", DFND_KEY_TEXT, INSTANCE(model), NULL,
     "File, or a name of --list-models; empty: the default model"},
    {"precision", DFND_KEY_CHOICE, INSTANCE(precision), "f32|bf16|int8",
     "Arithmetic of the network: f32, bf16 or int8; less is faster"},
    {"channels", DFND_KEY_INT, INSTANCE(channels), "1|2", "1 or 2"},
    {"smart", DFND_KEY_SWITCH, INSTANCE(smart), NULL,
     "PipeWire: stand between the device and all who use it"},
    {"make_default", DFND_KEY_SWITCH, INSTANCE(make_default), NULL,
     "Become the device that programs use unless told otherwise"},
    {0},
};

const dfnd_key dfnd_daemon_keys[] = {
    {"backend", DFND_KEY_CHOICE, AT(dfnd_config, backend), "pipewire|portaudio",
     "Where sound comes from: pipewire or portaudio"},
    {0},
};

static bool same_name(const char *name, const char *key)
{
    while (*name && (*name == *key || (*name == '_' && *key == '-')))
        name++, key++;
    return *name == *key;
}

/* Index of `value` in "a|b|c", or -1. */
static int find_choice(const char *choices, const char *value)
{
    for (int i = 0;; i++) {
        const size_t n = strcspn(choices, "|");
        if (n == strlen(value) && !strncmp(choices, value, n))
            return i;
        if (!choices[n])
            return -1;
        choices += n + 1;
    }
}

/* Names go to other programs, which do not take just any bytes. */
static bool is_text(const char *value)
{
    for (const char *p = value; *p; p++)
        if (iscntrl((unsigned char)*p))
            return false;
    json_t *text = json_string(value);
    json_decref(text);
    return text;
}

static dfn_status set_text(char *at, size_t size, const char *key, const char *value,
                           dfn_error *err)
{
    if (strlen(value) >= size)
        return dfn_fail(err, DFN_ERR_ARG, "%s: more than %d bytes", key, (int)size - 1);
    if (!is_text(value))
        return dfn_fail(err, DFN_ERR_ARG, "%s: not UTF-8 text in one line", key);
    memcpy(at, value, strlen(value) + 1);
    return DFN_OK;
}

static dfn_status set_switch(bool *at, const char *key, const char *value, dfn_error *err)
{
    static const char words[] = "no|yes|false|true|off|on|0|1"; /* the odd ones say yes */
    const int i = find_choice(words, value);
    if (i < 0)
        return dfn_fail(err, DFN_ERR_ARG, "%s takes yes or no, not '%s'", key, value);
    *at = i % 2;
    return DFN_OK;
}

static dfn_status set_key(void *config, const dfnd_key *k, const char *value,
                          dfn_error *err)
{
    char *at = (char *)config + k->at;
    const bool choice = k->type == DFND_KEY_CHOICE || k->type == DFND_KEY_INT;
    if (choice && find_choice(k->choices, value) < 0)
        return dfn_fail(err, DFN_ERR_ARG, "%s takes %s, not '%s'", k->name, k->choices,
                        value);
    if (k->type == DFND_KEY_SWITCH)
        return set_switch((bool *)at, k->name, value, err);
    if (k->type != DFND_KEY_INT)
        return set_text(at, k->size, k->name, value, err);
    const int n = atoi(value);
    memcpy(at, &n, sizeof n);
    return DFN_OK;
}

static dfn_status set_param(float *at, const dfn_param_info *p, const char *value,
                            dfn_error *err)
{
    char *end;
    const float x = strtof(value, &end); /* no program of ours leaves the C locale */
    if (end == value || *end || !(x >= p->min && x <= p->max))
        return dfn_fail(err, DFN_ERR_ARG, "%s takes a number of %g to %g, not '%s'",
                        p->symbol, p->min, p->max, value);
    *at = x;
    return DFN_OK;
}

/* Without the space around it; false if it has no room. */
static bool trim(char *out, size_t size, const char *value)
{
    value += strspn(value, " \t");
    size_t n = strlen(value);
    while (n && (value[n - 1] == ' ' || value[n - 1] == '\t'))
        n--;
    if (n >= size)
        return false;
    memcpy(out, value, n);
    out[n] = '\0';
    return true;
}

static dfn_status set(void *config, const dfnd_key *keys, float *param, const char *key,
                      const char *value, dfn_error *err)
{
    char text[DFND_PATH + 1];
    if (!trim(text, sizeof text, value))
        return dfn_fail(err, DFN_ERR_ARG, "%.64s: more than %d bytes", key, DFND_PATH);
    for (const dfnd_key *k = keys; k->name; k++)
        if (same_name(k->name, key))
            return set_key(config, k, text, err);
    for (int i = 0; param && i < DFN_PARAM_COUNT; i++) {
        const dfn_param_info *p = dfn_param_get_info((dfn_param)i);
        if (same_name(p->symbol, key))
            return set_param(&param[i], p, text, err);
    }
    return dfn_fail(err, DFN_ERR_ARG, "unknown key '%.64s'", key);
}

dfn_status dfnd_instance_config_set(dfnd_instance_config *c, const char *key,
                                    const char *value, dfn_error *err)
{
    return set(c, dfnd_instance_keys, c->param, key, value, err);
}

dfn_status dfnd_config_set(dfnd_config *c, const char *key, const char *value,
                           dfn_error *err)
{
    return set(c, dfnd_daemon_keys, NULL, key, value, err);
}
