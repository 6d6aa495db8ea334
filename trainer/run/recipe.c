#define _XOPEN_SOURCE 700 /* realpath */
#include "run/recipe.h"

#include "io/sha256.h"
#include "run/recipe_keys.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(sizeof(dfn_schedule_kind) == sizeof(int), "read as a choice");

enum {
    FILE_MAX = 1 << 20,
    PATH_LIMIT = 180
}; /* so that a line of an INI file can hold it */

/* The whole file as text, for free(). */
static dfn_status slurp(char **out, const char *path, dfn_error *err)
{
    *out = NULL;
    FILE *f = fopen(path, "r");
    char *text = f ? malloc(FILE_MAX + 1) : NULL;
    const size_t n = text ? fread(text, 1, FILE_MAX + 1, f) : 0;
    dfn_status status = DFN_OK;
    if (!f || ferror(f))
        status = dfn_fail(err, DFN_ERR_IO, "%s: %s", path, strerror(errno));
    else if (!text)
        status = dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", path);
    else if (n > FILE_MAX || memchr(text, '\0', n))
        status = dfn_fail(err, DFN_ERR_FORMAT, "%s: not a text file", path);
    if (f)
        fclose(f);
    if (status) {
        free(text);
        return status;
    }
    text[n] = '\0';
    *out = text;
    return DFN_OK;
}

/* Make the paths in text[DFN_RECIPE_TEXT] absolute that are relative to `folder`; with a
 * `separator` there may be several. */
static dfn_status absolute(char *text, const char *separator, const char *folder,
                           const char *key, dfn_error *err)
{
    char out[DFN_RECIPE_TEXT];
    size_t used = 0;
    for (const char *at = text; used < sizeof out;) {
        const size_t n = strcspn(at, separator);
        const bool relative = n && *at != '/', more = at[n];
        used += (size_t)snprintf(out + used, sizeof out - used, "%s%s%.*s%s",
                                 relative ? folder : "", relative ? "/" : "", (int)n, at,
                                 more ? separator : "");
        at += n + more;
        if (!*at)
            break;
    }
    if (used > PATH_LIMIT)
        return dfn_fail(err, DFN_ERR_ARG, "%s: more than %d characters with the folder: %s",
                        key, PATH_LIMIT, text);
    memcpy(text, out, used + 1);
    return DFN_OK;
}

static dfn_status resolve(dfn_recipe *r, const char *folder, dfn_error *err)
{
    dfn_status status = DFN_OK;
    if (!dfn_preset_text(r->train.model))
        status = absolute(r->train.model, "", folder, "[train] model", err);
    if (!status)
        status = absolute(r->train.init, "", folder, "[train] init", err);
    if (!status)
        status = absolute(r->manifest, "", folder, "[data] manifest", err);
    if (!status)
        status = absolute(r->cache, "", folder, "[data] cache", err);
    static const char *const keys[] = {"[data] speech", "[data] noise", "[data] rooms"};
    for (int i = 0; i < DFN_SOUND_KINDS && !status; i++)
        status = absolute(r->folders[i], ":", folder, keys[i], err);
    return status;
}

static dfn_status read_file(dfn_recipe *r, const char *path, const dfn_config_key *keys,
                            size_t n_keys, dfn_error *err)
{
    static const char *const foreign[] = {NULL};
    char folder[PATH_MAX], *text;
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    char *whole = realpath(slash ? folder : ".", NULL);
    if (!whole)
        return dfn_fail(err, DFN_ERR_IO, "%s: %s", path, strerror(errno));
    dfn_status status = slurp(&text, path, err);
    if (!status)
        status = dfn_config_parse(r, keys, n_keys, foreign, text, path, err);
    if (!status)
        status = resolve(r, whole, err);
    free(text);
    free(whole);
    return status;
}

/* "section.key=value" as a file of its own. */
static dfn_status read_option(dfn_recipe *r, const char *option, const dfn_config_key *keys,
                              size_t n_keys, dfn_error *err)
{
    static const char *const foreign[] = {NULL};
    static const char name[] = "option";
    char text[DFN_RECIPE_TEXT];
    const char *dot = strchr(option, '.'), *sign = strchr(option, '=');
    if (!dot || !sign || dot > sign || strpbrk(option, "\r\n"))
        return dfn_fail(err, DFN_ERR_ARG, "-o %s: not section.key=value", option);
    const int n =
        snprintf(text, sizeof text, "[%.*s]\n%s\n", (int)(dot - option), option, dot + 1);
    if (n < 0 || (size_t)n >= sizeof text)
        return dfn_fail(err, DFN_ERR_ARG, "-o %.60s...: too long", option);
    dfn_error why = {0};
    const dfn_status status = dfn_config_parse(r, keys, n_keys, foreign, text, name, &why);
    if (!status)
        return DFN_OK;
    const char *reason = strstr(why.text, ": "); /* after the name and the line */
    return dfn_fail(err, status, "-o %s: %s", option, reason ? reason + 2 : why.text);
}

static dfn_status read_options(dfn_recipe *r, const char *const *options, size_t n,
                               const dfn_config_key *keys, size_t n_keys, dfn_error *err)
{
    dfn_status status = DFN_OK;
    for (size_t i = 0; i < n && !status; i++)
        status = read_option(r, options[i], keys, n_keys, err);
    if (status || !n)
        return status;
    char *here = realpath(".", NULL);
    status = here ? resolve(r, here, err)
                  : dfn_fail(err, DFN_ERR_IO, "working directory: %s", strerror(errno));
    free(here);
    return status;
}

/* What one key alone cannot tell. */
static dfn_status check(dfn_recipe *r, const char *path, dfn_error *err)
{
    dfn_error why = {0};
    dfn_status status = dfn_batch_schedule_read(&r->batch_schedule, r->batch, &why);
    if (status)
        return dfn_fail(err, status, "%s: [optim] batch: %s", path, why.text);
    for (int i = 0; i < r->batch_schedule.count; i++)
        if (r->batch_schedule.clips[i] % r->train.shard_clips)
            return dfn_fail(err, DFN_ERR_ARG,
                            "%s: [optim] batch = %s: %d clips are not whole shards of %d "
                            "([train] shard_clips)",
                            path, r->batch, r->batch_schedule.clips[i],
                            r->train.shard_clips);
    if (r->schedule.min > r->schedule.base)
        return dfn_fail(err, DFN_ERR_ARG, "%s: [optim] lr_min = %g is more than lr = %g",
                        path, r->schedule.min, r->schedule.base);
    status = dfn_mix_check(&r->mix, &why);
    return status ? dfn_fail(err, status, "%s: %s", path, why.text) : DFN_OK;
}

static char *print(const dfn_recipe *r, const dfn_config_key *keys, size_t n_keys)
{
    const size_t size = dfn_config_print(NULL, 0, r, keys, n_keys) + 1;
    char *text = malloc(size);
    if (text && (size < 2 || dfn_config_print(text, size, r, keys, n_keys) != size - 1)) {
        free(text);
        text = NULL;
    }
    return text;
}

/* A network of one's own. */
static dfn_status read_network(dfn_recipe *r, const char *path, dfn_error *err)
{
    dfn_error why;
    char names[200] = "";
    const dfn_status status = slurp(&r->model_text, r->train.model, &why);
    for (int i = 0; dfn_preset_name(i); i++) {
        const size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "",
                 dfn_preset_name(i));
    }
    return status ? dfn_fail(err, status,
                             "%s: [train] model: none of the presets (%s), and %s", path,
                             names, why.text)
                  : DFN_OK;
}

/* Everything that follows from the keys. */
static dfn_status finish(dfn_recipe *r, const char *path, const dfn_config_key *keys,
                         size_t n_keys, dfn_error *err)
{
    size_t n_fixed;
    r->schedule.epochs = r->train.hours / r->train.epoch_hours;
    r->data = (dfn_data_config){.manifest = r->manifest, .cache = r->cache};
    for (int i = 0; i < DFN_SOUND_KINDS; i++)
        r->data.folders[i] = r->folders[i];
    dfn_config_key *fixed = dfn_recipe_keys(true, &n_fixed);
    r->text = print(r, keys, n_keys);
    r->identity = fixed ? print(r, fixed, n_fixed) : NULL;
    free(fixed);
    if (!r->text || !r->identity)
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", path);
    dfn_sha256(r->hash, r->identity, strlen(r->identity));
    const char *preset = dfn_preset_text(r->train.model);
    if (!preset)
        return read_network(r, path, err);
    r->model_text = malloc(strlen(preset) + 1);
    if (!r->model_text)
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", path);
    strcpy(r->model_text, preset);
    return DFN_OK;
}

dfn_status dfn_recipe_read(dfn_recipe **out, const char *path, const char *const *options,
                           size_t n_options, dfn_error *err)
{
    size_t n_keys;
    dfn_recipe *r = calloc(1, sizeof *r);
    dfn_config_key *keys = dfn_recipe_keys(false, &n_keys);
    dfn_status status =
        r && keys ? DFN_OK : dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", path);
    *out = NULL;
    if (!status) {
        dfn_recipe_defaults(r);
        status = read_file(r, path, keys, n_keys, err);
    }
    if (!status)
        status = read_options(r, options, n_options, keys, n_keys, err);
    if (!status)
        status = check(r, path, err);
    if (!status)
        status = finish(r, path, keys, n_keys, err);
    free(keys);
    if (status)
        dfn_recipe_free(r);
    else
        *out = r;
    return status;
}

void dfn_recipe_free(dfn_recipe *r)
{
    if (!r)
        return;
    free(r->model_text);
    free(r->text);
    free(r->identity);
    free(r);
}
