/* config.c - the settings of the daemon and its list of streams. */
#include "config.h"

#include <string.h>

void dfnd_instance_config_default(dfnd_instance_config *c, const char *name,
                                  dfnd_direction direction)
{
    *c = (dfnd_instance_config){.direction = direction, .precision = "f32", .channels = 1};
    if (direction == DFND_INCOMING)
        c->channels = 2; /* what others say may come with music */
    snprintf(c->name, sizeof c->name, "%s", name);
    snprintf(c->description, sizeof c->description, "dfnet4 %s", name);
    for (int i = 0; i < DFN_PARAM_COUNT; i++)
        c->param[i] = dfn_param_get_info((dfn_param)i)->def;
}

void dfnd_config_default(dfnd_config *c)
{
    memset(c, 0, sizeof *c);
    snprintf(c->backend, sizeof c->backend, DFND_DEFAULT_BACKEND);
}

dfnd_instance_config *dfnd_config_find(dfnd_config *c, const char *name)
{
    for (int i = 0; i < c->count; i++)
        if (!strcmp(c->instance[i].name, name))
            return &c->instance[i];
    return NULL;
}

static bool good_name(const char *name)
{
    const size_t n = strlen(name);
    return n > 0 && n < DFND_NAME &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789-_") == n;
}

dfn_status dfnd_config_add(dfnd_instance_config **out, dfnd_config *c, const char *name,
                           dfnd_direction direction, dfn_error *err)
{
    static const char *const kinds[] = {"microphone", "incoming"};
    *out = NULL;
    if (!good_name(name))
        return dfn_fail(err, DFN_ERR_ARG,
                        "'%.80s' is no name: up to %d letters, digits, '-' and '_'", name,
                        DFND_NAME - 1);
    dfnd_instance_config *i = dfnd_config_find(c, name);
    if (i && i->direction != direction)
        return dfn_fail(err, DFN_ERR_ARG, "the name '%s' is taken by [%s %s]", name,
                        kinds[i->direction], name);
    if (!i && c->count == DFND_INSTANCES)
        return dfn_fail(err, DFN_ERR_UNSUPPORTED, "'%s' is too much: %d streams at most",
                        name, DFND_INSTANCES);
    if (!i) {
        i = &c->instance[c->count++];
        dfnd_instance_config_default(i, name, direction);
    }
    *out = i;
    return DFN_OK;
}
