#include "optim/checkpoint.h"

#include "io/sha256.h"
#include "optim/difference.h"
#include "optim/files.h"

#include <dfnet4/safetensors.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char format[] = "dfnet4-checkpoint-1";
/* The newest first: `next` is there if a write was cut off after it was whole. */
static const char *const names[] = {"next.ckpt", "last.ckpt", "previous.ckpt"};
enum { NEXT, LAST, PREVIOUS, NAMES };
enum { TABLES = 5, DIGEST = 65 };

static const char *const table_names[TABLES] = {"weight", "average", "first", "second",
                                                "largest"};

static const dfn_weights *table(const dfn_adamw *o, int i)
{
    const dfn_weights *const all[TABLES] = {&o->weights, &o->average, &o->first, &o->second,
                                            &o->largest};
    return all[i];
}

/* The tensors of a checkpoint, in the order of their names, which is that of their data in
 * the file. */
typedef struct tensor_list {
    dfn_tensor *tensor;
    size_t n;
    char *names;
} tensor_list;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const dfn_tensor *)a)->name, ((const dfn_tensor *)b)->name);
}

static void add(tensor_list *l, char *name, const dfn_weight *w, void *data)
{
    dfn_tensor *t = &l->tensor[l->n++];
    *t = (dfn_tensor){.name = name, .rank = w->rank, .count = w->count, .data = data};
    for (int i = 0; i < w->rank; i++)
        t->dim[i] = (size_t)w->dim[i];
}

static bool list_new(tensor_list *l, const dfn_adamw *o)
{
    const int n = dfn_graph_weight_count(o->graph);
    size_t text = 1;
    for (int i = 0; i < n; i++)
        text += strlen(dfn_graph_weight(o->graph, i)->name) + 16;
    *l = (tensor_list){.tensor = calloc((size_t)n * TABLES + 1, sizeof *l->tensor),
                       .names = malloc(text * TABLES)};
    if (!l->tensor || !l->names)
        return false;
    char *at = l->names;
    for (int k = 0; k < TABLES; k++)
        for (int i = 0; i < table(o, k)->count; i++) {
            const dfn_weight *w = dfn_graph_weight(o->graph, i);
            const int used =
                snprintf(at, 16 + strlen(w->name), "%s.%s", table_names[k], w->name);
            add(l, at, w, table(o, k)->data[i]);
            at += used + 1;
        }
    qsort(l->tensor, l->n, sizeof *l->tensor, by_name);
    return true;
}

static void list_free(tensor_list *l)
{
    free(l->tensor);
    free(l->names);
}

enum { TEXTS = 3 };
static const char *const text_names[TEXTS] = {"recipe", "config", "progress"};

/* Of names and data of all tensors and of the texts: what no other check would notice. */
static bool digest(char out[DIGEST], const dfn_tensor *tensor, size_t n,
                   const char *const texts[TEXTS])
{
    size_t size = TEXTS * DIGEST;
    for (size_t i = 0; i < n; i++)
        size += strlen(tensor[i].name) + DIGEST;
    char *all = malloc(size), *at = all;
    if (!all)
        return false;
    for (size_t i = 0; i < n; i++) {
        const size_t length = strlen(tensor[i].name);
        memcpy(at, tensor[i].name, length);
        dfn_sha256(at + length, tensor[i].data, tensor[i].count * sizeof(float));
        at += length + DIGEST - 1;
    }
    for (size_t i = 0; i < TEXTS; i++, at += DIGEST - 1)
        dfn_sha256(at, texts[i], strlen(texts[i]));
    dfn_sha256(out, all, (size_t)(at - all));
    free(all);
    return true;
}

/* `next` is whole: let it take the place of `last`, and `last` that of `previous`. */
static dfn_status rotate(const char *folder, dfn_error *err)
{
    char path[NAMES][DFN_PATH];
    for (int i = 0; i < NAMES; i++)
        if (dfn_path(path[i], folder, names[i], err))
            return DFN_ERR_ARG;
    if ((rename(path[LAST], path[PREVIOUS]) && errno != ENOENT) ||
        rename(path[NEXT], path[LAST]))
        return dfn_fail(err, DFN_ERR_IO, "%s: cannot replace: %s", path[LAST],
                        strerror(errno));
    dfn_sync_folder(folder);
    return DFN_OK;
}

static dfn_status write_list(const dfn_checkpoint *c, const tensor_list *l,
                             const char *folder, dfn_error *err)
{
    const dfn_adamw *o = c->optimiser;
    char progress[DFN_COUNTERS_TEXT], sum[DIGEST], path[DFN_PATH];
    const char *const texts[TEXTS] = {c->recipe, c->config, progress};
    const size_t n =
        dfn_counters_print(progress, sizeof progress, c->progress, o->updates, o->skipped);
    if (!n || n >= sizeof progress || !digest(sum, l->tensor, l->n, texts))
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: no memory for a checkpoint", folder);
    const dfn_text_pair pairs[] = {{"format", format},
                                   {text_names[0], texts[0]},
                                   {text_names[1], texts[1]},
                                   {text_names[2], texts[2]},
                                   {"sha256", sum}};
    dfn_status status = dfn_path(path, folder, names[NEXT], err);
    if (!status)
        status = dfn_safetensors_write(path, l->tensor, l->n, pairs,
                                       sizeof pairs / sizeof *pairs, err);
    return status ? status : rotate(folder, err);
}

dfn_status dfn_checkpoint_write(const dfn_checkpoint *c, const char *folder, dfn_error *err)
{
    tensor_list l;
    const dfn_status status =
        list_new(&l, c->optimiser)
            ? write_list(c, &l, folder, err)
            : dfn_fail(err, DFN_ERR_NOMEM, "%s: no memory for a checkpoint", folder);
    list_free(&l);
    return status;
}

/* The texts of a file, if it is a checkpoint and what its sum says. */
static dfn_status check_file(const dfn_safetensors *s, const char *texts[TEXTS],
                             const char *path, dfn_error *err)
{
    const char *kind = dfn_safetensors_metadata(s, "format");
    const char *want = dfn_safetensors_metadata(s, "sha256");
    const size_t n = dfn_safetensors_count(s);
    bool good = kind && !strcmp(kind, format) && want;
    for (int i = 0; i < TEXTS; i++)
        good &= (texts[i] = dfn_safetensors_metadata(s, text_names[i])) != NULL;
    for (size_t i = 0; i < n; i++)
        good &= dfn_safetensors_get(s, i)->dtype == DFN_DTYPE_F32;
    if (!good)
        return dfn_fail(err, DFN_ERR_FORMAT, "%s: not a checkpoint", path);
    dfn_tensor *t = calloc(n + 1, sizeof *t);
    char sum[DIGEST];
    for (size_t i = 0; t && i < n; i++)
        t[i] = *dfn_safetensors_get(s, i);
    good = t && digest(sum, t, n, texts);
    free(t);
    if (!good)
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", path);
    return strcmp(sum, want)
               ? dfn_fail(err, DFN_ERR_FORMAT, "%s: damaged (its sum is wrong)", path)
               : DFN_OK;
}

/* Whether the file belongs to this run. */
static dfn_status check_texts(const dfn_checkpoint *c, const char *const texts[TEXTS],
                              const char *path, dfn_error *warning, dfn_error *err)
{
    char why[400];
    int n = dfn_difference(texts[0], c->recipe, why, sizeof why);
    const char *differ = n == 1 ? "key differs" : "keys differ";
    if (n)
        dfn_fail(c->any_recipe ? warning : err, DFN_ERR_ARG,
                 "%s: made by another recipe, %d %s: %s", path, n, differ, why);
    if (n && !c->any_recipe)
        return DFN_ERR_ARG;
    n = dfn_difference(texts[1], c->config, why, sizeof why);
    differ = n == 1 ? "key differs" : "keys differ";
    return n ? dfn_fail(err, DFN_ERR_ARG, "%s: of another network, %d %s: %s", path, n,
                        differ, why)
             : DFN_OK;
}

/* Every tensor of the list is in the file with its shape, and nothing else is. */
static dfn_status check_tensors(const dfn_safetensors *s, const tensor_list *l,
                                const char *path, dfn_error *err)
{
    for (size_t i = 0; i < l->n; i++) {
        const dfn_tensor *want = &l->tensor[i], *t = dfn_safetensors_find(s, want->name);
        if (!t || t->rank != want->rank || memcmp(t->dim, want->dim, sizeof t->dim))
            return dfn_fail(err, DFN_ERR_ARG, "%s: of another network: tensor '%s' %s",
                            path, want->name, t ? "has another shape" : "is missing");
    }
    if (dfn_safetensors_count(s) != l->n)
        return dfn_fail(err, DFN_ERR_ARG, "%s: of another network: %zu tensors, not %zu",
                        path, dfn_safetensors_count(s), l->n);
    return DFN_OK;
}

static dfn_status take(const dfn_checkpoint *c, const dfn_safetensors *s,
                       const tensor_list *l, const char *path, dfn_error *warning,
                       dfn_error *err)
{
    const char *texts[TEXTS];
    dfn_counters progress;
    uint64_t updates, skipped;
    dfn_status status = check_file(s, texts, path, err);
    if (!status)
        status = check_texts(c, texts, path, warning, err);
    if (!status)
        status = check_tensors(s, l, path, err);
    if (!status)
        status = dfn_counters_parse(&progress, &updates, &skipped, texts[2], path, err);
    if (status)
        return status;
    for (size_t i = 0; i < l->n; i++) {
        const dfn_tensor *t = &l->tensor[i];
        memcpy((void *)t->data, dfn_safetensors_find(s, t->name)->data,
               t->count * sizeof(float));
    }
    c->optimiser->updates = updates;
    c->optimiser->skipped = skipped;
    *c->progress = progress;
    return DFN_OK;
}

/* DFN_ERR_FORMAT or DFN_ERR_IO: another file may be better. */
static dfn_status read_one(const dfn_checkpoint *c, const tensor_list *l, const char *path,
                           dfn_error *warning, dfn_error *err)
{
    dfn_safetensors *s;
    dfn_status status = dfn_safetensors_open(&s, path, err);
    if (status)
        return status;
    status = take(c, s, l, path, warning, err);
    dfn_safetensors_close(s);
    return status;
}

static dfn_status read_any(const dfn_checkpoint *c, const tensor_list *l,
                           const char *folder, bool *found, dfn_error *warning,
                           dfn_error *err)
{
    dfn_error first = {0}, why;
    for (int i = 0; i < NAMES; i++) {
        char path[DFN_PATH];
        if (dfn_path(path, folder, names[i], err))
            return DFN_ERR_ARG;
        if (access(path, F_OK) && errno == ENOENT)
            continue;
        const dfn_status status = read_one(c, l, path, warning, &why);
        *found = !status;
        if (!status) {
            if (first.status)
                *warning = first;
            return DFN_OK;
        }
        if (status != DFN_ERR_FORMAT && status != DFN_ERR_IO)
            return dfn_fail(err, status, "%s", why.text);
        if (!first.status)
            first = why;
    }
    return first.status ? dfn_fail(err, first.status, "%s", first.text) : DFN_OK;
}

dfn_status dfn_checkpoint_read(const dfn_checkpoint *c, const char *folder, bool *found,
                               dfn_error *warning, dfn_error *err)
{
    tensor_list l;
    *found = false;
    *warning = (dfn_error){0};
    dfn_remove_temporaries(folder);
    const dfn_status status =
        list_new(&l, c->optimiser)
            ? read_any(c, &l, folder, found, warning, err)
            : dfn_fail(err, DFN_ERR_NOMEM, "%s: no memory for a checkpoint", folder);
    list_free(&l);
    return status;
}
