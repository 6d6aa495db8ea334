/* plot_log.c - log.jsonl as rows of numbers. */
#include "run/plot.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void dfn_run_log_free(dfn_run_log *log)
{
    for (size_t i = 0; i < log->count; i++) {
        free(log->series[i].x);
        free(log->series[i].y);
    }
    free(log->series);
    *log = (dfn_run_log){0};
}

static dfn_series *find(const dfn_run_log *log, const char *kind, const char *name)
{
    for (size_t i = 0; i < log->count; i++)
        if (!strcmp(log->series[i].name, name) && !strcmp(log->series[i].kind, kind))
            return &log->series[i];
    return NULL;
}

const dfn_series *dfn_run_log_find(const dfn_run_log *log, const char *kind,
                                   const char *name)
{
    const dfn_series *s = find(log, kind, name);
    for (size_t i = 0; s && i < s->count; i++)
        if (isfinite(s->y[i]))
            return s;
    return NULL;
}

/* The row of that name, new if need be; NULL without memory. */
static dfn_series *take(dfn_run_log *log, const char *kind, const char *name)
{
    dfn_series *s = find(log, kind, name);
    if (s)
        return s;
    s = realloc(log->series, (log->count + 1) * sizeof *s);
    if (!s)
        return NULL;
    log->series = s;
    s += log->count++;
    *s = (dfn_series){0};
    snprintf(s->kind, sizeof s->kind, "%s", kind);
    snprintf(s->name, sizeof s->name, "%s", name);
    return s;
}

static bool add(dfn_series *s, double x, double y)
{
    if (s->count == s->room) {
        const size_t room = 2 * s->room + 64;
        double *xs = realloc(s->x, room * sizeof *xs);
        if (xs)
            s->x = xs;
        double *ys = realloc(s->y, room * sizeof *ys);
        if (ys)
            s->y = ys;
        if (!xs || !ys)
            return false;
        s->room = room;
    }
    s->x[s->count] = x;
    s->y[s->count++] = y;
    return true;
}

/* Returns false without memory only. */
static bool add_line(dfn_run_log *log, const json_t *line)
{
    const char *kind = json_string_value(json_object_get(line, "kind"));
    const json_t *step = json_object_get(line, "step"),
                 *hours = json_object_get(line, "hours");
    if (!kind || !json_is_integer(step) || strlen(kind) >= sizeof log->series->kind)
        return true;
    const json_int_t at = json_integer_value(step);
    if (at > 0 && (uint64_t)at > log->step)
        log->step = (uint64_t)at;
    const double x = json_is_number(hours) ? json_number_value(hours) : (double)at;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)line, name, value)
    {
        if ((!json_is_number(value) && !json_is_null(value)) ||
            strlen(name) >= sizeof log->series->name)
            continue;
        dfn_series *s = take(log, kind, name);
        if (!s || !add(s, x, json_is_null(value) ? (double)NAN : json_number_value(value)))
            return false;
    }
    return true;
}

static dfn_status read_lines(dfn_run_log *log, FILE *f, const char *path, dfn_error *err)
{
    char *text = NULL;
    size_t room = 0;
    bool good = true;
    for (ssize_t n; good && (n = getline(&text, &room, f)) > 0;) {
        json_t *line = json_loadb(text, (size_t)n, JSON_DECODE_ANY, NULL);
        if (json_is_object(line))
            good = add_line(log, line);
        json_decref(line);
    }
    free(text);
    if (ferror(f))
        return dfn_fail(err, DFN_ERR_IO, "%s: %s", path, strerror(errno));
    if (!good)
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: no memory for its numbers", path);
    if (!log->count)
        return dfn_fail(err, DFN_ERR_FORMAT, "%s: no steps in it yet", path);
    return DFN_OK;
}

dfn_status dfn_run_log_read(dfn_run_log *out, const char *folder, dfn_error *err)
{
    char path[PATH_MAX];
    *out = (dfn_run_log){0};
    if (snprintf(path, sizeof path, "%s/log.jsonl", folder) >= (int)sizeof path)
        return dfn_fail(err, DFN_ERR_ARG, "%s: the name is too long", folder);
    FILE *f = fopen(path, "r");
    if (!f)
        return dfn_fail(err, DFN_ERR_IO, "%s: %s", path, strerror(errno));
    const dfn_status status = read_lines(out, f, path, err);
    fclose(f);
    if (status)
        dfn_run_log_free(out);
    return status;
}
