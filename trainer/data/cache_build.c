/* cache_build.c - decoding everything into a cache, in threads.
 *
 * A thread takes the next recording, decodes it, and writes its samples behind those that
 * are there. The index comes last, then the file gets its name. */
#include "data/cache.h"
#include "data/cache_format.h"
#include "data/decode.h"
#include "data/measure.h"
#include "data/notice.h"
#include "data/temp.h"
#include "io/sha256.h"
#include "run/pool.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct build {
    const dfn_manifest *m;
    dfn_cache_record *record;
    dfn_error *fault; /* per recording; no text: it is good */
    int fd;
    pthread_mutex_t lock; /* of all that follows */
    size_t done;
    uint64_t end; /* of what is reserved in the file */
    int failed;   /* errno of the first write that failed */
} build;

static int write_at(int fd, const void *data, size_t size, uint64_t at)
{
    for (const char *p = data; size;) {
        const ssize_t n = pwrite(fd, p, size, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? errno : ENOSPC;
        p += n;
        at += (uint64_t)n;
        size -= (size_t)n;
    }
    return 0;
}

static uint64_t reserve(build *b, size_t bytes)
{
    pthread_mutex_lock(&b->lock);
    const uint64_t at = b->end;
    b->end += (bytes + DFN_CACHE_ALIGN - 1) / DFN_CACHE_ALIGN * DFN_CACHE_ALIGN;
    pthread_mutex_unlock(&b->lock);
    return at;
}

/* Samples of 16 bit keep their values, others use the whole range. In place: an int16 never
 * overtakes the float it comes from. */
static float quantise(dfn_decoded *d)
{
    const float scale = d->exact      ? 1.0f / 32768
                        : d->peak > 0 ? d->peak / 32767
                                      : 1.0f / 32768;
    int16_t *out = (int16_t *)(void *)d->data;
    for (size_t i = 0; i < d->count; i++) {
        float x;
        memcpy(&x, (const char *)d->data + i * sizeof x, sizeof x);
        const int16_t y = (int16_t)lrintf(fminf(fmaxf(x / scale, -32768), 32767));
        memcpy((char *)out + i * sizeof y, &y, sizeof y);
    }
    return scale;
}

/* Of speech it matters where its band ends; noise may well be dull by nature. */
static bool to_measure(const dfn_manifest_entry *e)
{
    return e->kind == DFN_SPEECH && !(e->bandwidth_hz > 0);
}

/* Decode one recording; errno of a failed write, or 0. */
static int decode_one(build *b, size_t i)
{
    const dfn_manifest_entry *e = &b->m->entry[i];
    dfn_cache_record *r = &b->record[i];
    dfn_decoded d;
    dfn_error *err = &b->fault[i];
    if (dfn_decode(&d, e->path, e->kind == DFN_ROOM, err))
        return err->status == DFN_ERR_NOMEM ? ENOMEM : 0;
    int error = 0;
    if (!dfn_decoded_judge(&d, e->kind != DFN_ROOM, err)) {
        dfn_measure m = {0};
        if (to_measure(e) &&
            dfn_measure_sound(&m, d.data, d.count, DFN_SOUND_RATE, NULL) != DFN_OK)
            error = ENOMEM;
        r->measured_hz = m.bandwidth_hz;
        r->nyquist_hz = d.file_rate < DFN_SOUND_RATE ? d.file_rate / 2.0 : 0;
        r->scale = quantise(&d);
        r->count = d.count;
        r->at = reserve(b, d.count * sizeof(int16_t));
        error = error ? error : write_at(b->fd, d.data, d.count * sizeof(int16_t), r->at);
    }
    free(d.data);
    return error;
}

static void work(void *context, int task, int worker)
{
    build *b = context;
    const dfn_data_watch *w = &b->m->watch;
    pthread_mutex_lock(&b->lock);
    const bool stop = b->failed != 0;
    pthread_mutex_unlock(&b->lock);
    const int error = stop ? 0 : decode_one(b, (size_t)task);
    pthread_mutex_lock(&b->lock);
    b->failed = b->failed ? b->failed : error;
    b->done += !stop;
    const size_t done = b->done;
    pthread_mutex_unlock(&b->lock);
    if (worker == 0 && w->progress) /* the thread that called us */
        w->progress(w->user, done, b->m->count);
}

/* ---- index and faults ------------------------------------------------------------------
 */

typedef struct tail {
    char *data;
    size_t size, room;
} tail;

static bool put(tail *t, const void *data, size_t size)
{
    if (t->room - t->size < size) {
        const size_t room = 2 * (t->room + size);
        char *bigger = realloc(t->data, room);
        if (!bigger)
            return false;
        t->data = bigger;
        t->room = room;
    }
    memcpy(t->data + t->size, data, size);
    t->size += size;
    return true;
}

static bool make_tail(const build *b, tail *t)
{
    const size_t faults = b->m->count * sizeof *b->record;
    bool good = put(t, b->record, faults) && put(t, "", 1);
    for (size_t i = 0; good && i < b->m->count; i++) {
        const char *text = b->fault[i].text;
        const size_t at = t->size - faults;
        if (!*text)
            continue;
        b->record[i].fault = (uint32_t)at;
        good = at < UINT32_MAX && put(t, text, strlen(text) + 1);
    }
    if (good && faults)
        memcpy(t->data, b->record, faults);
    return good;
}

static int finish(build *b, const dfn_cache_key *key)
{
    tail t = {0};
    dfn_cache_header h = {
        .order = DFN_CACHE_ORDER, .items = (uint32_t)b->m->count, .index = b->end};
    int error = make_tail(b, &t) ? 0 : ENOMEM;
    if (!error) {
        memcpy(h.magic, DFN_CACHE_MAGIC, sizeof h.magic);
        memcpy(h.key, key->text, sizeof key->text);
        h.size = b->end + t.size;
        char digest[65];
        dfn_cache_digest(digest, &h, t.data, t.size);
        memcpy(h.digest, digest, sizeof digest);
        error = write_at(b->fd, t.data, t.size, h.index);
    }
    error = error ? error : write_at(b->fd, &h, sizeof h, 0);
    free(t.data);
    return error;
}

static dfn_status build_error(int error, const char *path, const build *b, dfn_error *err)
{
    if (error == ENOMEM)
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory, decoding", path);
    return dfn_fail(err, DFN_ERR_IO, "%s: %s, %zu of %zu recordings decoded (%.1f GB)",
                    path, strerror(error), b->done, b->m->count, (double)b->end / 1e9);
}

static dfn_status build_all(build *b, const char *path, const dfn_cache_key *key,
                            int threads, dfn_error *err)
{
    dfn_pool *pool;
    const dfn_status status = dfn_pool_new(&pool, threads, err);
    if (status)
        return status;
    pthread_mutex_init(&b->lock, NULL);
    dfn_pool_run(pool, work, b, (int)b->m->count);
    dfn_pool_free(pool);
    pthread_mutex_destroy(&b->lock);
    const int error = b->failed ? b->failed : finish(b, key);
    return error ? build_error(error, path, b, err) : DFN_OK;
}

dfn_status dfn_cache_build(const char *path, const dfn_cache_key *key,
                           const dfn_manifest *m, int threads, dfn_error *err)
{
    dfn_temp file;
    if (m->count > INT32_MAX / 2)
        return dfn_fail(err, DFN_ERR_UNSUPPORTED, "%s: too many recordings", path);
    dfn_status status = dfn_temp_create(&file, path, err);
    if (status)
        return status;
    build b = {.m = m, .fd = file.fd, .end = 4096}; /* a page for the header */
    b.record = calloc(m->count + 1, sizeof *b.record);
    b.fault = calloc(m->count + 1, sizeof *b.fault);
    status = b.record && b.fault ? build_all(&b, path, key, threads, err)
                                 : build_error(ENOMEM, path, &b, err);
    if (status)
        dfn_temp_discard(&file);
    else
        status = dfn_temp_commit(&file, path, err);
    free(b.record);
    free(b.fault);
    return status;
}

dfn_status dfn_cache_find_key(dfn_cache_key *key, const dfn_manifest *m, dfn_error *err)
{
    tail t = {0};
    bool good = put(&t, DFN_CACHE_MAGIC, 8);
    for (size_t i = 0; good && i < m->count; i++) {
        const dfn_manifest_entry *e = &m->entry[i];
        struct stat st = {0};
        const bool there = stat(e->path, &st) == 0;
        const int64_t number[] = {e->kind == DFN_ROOM, to_measure(e),     there, st.st_size,
                                  st.st_mtim.tv_sec,   st.st_mtim.tv_nsec};
        good = put(&t, number, sizeof number) && put(&t, e->name, strlen(e->name) + 1);
    }
    if (good)
        dfn_sha256(key->text, t.data, t.size);
    free(t.data);
    return good ? DFN_OK : dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
}
