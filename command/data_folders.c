/* data_folders.c - where models and the like lie, as the XDG base directories say. */
#include "command.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* DIR[0..length)BELOW/dfnet4; false: go on. Relative folders do not count. */
static bool visit(cli_visit *visitor, void *user, const char *dir, size_t length,
                  const char *below)
{
    if (!length || dir[0] != '/')
        return false;
    const size_t room = length + strlen(below) + sizeof "/dfnet4";
    char *path = malloc(room);
    if (!path)
        return false;
    snprintf(path, room, "%.*s%s/dfnet4", (int)length, dir, below);
    const bool found = visitor(user, path);
    free(path);
    return found;
}

static bool visit_home(cli_visit *visitor, void *user)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (data && *data)
        return visit(visitor, user, data, strlen(data), "");
    return home && visit(visitor, user, home, strlen(home), "/.local/share");
}

bool cli_data_folders(cli_visit *visitor, void *user)
{
    if (visit_home(visitor, user))
        return true;
    const char *dirs = getenv("XDG_DATA_DIRS");
    if (!dirs || !*dirs)
        dirs = "/usr/local/share:/usr/share";
    while (*dirs) {
        const size_t length = strcspn(dirs, ":");
        if (visit(visitor, user, dirs, length, ""))
            return true;
        dirs += length + (dirs[length] == ':');
    }
    return visit(visitor, user, DFN_DATADIR, strlen(DFN_DATADIR), "") ||
           visit(visitor, user, "/usr/share", strlen("/usr/share"), "");
}

typedef struct search {
    const char *name;
    char *path;
} search;

static bool look(void *user, const char *folder)
{
    search *s = user;
    const size_t room = strlen(folder) + strlen(s->name) + 2;
    s->path = malloc(room);
    if (!s->path)
        return true;
    snprintf(s->path, room, "%s/%s", folder, s->name);
    if (access(s->path, F_OK) == 0)
        return true;
    free(s->path);
    s->path = NULL;
    return false;
}

char *cli_data_file(const char *name)
{
    search s = {.name = name};
    cli_data_folders(look, &s);
    return s.path;
}

char *cli_model_file(const char *name)
{
    static const char suffix[] = ".safetensors";
    if (!*name || strchr(name, '/'))
        return NULL;
    const size_t length = strlen(name), room = length + sizeof "models/" + sizeof suffix;
    char *file = malloc(room);
    if (!file)
        return NULL;
    const bool whole =
        length >= sizeof suffix && !strcmp(name + length - (sizeof suffix - 1), suffix);
    snprintf(file, room, "models/%s%s", name, whole ? "" : suffix);
    char *path = cli_data_file(file);
    free(file);
    return path;
}
