/* find_model.c - which model to use. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MODEL_NAME "dfnet4/default.safetensors"

/* DIR[0..length)/dfnet4/default.safetensors if it is there, or NULL. owner: caller frees.
 */
static char *in_folder(const char *dir, size_t length, const char *below)
{
    if (!length || dir[0] != '/') /* XDG: relative folders do not count */
        return NULL;
    const size_t room = length + strlen(below) + sizeof "/" MODEL_NAME;
    char *path = malloc(room);
    if (!path)
        return NULL;
    snprintf(path, room, "%.*s%s/" MODEL_NAME, (int)length, dir, below);
    if (access(path, F_OK) == 0)
        return path;
    free(path);
    return NULL;
}

static char *in_data_home(void)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (data && *data)
        return in_folder(data, strlen(data), "");
    return home ? in_folder(home, strlen(home), "/.local/share") : NULL;
}

static char *in_data_dirs(void)
{
    const char *dirs = getenv("XDG_DATA_DIRS");
    if (!dirs || !*dirs)
        dirs = "/usr/local/share:/usr/share";
    char *path = NULL;
    while (!path && *dirs) {
        const size_t length = strcspn(dirs, ":");
        path = in_folder(dirs, length, "");
        dirs += length + (dirs[length] == ':');
    }
    return path;
}

/* The first model in the data folders, or NULL. owner: caller frees. */
static char *installed(void)
{
    char *path = in_data_home();
    if (!path)
        path = in_data_dirs();
    if (!path)
        path = in_folder(DFN_DATADIR, strlen(DFN_DATADIR), "");
    if (!path)
        path = in_folder("/usr/share", strlen("/usr/share"), "");
    return path;
}

bool cli_has_model(void)
{
    const char *named = getenv("DFNET4_MODEL");
    if (dfn_model_default_name() || (named && *named))
        return true;
    char *path = installed();
    free(path);
    return path;
}

char *cli_find_model(const char *option)
{
    const char *named = option ? option : getenv("DFNET4_MODEL");
    char *path = named && *named ? NULL : installed();
    if (path)
        return path;
    if (!named || !*named)
        named = dfn_model_default_name();
    if (!named) {
        cli_error(NULL,
                  "no model: this dfnet4 was built without one; name one with "
                  "$DFNET4_MODEL or 'enhance --model FILE', or put one at "
                  "~/.local/share/" MODEL_NAME "; 'dfnet4 import --help' tells how to get "
                  "one");
        return NULL;
    }
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
