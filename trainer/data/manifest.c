#include "data/manifest.h"
#include "data/csv.h"
#include "data/notice.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MANIFEST_MAX = 1 << 28 }; /* bytes; a larger file is no manifest */

typedef enum column {
    PATH,
    KIND,
    SPLIT,
    SPEAKER,
    CATEGORY,
    BANDWIDTH,
    DURATION,
    WEIGHT,
    COLUMNS
} column;
static const char *const column_name[COLUMNS] = {
    "path", "kind", "split", "speaker", "category", "bandwidth_hz", "duration_s", "weight"};

void dfn_manifest_clear(dfn_manifest *m)
{
    for (size_t i = 0; i < m->count; i++) {
        free((char *)m->entry[i].path);
        free((char *)m->entry[i].speaker);
        free((char *)m->entry[i].category);
    }
    for (size_t i = 0; i < m->sources; i++)
        free(m->source[i]);
    free(m->entry);
    free(m->source);
    *m = (dfn_manifest){.watch = m->watch};
}

const char *dfn_manifest_source(dfn_manifest *m, const char *name)
{
    char **bigger = realloc(m->source, (m->sources + 1) * sizeof *bigger);
    if (!bigger)
        return NULL;
    m->source = bigger;
    char *copy = strdup(name);
    if (copy)
        m->source[m->sources++] = copy;
    return copy;
}

bool dfn_manifest_append(dfn_manifest *m, const dfn_manifest_entry *e)
{
    if (m->count == m->room) {
        const size_t room = m->room ? 2 * m->room : 64;
        dfn_manifest_entry *bigger = realloc(m->entry, room * sizeof *bigger);
        if (!bigger)
            return false;
        m->entry = bigger;
        m->room = room;
    }
    char *path = strdup(e->path), *speaker = strdup(e->speaker),
         *category = strdup(e->category);
    if (!path || !speaker || !category) {
        free(path);
        free(speaker);
        free(category);
        return false;
    }
    dfn_manifest_entry *to = &m->entry[m->count];
    *to = *e;
    to->path = path;
    to->speaker = speaker;
    to->category = category;
    to->name = to->path + (e->name - e->path);
    m->count++;
    return true;
}

/* A number that is not negative; 0 if there is none. False if it is broken. */
static bool read_number(const char *text, double max, double *x)
{
    char *end;
    *x = *text ? strtod(text, &end) : 0;
    return !*text || (end != text && !*end && *x >= 0 && *x <= max);
}

typedef struct reader {
    dfn_manifest *m;
    const char *name; /* of the CSV */
    size_t folder;    /* how much of it is its folder */
    int at[COLUMNS];  /* which field holds the column; -1: none */
    int columns;      /* of the header */
} reader;

static const char *get(const reader *r, const dfn_csv *c, column k)
{
    return r->at[k] >= 0 && r->at[k] < c->count ? c->field[r->at[k]] : "";
}

/* What is wrong with a record, or NULL: the entry is filled but for its path. */
static const char *read_record(const reader *r, const dfn_csv *c, dfn_manifest_entry *e,
                               char why[200])
{
    const char *kind = get(r, c, KIND), *split = get(r, c, SPLIT);
    const int k = dfn_kind_find(kind);
    double weight = 0;
    if (c->fault)
        return c->fault;
    if (c->count != r->columns)
        snprintf(why, 200, "has %d fields, the header has %d", c->count, r->columns);
    else if (!*get(r, c, PATH))
        return "has no path";
    else if (k < 0)
        snprintf(why, 200, "kind is '%.40s', not speech, noise, rir or room", kind);
    else if (*split && strcasecmp(split, "train") && strcasecmp(split, "valid"))
        snprintf(why, 200, "split is '%.40s', not train or valid", split);
    else if (!read_number(get(r, c, BANDWIDTH), 1e6, &e->bandwidth_hz))
        snprintf(why, 200, "bandwidth_hz is '%.40s', not a number of 0 to 1000000",
                 get(r, c, BANDWIDTH));
    else if (!read_number(get(r, c, DURATION), 1e9, &e->duration_s))
        snprintf(why, 200, "duration_s is '%.40s', not a number of seconds",
                 get(r, c, DURATION));
    else if (!read_number(get(r, c, WEIGHT), DFN_WEIGHT_MAX, &weight) ||
             weight != floor(weight))
        snprintf(why, 200, "weight is '%.40s', not a whole number up to %d",
                 get(r, c, WEIGHT), DFN_WEIGHT_MAX);
    else {
        e->kind = (dfn_sound_kind)k;
        e->weight = (int)weight;
        e->split = !*split                       ? DFN_SPLIT_OPEN
                   : !strcasecmp(split, "train") ? DFN_TRAIN_SPLIT
                                                 : DFN_VALID_SPLIT;
        return NULL;
    }
    return why;
}

static bool add_record(const reader *r, const dfn_csv *c, dfn_manifest_entry *e)
{
    const char *name = get(r, c, PATH);
    const size_t folder = *name == '/' ? 0 : r->folder, length = strlen(name);
    char *path = malloc(folder + length + 1);
    if (!path)
        return false;
    memcpy(path, r->name, folder);
    memcpy(path + folder, name, length + 1);
    e->path = path;
    e->name = path + folder;
    e->speaker = get(r, c, SPEAKER);
    e->category = get(r, c, CATEGORY);
    e->line = c->record;
    const bool good = dfn_manifest_append(r->m, e);
    free(path);
    return good;
}

static dfn_status read_header(reader *r, dfn_csv *c, dfn_error *err)
{
    if (!dfn_csv_next(c))
        return dfn_fail(err, DFN_ERR_FORMAT, "%s: is empty, a header line is missing",
                        r->name);
    if (c->fault)
        return dfn_fail(err, DFN_ERR_FORMAT, "%s:%d: %s", r->name, c->record, c->fault);
    r->columns = c->count;
    for (int k = 0; k < COLUMNS; k++) {
        r->at[k] = -1;
        for (int i = 0; i < c->count; i++)
            if (!strcasecmp(c->field[i], column_name[k])) {
                if (r->at[k] >= 0)
                    return dfn_fail(err, DFN_ERR_FORMAT,
                                    "%s:%d: column '%s' is there twice", r->name, c->record,
                                    column_name[k]);
                r->at[k] = i;
            }
        if (r->at[k] < 0 && k <= KIND)
            return dfn_fail(err, DFN_ERR_FORMAT,
                            "%s:%d: the header names no column '%s'; it must name path and "
                            "kind",
                            r->name, c->record, column_name[k]);
    }
    return DFN_OK;
}

static dfn_status read_all(reader *r, dfn_csv *c, dfn_error *err)
{
    dfn_status status = read_header(r, c, err);
    const char *from = status ? NULL : dfn_manifest_source(r->m, r->name);
    if (!status && !from)
        status = dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", r->name);
    while (!status && dfn_csv_next(c)) {
        char why[200];
        dfn_manifest_entry e = {.from = from};
        const char *fault = read_record(r, c, &e, why);
        if (fault) {
            r->m->faults++;
            dfn_notice(&r->m->watch, "%s:%d: %s", r->name, c->record, fault);
        } else if (!add_record(r, c, &e)) {
            status = dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", r->name);
        }
    }
    return status;
}

dfn_status dfn_manifest_parse(dfn_manifest *m, const char *text, size_t size,
                              const char *name, dfn_error *err)
{
    const char *slash = strrchr(name, '/'), *zero = size ? memchr(text, '\0', size) : NULL;
    if (zero) {
        int line = 1;
        for (const char *p = text; p < zero; p++)
            line += *p == '\n';
        return dfn_fail(err, DFN_ERR_FORMAT, "%s:%d: a zero byte: not a text file", name,
                        line);
    }
    reader r = {.m = m, .name = name, .folder = slash ? (size_t)(slash + 1 - name) : 0};
    dfn_csv c;
    char *copy = malloc(size + 1);
    if (!copy)
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", name);
    if (size)
        memcpy(copy, text, size);
    dfn_csv_begin(&c, copy, size);
    const dfn_status status = read_all(&r, &c, err);
    free(copy);
    return status;
}

/* The whole of an open file; NULL with errno set. */
static char *read_file(FILE *f, size_t *size)
{
    char *text = NULL;
    size_t room = 0;
    *size = 0;
    for (;;) {
        if (*size == room) {
            room = room ? 2 * room : 1 << 16;
            char *bigger = room <= MANIFEST_MAX ? realloc(text, room) : NULL;
            if (!bigger) {
                free(text);
                errno = room <= MANIFEST_MAX ? ENOMEM : EFBIG;
                return NULL;
            }
            text = bigger;
        }
        const size_t n = fread(text + *size, 1, room - *size, f);
        *size += n;
        if (n == 0)
            break;
    }
    if (!ferror(f))
        return text;
    free(text);
    return NULL;
}

dfn_status dfn_manifest_load(dfn_manifest *m, const char *path, dfn_error *err)
{
    size_t size;
    FILE *f = fopen(path, "rb");
    char *text = f ? read_file(f, &size) : NULL;
    const int why = errno;
    if (f)
        fclose(f);
    if (!text)
        return dfn_fail(err, why == ENOMEM ? DFN_ERR_NOMEM : DFN_ERR_IO, "%s: %s", path,
                        strerror(why));
    const dfn_status status = dfn_manifest_parse(m, text, size, path, err);
    free(text);
    return status;
}
