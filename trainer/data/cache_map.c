/* cache_map.c - reading a cache, of which nothing is believed. */
#include "data/cache.h"
#include "data/cache_format.h"
#include "io/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void dfn_cache_digest(char out[65], const dfn_cache_header *h, const void *tail,
                      size_t size)
{
    dfn_cache_header bound = *h;
    memset(bound.digest, 0, sizeof bound.digest);
    dfn_sha256(bound.digest, tail, size);
    dfn_sha256(out, &bound, sizeof bound);
}

typedef struct view {
    const dfn_cache_header *header;
    const dfn_cache_record *record;
    const char *faults;
    size_t faults_size;
} view;

/* Why the mapping is not a whole cache for this key, or NULL. */
static const char *check_header(view *v, const dfn_cache *c, const dfn_cache_key *key)
{
    const dfn_cache_header *h = v->header = (const void *)c->map;
    if (c->size < sizeof *h || memcmp(h->magic, DFN_CACHE_MAGIC, sizeof h->magic) ||
        h->order != DFN_CACHE_ORDER)
        return "is no cache of this version";
    if (h->size != c->size)
        return "is cut off";
    if (h->index % DFN_CACHE_ALIGN || h->index < sizeof *h || h->index > c->size ||
        (c->size - h->index) / sizeof *v->record < h->items)
        return "is damaged";
    v->record = (const void *)(c->map + h->index);
    v->faults = (const char *)(v->record + h->items);
    v->faults_size = (size_t)((const char *)c->map + c->size - v->faults);
    if (v->faults_size == 0 || *v->faults || v->faults[v->faults_size - 1])
        return "is damaged";
    char digest[65];
    dfn_cache_digest(digest, h, v->record, c->size - h->index);
    if (memcmp(h->digest, digest, sizeof digest))
        return "is damaged";
    if (memcmp(h->key, key->text, sizeof key->text))
        return "was made of other files";
    return NULL;
}

static bool take_item(dfn_cache_item *item, const dfn_cache *c, const view *v, size_t i)
{
    const dfn_cache_record *r = &v->record[i];
    if (r->fault >= v->faults_size || r->at % DFN_CACHE_ALIGN || r->at > v->header->index ||
        r->count > (v->header->index - r->at) / sizeof(int16_t) || !isfinite(r->scale) ||
        !isfinite(r->measured_hz) || !isfinite(r->nyquist_hz))
        return false;
    *item = (dfn_cache_item){.data = (const void *)(c->map + r->at),
                             .count = (size_t)r->count,
                             .scale = r->scale,
                             .measured_hz = r->measured_hz,
                             .nyquist_hz = r->nyquist_hz,
                             .fault = r->fault ? v->faults + r->fault : NULL};
    return true;
}

static dfn_status take_items(dfn_cache *c, const char *path, const view *v, dfn_error *err)
{
    c->count = v->header->items;
    c->item = malloc((c->count + 1) * sizeof *c->item);
    if (!c->item)
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", path);
    for (size_t i = 0; i < c->count; i++)
        if (!take_item(&c->item[i], c, v, i))
            return dfn_fail(err, DFN_ERR_FORMAT, "%s: is damaged", path);
    return DFN_OK;
}

static dfn_status map_file(dfn_cache *c, const char *path, dfn_error *err)
{
    struct stat st;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    void *map = MAP_FAILED;
    if (fd < 0)
        return dfn_fail(err, DFN_ERR_IO, "%s: %s", path, strerror(errno));
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
        map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (map == MAP_FAILED)
        return dfn_fail(err, DFN_ERR_FORMAT, "%s: is empty or no file", path);
    c->map = map;
    c->size = (size_t)st.st_size;
    return DFN_OK;
}

dfn_status dfn_cache_map(dfn_cache *c, const char *path, const dfn_cache_key *key,
                         dfn_error *err)
{
    view v = {0};
    *c = (dfn_cache){0};
    dfn_status status = map_file(c, path, err);
    const char *why = status ? NULL : check_header(&v, c, key);
    if (why)
        status = dfn_fail(err, DFN_ERR_FORMAT, "%s: %s", path, why);
    if (!status)
        status = take_items(c, path, &v, err);
    if (status)
        dfn_cache_unmap(c);
    return status;
}

void dfn_cache_unmap(dfn_cache *c)
{
    if (c->map)
        munmap((void *)c->map, c->size);
    free(c->item);
    *c = (dfn_cache){0};
}
