#define _XOPEN_SOURCE 700 /* realpath */
#include "data/sounds.h"

#include "data/cache.h"
#include "data/clones.h"
#include "data/notice.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct dfn_sounds {
    dfn_manifest manifest; /* the texts */
    dfn_cache cache;       /* the samples */
    dfn_sound *sound;      /* one per entry */
    const dfn_sound **list[DFN_SOUND_KINDS][DFN_SPLITS];
    int count[DFN_SOUND_KINDS][DFN_SPLITS];
};

static bool given(const char *text) { return text && *text; }

static dfn_status add_folders(dfn_manifest *m, const char *folders, dfn_sound_kind kind,
                              dfn_error *err)
{
    while (given(folders)) {
        const size_t n = strcspn(folders, ":");
        char *folder = strndup(folders, n);
        const dfn_status status = !folder ? dfn_fail(err, DFN_ERR_NOMEM, "out of memory")
                                  : n     ? dfn_manifest_add_folder(m, folder, kind, err)
                                          : DFN_OK;
        free(folder);
        if (status)
            return status;
        folders += n + (folders[n] == ':');
    }
    return DFN_OK;
}

static dfn_status read_lists(dfn_manifest *m, const dfn_data_config *config, dfn_error *err)
{
    dfn_status status =
        given(config->manifest) ? dfn_manifest_load(m, config->manifest, err) : DFN_OK;
    for (int k = 0; k < DFN_SOUND_KINDS && !status; k++)
        status = add_folders(m, config->folders[k], (dfn_sound_kind)k, err);
    if (!status && m->sources == 0)
        status = dfn_fail(err, DFN_ERR_ARG, "no recordings: name a manifest or folders");
    return status ? status : dfn_manifest_divide(m, err);
}

/* Make the folders that lead to a file, as mkdir -p does. */
static void make_folders(char *path)
{
    for (char *p = path + 1; (p = strchr(p, '/')); p++) {
        *p = '\0';
        mkdir(path, 0777); /* what cannot be made is told when the file is */
        *p = '/';
    }
}

/* Where the cache is: to be freed. Lists called the same share one in the user's folder, so
 * that old ones do not pile up there. */
static char *cache_path(const dfn_data_config *config, const dfn_manifest *m)
{
    if (given(config->cache))
        return strdup(config->cache);
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    const bool own = given(xdg) && *xdg == '/';
    const char *base = own ? xdg : given(home) ? home : "/tmp";
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < m->sources; i++) {
        char *real = realpath(m->source[i], NULL);
        for (const char *p = real ? real : m->source[i]; *p; p++)
            h = (h ^ (unsigned char)*p) * 0x100000001b3u;
        h = (h ^ 0xff) * 0x100000001b3u;
        free(real);
    }
    const size_t room = strlen(base) + 64;
    char *path = malloc(room);
    if (path)
        snprintf(path, room, "%s%s/dfnet4/sounds-%016llx", base,
                 own || base[0] == 0 ? "" : "/.cache", (unsigned long long)h);
    return path;
}

static int thread_count(int threads)
{
    const long n = threads > 0 ? threads : sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > 64 ? 64 : (int)n;
}

/* ---- what cannot be used --------------------------------------------------------------
 */

static void tell(const dfn_data_watch *w, const dfn_manifest_entry *e, const char *fault)
{
    if (e->line)
        dfn_notice(w, "%s:%d: %s: %s", e->from, e->line, e->name, fault);
    else
        dfn_notice(w, "%s: %s", e->path, fault);
}

static dfn_status judge(const dfn_manifest *m, size_t faults, dfn_error *err)
{
    const char *name = m->source[0];
    const size_t all = m->faults + m->count;
    if (all == 0)
        return dfn_fail(err, DFN_ERR_FORMAT, "%s: names no recordings", name);
    if (faults == all)
        return dfn_fail(err, DFN_ERR_FORMAT, "%s: none of %zu recordings can be used", name,
                        all);
    if (faults * 10 > all)
        return dfn_fail(err, DFN_ERR_FORMAT,
                        "%s: %zu of %zu recordings cannot be used, more than a tenth: mend "
                        "or remove them",
                        name, faults, all);
    return DFN_OK;
}

static dfn_status judge_cache(const dfn_manifest *m, const dfn_cache *c, dfn_error *err)
{
    size_t faults = m->faults;
    for (size_t i = 0; i < c->count; i++) {
        faults += c->item[i].fault != NULL;
        if (c->item[i].fault)
            tell(&m->watch, &m->entry[i], c->item[i].fault);
    }
    const dfn_status status = judge(m, faults, err);
    if (!status && faults)
        dfn_notice(&m->watch, "%zu of %zu recordings cannot be used and are left out",
                   faults, m->faults + m->count);
    return status;
}

/* What the list says or was measured, but no more than the rate of the file has. */
static double find_bandwidth(const dfn_manifest_entry *e, const dfn_cache_item *item)
{
    const double hz = e->bandwidth_hz > 0 ? e->bandwidth_hz : item->measured_hz;
    return item->nyquist_hz > 0 && !(hz > 0 && hz < item->nyquist_hz) ? item->nyquist_hz
                                                                      : hz;
}

static dfn_sound describe(const dfn_manifest_entry *e, const dfn_cache_item *item)
{
    return (dfn_sound){.path = e->name,
                       .speaker = e->speaker,
                       .category = e->category,
                       .bandwidth_hz = find_bandwidth(e, item),
                       .count = item->count,
                       .data = item->data,
                       .scale = item->scale};
}

/* One of weight n is in its list n times. */
static int weight_of(const dfn_manifest_entry *e) { return e->weight > 0 ? e->weight : 1; }

static dfn_status fill(dfn_sounds *s, dfn_error *err)
{
    const dfn_manifest *m = &s->manifest;
    int room[DFN_SOUND_KINDS][DFN_SPLITS] = {{0}};
    s->sound = malloc((m->count + 1) * sizeof *s->sound);
    if (!s->sound)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < m->count; i++)
        room[m->entry[i].kind][m->entry[i].split] += weight_of(&m->entry[i]);
    for (int k = 0; k < DFN_SOUND_KINDS; k++)
        for (int p = 0; p < DFN_SPLITS; p++) {
            s->list[k][p] = malloc(((size_t)room[k][p] + 1) * sizeof **s->list);
            if (!s->list[k][p])
                return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
        }
    for (size_t i = 0; i < m->count; i++) {
        const dfn_manifest_entry *e = &m->entry[i];
        s->sound[i] = describe(e, &s->cache.item[i]);
        for (int n = s->cache.item[i].fault ? 0 : weight_of(e); n > 0; n--)
            s->list[e->kind][e->split][s->count[e->kind][e->split]++] = &s->sound[i];
    }
    return DFN_OK;
}

static dfn_status open_cache(dfn_cache *c, const dfn_manifest *m,
                             const dfn_data_config *config, dfn_error *err)
{
    dfn_cache_key key;
    dfn_error why;
    char *path = cache_path(config, m);
    if (!path)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    dfn_status status = dfn_cache_find_key(&key, m, err);
    const dfn_status there = status ? DFN_OK : dfn_cache_map(c, path, &key, &why);
    if (there == DFN_ERR_NOMEM) {
        status = dfn_fail(err, there, "%s", why.text);
    } else if (there) {
        if (there == DFN_ERR_FORMAT)
            dfn_notice(&m->watch, "%s; it is made anew", why.text);
        make_folders(path);
        status = dfn_cache_build(path, &key, m, thread_count(config->threads), err);
        if (!status)
            status = dfn_cache_map(c, path, &key, err);
    }
    if (!status && c->count != m->count)
        status = dfn_fail(err, DFN_ERR_FORMAT, "%s: is damaged", path);
    free(path);
    return status;
}

dfn_status dfn_sounds_open(dfn_sounds **out, const dfn_data_config *config,
                           const dfn_data_watch *watch, dfn_error *err)
{
    dfn_sounds *s = *out = calloc(1, sizeof *s);
    if (!s)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    dfn_manifest *m = &s->manifest;
    m->watch = watch ? *watch : (dfn_data_watch){0};
    dfn_status status = read_lists(m, config, err);
    if (!status)
        status = judge(m, m->faults, err); /* before hours of decoding */
    if (!status)
        status = open_cache(&s->cache, m, config, err);
    if (!status)
        status = judge_cache(m, &s->cache, err);
    if (!status)
        status = fill(s, err);
    if (status) {
        dfn_sounds_free(s);
        *out = NULL;
    }
    return status;
}

void dfn_sounds_free(dfn_sounds *s)
{
    if (!s)
        return;
    for (int k = 0; k < DFN_SOUND_KINDS; k++)
        for (int p = 0; p < DFN_SPLITS; p++)
            free(s->list[k][p]);
    free(s->sound);
    dfn_cache_unmap(&s->cache);
    dfn_manifest_clear(&s->manifest);
    free(s);
}

int dfn_sounds_count(const dfn_sounds *s, dfn_sound_kind kind, dfn_split split)
{
    return s->count[kind][split];
}

const dfn_sound *dfn_sounds_get(const dfn_sounds *s, dfn_sound_kind kind, dfn_split split,
                                int i)
{
    return s->list[kind][split][i];
}

DFN_CLONES void dfn_sound_read(const dfn_sound *s, size_t start, size_t n, float *out)
{
    const size_t there = start < s->count ? s->count - start : 0,
                 take = n < there ? n : there;
    for (size_t i = 0; i < take; i++)
        out[i] = (float)s->data[start + i] * s->scale;
    if (n > take)
        memset(out + take, 0, (n - take) * sizeof *out);
}
