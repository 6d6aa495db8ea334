/* divide.c - which recordings are for validation, where nobody said so.
 *
 * A hash decides, so that more files do not move the ones there are. */
#include "data/manifest.h"

#include <stdlib.h>
#include <string.h>

enum { SHARE = 10 }; /* one in so many is for validation */

/* FNV-1a, then mixed so that the last bytes reach all bits. */
static uint64_t hash(const char *text)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3u;
    h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdu;
    return h ^ (h >> 33);
}

typedef struct item {
    const char *group; /* entries with the same one stay together */
    uint64_t hash;
    dfn_manifest_entry *entry;
} item;

static int by_group(const void *a, const void *b)
{
    const item *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return strcmp(x->group, y->group);
}

static int same(const item *a, const item *b)
{
    return a->hash == b->hash && !strcmp(a->group, b->group);
}

static size_t count_groups(item *list, size_t n)
{
    size_t groups = 0;
    for (size_t i = 0; i < n; i++) {
        list[i].hash = hash(list[i].group);
    }
    qsort(list, n, sizeof *list, by_group);
    for (size_t i = 0; i < n; i++)
        groups += i == 0 || !same(&list[i], &list[i - 1]);
    return groups;
}

static void set(item *list, size_t n, int split)
{
    for (size_t i = 0; i < n; i++)
        list[i].entry->split = split;
}

/* Speech is told apart by speaker, and by file where all is one speaker's. Either split
 * gets something, if there are two. `list` is sorted then. */
static void divide(item *list, size_t n, int have[DFN_SPLITS])
{
    size_t groups = count_groups(list, n);
    if (groups == 1)
        for (size_t i = 0; i < n; i++)
            list[i].group = list[i].entry->name;
    groups = groups == 1 ? count_groups(list, n) : groups;
    size_t last = 0;
    for (size_t i = 0; i < n; i++) {
        last = i && same(&list[i], &list[i - 1]) ? last : i;
        list[i].entry->split = list[i].hash % SHARE ? DFN_TRAIN_SPLIT : DFN_VALID_SPLIT;
        have[list[i].entry->split]++;
    }
    if (groups > 1 && !have[DFN_TRAIN_SPLIT])
        set(list + last, n - last, DFN_TRAIN_SPLIT);
    if (groups > 1 && !have[DFN_VALID_SPLIT])
        set(list + last, n - last, DFN_VALID_SPLIT);
}

dfn_status dfn_manifest_divide(dfn_manifest *m, dfn_error *err)
{
    item *list = malloc((m->count + 1) * sizeof *list);
    if (!list)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    for (int k = 0; k < DFN_SOUND_KINDS; k++) {
        int have[DFN_SPLITS] = {0};
        size_t n = 0;
        for (size_t i = 0; i < m->count; i++) {
            dfn_manifest_entry *e = &m->entry[i];
            if (e->kind == (dfn_sound_kind)k && e->split == DFN_SPLIT_OPEN)
                list[n++] = (item){.group = *e->speaker ? e->speaker : e->name, .entry = e};
            else if (e->kind == (dfn_sound_kind)k)
                have[e->split]++;
        }
        divide(list, n, have);
    }
    free(list);
    return DFN_OK;
}
