/* info_source.c - the network to look at: a model file, or a configuration alone. */
#include "cli.h"
#include "info.h"

#include <stdlib.h>
#include <string.h>

static dfn_model *describe(const char *text, const char *name)
{
    dfn_model *model;
    dfn_error err;
    if (dfn_model_describe(&model, text, name, &err) != DFN_OK)
        cli_error(NULL, "%s", err.text);
    return model;
}

static dfn_model *describe_file(const char *path)
{
    char *text = cli_config_text(path);
    dfn_model *model = text ? describe(text, path) : NULL;
    free(text);
    return model;
}

static dfn_model *load(const char *path)
{
    dfn_model *model;
    dfn_error err;
    if (cli_load_model(&model, path, &err) != DFN_OK)
        cli_error(NULL, "%s", err.text);
    return model;
}

dfn_model *info_open(const info_source *source, char **name)
{
    const char *given = source->preset ? source->preset : source->config;
    *name = given ? strdup(given) : cli_find_model(source->model);
    if (!*name) {
        if (given)
            cli_error(NULL, "out of memory");
        return NULL;
    }
    if (source->preset)
        return describe(dfn_preset_text(source->preset), source->preset);
    return source->config ? describe_file(*name) : load(*name);
}
