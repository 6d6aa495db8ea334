/* info_source.c - the network to look at: a model file, or a configuration alone. */
#include "cli.h"
#include "info.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIG_MAX = 1 << 20 }; /* a configuration is a page or two */

/* The whole of an open text file, or NULL after a message. owner: caller frees. */
static char *read_stream(FILE *f, const char *path)
{
    char *text = malloc(CONFIG_MAX + 1);
    if (!text) {
        cli_error(path, "out of memory");
        return NULL;
    }
    errno = 0;
    const size_t n = fread(text, 1, CONFIG_MAX + 1, f);
    const char *why = ferror(f)               ? strerror(errno)
                      : n > CONFIG_MAX        ? "too large for a configuration"
                      : memchr(text, '\0', n) ? "not a text file"
                                              : NULL;
    if (why) {
        cli_error(path, "%s", why);
        free(text);
        return NULL;
    }
    text[n] = '\0';
    return text;
}

static char *read_text(const char *path)
{
    FILE *f = fopen(path, "r");
    if (!f) {
        cli_error(path, "%s", strerror(errno));
        return NULL;
    }
    char *text = read_stream(f, path);
    fclose(f);
    return text;
}

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
    char *text = read_text(path);
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
