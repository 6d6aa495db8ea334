#include "model/kind.h"

#include <ini.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

typedef struct found {
    char named[64];      /* by [train] */
    const char *section; /* the kind that a section stands for */
} found;

static const char *const sections[][2] = {{"deepfilternet", "deepfilternet3"},
                                          {"deepfilternet4", "deepfilternet4"}};

static int handle(void *user, const char *section, const char *key, const char *value)
{
    found *f = user;
    if (!strcasecmp(section, "train") && !strcasecmp(key, "model"))
        snprintf(f->named, sizeof f->named, "%s", value);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (!f->section && !strcasecmp(section, sections[i][0]))
            f->section = sections[i][1];
    return 1;
}

dfn_status dfn_builder_of_config(const dfn_builder **out, const char *text,
                                 const char *name, dfn_error *err)
{
    found f = {0};
    ini_parse_string(text, handle, &f); /* the network's own parser reports bad lines */
    const char *kind = *f.named ? f.named : f.section;
    if (!kind)
        return dfn_fail(err, DFN_ERR_FORMAT,
                        "%s: no network: neither 'model' in [train] nor a key of one",
                        name);
    *out = dfn_builder_find(kind);
    if (!*out)
        return dfn_fail(err, DFN_ERR_UNSUPPORTED, "%s: unknown kind of model '%s'", name,
                        kind);
    return DFN_OK;
}
