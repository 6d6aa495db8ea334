/* score_pairs.c - which files of a folder belong together. */
#include "data/csv.h"
#include "run/score.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LIST_MAX = 16 << 20 }; /* bytes of a manifest */

void dfn_pairs_free(dfn_pairs *p)
{
    for (size_t i = 0; i < p->count; i++) {
        free(p->pair[i].id);
        free(p->pair[i].set);
        free(p->pair[i].noisy);
        free(p->pair[i].clean);
    }
    free(p->pair);
    *p = (dfn_pairs){0};
}

/* "FOLDER/NAME"; an absolute NAME stays. */
static char *join(const char *folder, const char *name)
{
    const size_t room = strlen(folder) + strlen(name) + 2;
    char *path = malloc(room);
    if (path && *name == '/')
        snprintf(path, room, "%s", name);
    else if (path)
        snprintf(path, room, "%s/%s", folder, name);
    return path;
}

static dfn_status add(dfn_pairs *p, const char *folder, const char *id, const char *set,
                      const char *noisy, const char *clean, dfn_error *err)
{
    dfn_pair *grown = realloc(p->pair, (p->count + 1) * sizeof *grown);
    if (!grown)
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: no memory for its list", folder);
    p->pair = grown;
    dfn_pair *last = &p->pair[p->count++];
    *last = (dfn_pair){.id = strdup(id),
                       .set = strdup(set),
                       .noisy = join(folder, noisy),
                       .clean = join(folder, clean),
                       .snr_db = NAN};
    return last->id && last->set && last->noisy && last->clean
               ? DFN_OK
               : dfn_fail(err, DFN_ERR_NOMEM, "%s: no memory for its list", folder);
}

/* ---- a manifest -----------------------------------------------------------------------
 */

enum { ID, SET, CLEAN, NOISY, SNR, RIR, COLUMNS };
static const char *const column_names[COLUMNS] = {"id",    "set",    "clean",
                                                  "noisy", "snr_db", "rir"};

typedef struct manifest {
    const char *folder, *path;
    int column[COLUMNS]; /* where it is, or -1 */
    dfn_csv csv;
} manifest;

static dfn_status read_header(manifest *m, dfn_error *err)
{
    if (!dfn_csv_next(&m->csv))
        return dfn_fail(err, DFN_ERR_FORMAT, "%s: the file is empty", m->path);
    if (m->csv.fault)
        return dfn_fail(err, DFN_ERR_FORMAT, "%s:%d: %s", m->path, m->csv.record,
                        m->csv.fault);
    for (int c = 0; c < COLUMNS; c++) {
        m->column[c] = -1;
        for (int i = 0; i < m->csv.count; i++)
            if (!strcmp(m->csv.field[i], column_names[c]))
                m->column[c] = i;
    }
    for (int c = CLEAN; c <= NOISY; c++)
        if (m->column[c] < 0)
            return dfn_fail(err, DFN_ERR_FORMAT, "%s:%d: there is no column '%s'", m->path,
                            m->csv.record, column_names[c]);
    return DFN_OK;
}

/* A field of the last record; "" if there is none. */
static const char *field(const manifest *m, int column)
{
    const int i = m->column[column];
    return i >= 0 && i < m->csv.count ? m->csv.field[i] : "";
}

static dfn_status read_record(manifest *m, dfn_pairs *p, dfn_error *err)
{
    const int line = m->csv.record;
    if (m->csv.fault)
        return dfn_fail(err, DFN_ERR_FORMAT, "%s:%d: %s", m->path, line, m->csv.fault);
    const char *noisy = field(m, NOISY), *clean = field(m, CLEAN), *snr = field(m, SNR);
    if (!*noisy || !*clean)
        return dfn_fail(err, DFN_ERR_FORMAT, "%s:%d: no %s file", m->path, line,
                        *noisy ? "clean" : "noisy");
    char *end;
    const double db = strtod(snr, &end);
    if (*end || (*snr && !isfinite(db)))
        return dfn_fail(err, DFN_ERR_FORMAT, "%s:%d: '%s' is no number of dB", m->path,
                        line, snr);
    const char *id = field(m, ID);
    const dfn_status status =
        add(p, m->folder, *id ? id : noisy, field(m, SET), noisy, clean, err);
    if (status)
        return status;
    dfn_pair *last = &p->pair[p->count - 1];
    last->line = line;
    last->snr_db = *snr ? db : NAN;
    last->room = *field(m, RIR) != '\0';
    return DFN_OK;
}

static dfn_status read_manifest(dfn_pairs *p, const char *folder, const char *path, FILE *f,
                                dfn_error *err)
{
    char *text = malloc(LIST_MAX + 1);
    if (!text)
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: no memory to read it", path);
    const size_t n = fread(text, 1, LIST_MAX, f);
    dfn_status status = DFN_OK;
    if (ferror(f))
        status = dfn_fail(err, DFN_ERR_IO, "%s: %s", path, strerror(errno));
    else if (n == LIST_MAX)
        status = dfn_fail(err, DFN_ERR_FORMAT, "%s: longer than a list can be", path);
    manifest m = {.folder = folder, .path = path};
    dfn_csv_begin(&m.csv, text, n);
    if (!status)
        status = read_header(&m, err);
    while (!status && dfn_csv_next(&m.csv))
        status = read_record(&m, p, err);
    free(text);
    return status;
}

/* ---- names ----------------------------------------------------------------------------
 */

static int by_id(const void *a, const void *b)
{
    return strcmp(((const dfn_pair *)a)->id, ((const dfn_pair *)b)->id);
}

/* "NAME_noisy.EXT" with "NAME_clean.EXT". */
static dfn_status add_named(dfn_pairs *p, const char *folder, const char *noisy,
                            dfn_error *err)
{
    static const char mark[] = "_noisy.";
    const char *at = strstr(noisy, mark);
    if (!at || at == noisy)
        return DFN_OK;
    char id[256], clean[512];
    const int n = (int)(at - noisy);
    snprintf(id, sizeof id, "%.*s", n, noisy);
    snprintf(clean, sizeof clean, "%.*s_clean.%s", n, noisy, at + sizeof mark - 1);
    return add(p, folder, id, "", noisy, clean, err);
}

static dfn_status read_names(dfn_pairs *p, const char *folder, dfn_error *err)
{
    DIR *d = opendir(folder);
    if (!d)
        return dfn_fail(err, DFN_ERR_IO, "%s: %s", folder, strerror(errno));
    dfn_status status = DFN_OK;
    for (const struct dirent *e; !status && (e = readdir(d));)
        status = add_named(p, folder, e->d_name, err);
    closedir(d);
    if (p->count)
        qsort(p->pair, p->count, sizeof *p->pair, by_id);
    return status;
}

dfn_status dfn_pairs_find(dfn_pairs *out, const char *folder, dfn_error *err)
{
    *out = (dfn_pairs){0};
    char *path = join(folder, "manifest.csv");
    if (!path)
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: no memory for its list", folder);
    dfn_status status;
    FILE *f = fopen(path, "rb");
    if (f)
        status = read_manifest(out, folder, path, f, err);
    else if (errno == ENOENT)
        status = read_names(out, folder, err);
    else
        status = dfn_fail(err, DFN_ERR_IO, "%s: %s", path, strerror(errno));
    if (f)
        fclose(f);
    free(path);
    if (!status && !out->count)
        status = dfn_fail(err, DFN_ERR_FORMAT,
                          "%s: no pairs: neither a manifest.csv nor files *_noisy.* with "
                          "*_clean.*",
                          folder);
    if (status)
        dfn_pairs_free(out);
    return status;
}
