#include "data/scan.h"
#include "data/decode.h"
#include "run/pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct job {
    const dfn_manifest *m;
    dfn_scan_result *result;
    pthread_mutex_t lock;
    size_t done;
} job;

static void measure_one(dfn_scan_result *r, const dfn_manifest_entry *e)
{
    dfn_decoded d;
    if (dfn_decode_plain(&d, e->path, e->kind == DFN_ROOM, &r->fault))
        return;
    r->seconds = (double)d.count / d.rate;
    if (!dfn_decoded_judge(&d, e->kind != DFN_ROOM, &r->fault))
        (void)dfn_measure_sound(&r->measure, d.data, d.count, d.rate, &r->fault);
    free(d.data);
}

static void work(void *context, int task, int worker)
{
    job *j = context;
    const dfn_data_watch *w = &j->m->watch;
    measure_one(&j->result[task], &j->m->entry[task]);
    pthread_mutex_lock(&j->lock);
    const size_t done = ++j->done;
    pthread_mutex_unlock(&j->lock);
    if (worker == 0 && w->progress) /* the thread that called us */
        w->progress(w->user, done, j->m->count);
}

dfn_status dfn_scan(dfn_scan_result *result, const dfn_manifest *m, int threads,
                    dfn_error *err)
{
    dfn_pool *pool;
    job j = {.m = m, .result = result};
    const dfn_status status = dfn_pool_new(&pool, threads, err);
    if (status)
        return status;
    memset(result, 0, m->count * sizeof *result);
    pthread_mutex_init(&j.lock, NULL);
    dfn_pool_run(pool, work, &j, (int)m->count);
    pthread_mutex_destroy(&j.lock);
    dfn_pool_free(pool);
    return DFN_OK;
}

/* A field in two parts, in quotes if it needs them. */
static void put_field(FILE *f, const char *a, const char *b)
{
    const bool quote = strpbrk(a, ",\"\r\n") || strpbrk(b, ",\"\r\n");
    const char *part[2] = {a, b};
    if (!quote) {
        fprintf(f, "%s%s", a, b);
        return;
    }
    fputc('"', f);
    for (int i = 0; i < 2; i++)
        for (const char *p = part[i]; *p; p++) {
            if (*p == '"')
                fputc('"', f);
            fputc(*p, f);
        }
    fputc('"', f);
}

static const char *prefix_of(const dfn_manifest *m, const char *from, char *const *prefix)
{
    for (size_t i = 0; i < m->sources; i++)
        if (m->source[i] == from)
            return prefix[i];
    return "";
}

void dfn_scan_write(FILE *f, const dfn_manifest *m, const dfn_scan_result *result,
                    char *const *prefix)
{
    fputs("path,kind,split,speaker,category,bandwidth_hz,duration_s,peak_db,level_db\n", f);
    for (size_t i = 0; i < m->count; i++) {
        const dfn_manifest_entry *e = &m->entry[i];
        const dfn_scan_result *r = &result[i];
        if (*r->fault.text)
            continue;
        put_field(f, prefix_of(m, e->from, prefix), e->name);
        fprintf(f, ",%s,%s,", dfn_kind_name(e->kind),
                e->split == DFN_VALID_SPLIT ? "valid" : "train");
        put_field(f, e->speaker, "");
        fputc(',', f);
        put_field(f, e->category, "");
        fputc(',', f);
        if (e->kind != DFN_ROOM && r->measure.bandwidth_hz > 0)
            fprintf(f, "%.0f", r->measure.bandwidth_hz);
        fprintf(f, ",%.3f,%.1f,%.1f\n", r->seconds, r->measure.peak_db,
                r->measure.level_db);
    }
}
