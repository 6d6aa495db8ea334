/* find_model.c - which model to use. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MODEL_FILE "default.safetensors"

bool cli_has_model(void)
{
    const char *named = getenv("DFNET4_MODEL");
    if (dfn_model_default_name() || (named && *named))
        return true;
    char *path = cli_data_file(MODEL_FILE);
    free(path);
    return path;
}

char *cli_find_model(const char *option)
{
    const char *named = option ? option : getenv("DFNET4_MODEL");
    char *path = named && *named ? NULL : cli_data_file(MODEL_FILE);
    if (path)
        return path;
    if (!named || !*named)
        named = dfn_model_default_name();
    if (!named) {
        cli_error(NULL, "no model: this dfnet4 was built without one; name one with "
                        "$DFNET4_MODEL or 'enhance --model FILE', or put one at "
                        "~/.local/share/dfnet4/" MODEL_FILE
                        "; 'dfnet4 import --help' tells how to get "
                        "one");
        return NULL;
    }
    if (!cli_is_embedded(named) && access(named, F_OK) != 0 &&
        (path = cli_model_file(named)))
        return path;
    char *copy = strdup(named);
    if (!copy)
        cli_error(NULL, "out of memory");
    return copy;
}

bool cli_is_embedded(const char *model)
{
    const char *name = dfn_model_default_name();
    return name && !strcmp(model, name);
}

dfn_status cli_load_model(dfn_model **out, const char *model, dfn_error *err)
{
    return cli_is_embedded(model) ? dfn_model_load_default(out, err)
                                  : dfn_model_load(out, model, err);
}
