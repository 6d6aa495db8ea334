/* models.c - a model is what its path and precision say; each is loaded once. */
#include "models.h"

#include <command.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".safetensors"

typedef struct entry {
    struct entry *next;
    char *path; /* NULL: the built-in model */
    dev_t device;
    ino_t inode;
    struct timespec modified; /* a file that was replaced is another model */
    dfn_weight_format precision;
    dfn_model *model;
    int users;
} entry;

struct dfnd_models {
    entry *first;
};

dfn_status dfnd_models_new(dfnd_models **out, dfn_error *err)
{
    *out = calloc(1, sizeof **out);
    return *out ? DFN_OK : dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
}

static void free_entry(entry *e)
{
    dfn_model_free(e->model);
    free(e->path);
    free(e);
}

void dfnd_models_free(dfnd_models *m)
{
    if (!m)
        return;
    for (entry *e = m->first, *next; e; e = next) {
        next = e->next;
        free_entry(e);
    }
    free(m);
}

/* ---- names -----------------------------------------------------------------------------
 */

/* *path = NULL: the built-in model. owner: caller frees. */
static dfn_status find(char **path, const char *name, dfn_error *err)
{
    const char *built_in = dfn_model_default_name();
    *path = NULL;
    if (!*name || !strcmp(name, "default")) {
        const char *named = getenv("DFNET4_MODEL");
        if (named && *named && strcmp(named, "default"))
            return find(path, named, err);
        *path = cli_data_file("default" SUFFIX);
        if (*path || built_in)
            return DFN_OK;
        return dfn_fail(err, DFN_ERR_UNSUPPORTED,
                        "no model: this dfnet4d was built without one; name a file, or put "
                        "one at ~/.local/share/dfnet4/default" SUFFIX);
    }
    if (built_in && !strcmp(name, built_in))
        return DFN_OK;
    *path = cli_model_file(name);
    if (*path)
        return DFN_OK;
    if (access(name, F_OK) != 0)
        return dfn_fail(err, DFN_ERR_IO,
                        "%s: no such model; --list-models tells which there are", name);
    *path = strdup(name);
    return *path ? DFN_OK : dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
}

static dfn_status find_precision(dfn_weight_format *out, const char *name, dfn_error *err)
{
    static const struct {
        const char *name;
        dfn_weight_format format;
    } known[] = {
        {"f32", DFN_WEIGHTS_F32}, {"bf16", DFN_WEIGHTS_BF16}, {"int8", DFN_WEIGHTS_INT8}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(name, known[i].name)) {
            *out = known[i].format;
            return DFN_OK;
        }
    return dfn_fail(err, DFN_ERR_ARG, "precision '%s': none of f32, bf16, int8", name);
}

/* ---- loading ---------------------------------------------------------------------------
 */

static bool same(const entry *e, const char *path, const struct stat *st,
                 dfn_weight_format precision)
{
    if (e->precision != precision || !e->path != !path)
        return false;
    return !path || (e->device == st->st_dev && e->inode == st->st_ino &&
                     e->modified.tv_sec == st->st_mtim.tv_sec &&
                     e->modified.tv_nsec == st->st_mtim.tv_nsec);
}

static dfn_status load(entry *e, const char *path, dfn_error *err)
{
    const dfn_status status = path ? dfn_model_load(&e->model, path, err)
                                   : dfn_model_load_default(&e->model, err);
    if (status || dfn_model_quantised(e->model) || e->precision == DFN_WEIGHTS_F32)
        return status;
    return dfn_model_set_precision(e->model, e->precision, err);
}

static dfn_status add(entry **out, dfnd_models *m, const char *path, const struct stat *st,
                      dfn_weight_format precision, dfn_error *err)
{
    entry *e = calloc(1, sizeof *e);
    if (e && path)
        e->path = strdup(path);
    if (!e || (path && !e->path)) {
        free(e);
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    }
    e->device = st->st_dev;
    e->inode = st->st_ino;
    e->modified = st->st_mtim;
    e->precision = precision;
    const dfn_status status = load(e, path, err);
    if (status) {
        free_entry(e);
        return status;
    }
    e->next = m->first;
    *out = m->first = e;
    return DFN_OK;
}

dfn_status dfnd_models_get(const dfn_model **out, dfnd_models *m, const char *name,
                           const char *precision, dfn_error *err)
{
    dfn_weight_format format = DFN_WEIGHTS_F32;
    char *path = NULL;
    struct stat st = {0};
    *out = NULL;
    dfn_status status = find_precision(&format, precision, err);
    if (!status)
        status = find(&path, name, err);
    if (!status && path && stat(path, &st) != 0)
        status = dfn_fail(err, DFN_ERR_IO, "%s: cannot be read", path);
    entry *e = m->first;
    while (!status && e && !same(e, path, &st, format))
        e = e->next;
    if (!status && !e)
        status = add(&e, m, path, &st, format, err);
    free(path);
    if (status)
        return status;
    e->users++;
    *out = e->model;
    return DFN_OK;
}

void dfnd_models_put(dfnd_models *m, const dfn_model *model)
{
    for (entry **at = &m->first; *at; at = &(*at)->next)
        if ((*at)->model == model) {
            entry *e = *at;
            if (--e->users > 0)
                return;
            *at = e->next;
            free_entry(e);
            return;
        }
}

/* ---- list ------------------------------------------------------------------------------
 */

typedef struct teller {
    void (*tell)(void *user, const char *name, const char *path);
    void *user;
} teller;

static bool list_folder(void *user, const char *folder)
{
    const teller *t = user;
    char path[4096];
    snprintf(path, sizeof path, "%s/models", folder);
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));) {
        const size_t n = strlen(e->d_name), suffix = sizeof SUFFIX - 1;
        if (n <= suffix || strcmp(e->d_name + n - suffix, SUFFIX) || e->d_name[0] == '.')
            continue;
        char name[256], file[4096 + 300];
        snprintf(name, sizeof name, "%.*s", (int)(n - suffix), e->d_name);
        snprintf(file, sizeof file, "%s/%s", path, e->d_name);
        t->tell(t->user, name, file);
    }
    if (d)
        closedir(d);
    return false;
}

void dfnd_models_list(void (*tell)(void *user, const char *name, const char *path),
                      void *user)
{
    teller t = {tell, user};
    if (dfn_model_default_name())
        tell(user, dfn_model_default_name(), "built in");
    cli_data_folders(list_folder, &t);
}
