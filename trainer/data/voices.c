/* voices.c - which recordings belong to one speaker. */
#include "data/mixer.h"

#include <stdlib.h>
#include <string.h>

typedef struct entry {
    const dfn_sound *sound;
    int index, narrow;
} entry;

/* Wide first, then by speaker, then as in the manifest: the same order everywhere. */
static int compare(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->narrow != y->narrow)
        return x->narrow - y->narrow;
    const int names = strcmp(x->sound->speaker, y->sound->speaker);
    return names ? names : (x->index > y->index) - (x->index < y->index);
}

/* Nobody knows whether two recordings without a name are one speaker's. */
static int same_speaker(const entry *a, const entry *b)
{
    return a->narrow == b->narrow && *a->sound->speaker &&
           !strcmp(a->sound->speaker, b->sound->speaker);
}

static void fill(dfn_voices *v, entry *list)
{
    qsort(list, (size_t)v->count, sizeof *list, compare);
    for (int i = 0; i < v->count; i++) {
        v->order[i] = list[i].sound;
        v->wide += !list[i].narrow;
        v->first[i] = i && same_speaker(&list[i - 1], &list[i]) ? v->first[i - 1] : i;
    }
    for (int i = v->count - 1; i >= 0; i--) {
        const int more = i + 1 < v->count && v->first[i + 1] == v->first[i];
        v->end[i] = more ? v->end[i + 1] : i + 1;
    }
}

bool dfn_voices_differ(const dfn_voices *v, int a, int b)
{
    const char *x = v->order[a]->speaker, *y = v->order[b]->speaker;
    return *x && *y ? strcmp(x, y) != 0 : a != b;
}

dfn_status dfn_voices_make(dfn_voices *v, const dfn_sounds *sounds, dfn_split split,
                           double wide_hz, dfn_error *err)
{
    const int count = dfn_sounds_count(sounds, DFN_SPEECH, split);
    const size_t n = (size_t)count;
    entry *list = malloc(n * sizeof *list);
    *v = (dfn_voices){.count = count,
                      .order = malloc(n * sizeof *v->order),
                      .first = malloc(n * sizeof *v->first),
                      .end = malloc(n * sizeof *v->end)};
    if (!list || !v->order || !v->first || !v->end) {
        free(list);
        dfn_voices_free(v);
        return dfn_fail(err, DFN_ERR_NOMEM, "mixer: out of memory");
    }
    for (int i = 0; i < count; i++) {
        const dfn_sound *s = dfn_sounds_get(sounds, DFN_SPEECH, split, i);
        list[i] = (entry){s, i, s->bandwidth_hz > 0 && s->bandwidth_hz < wide_hz};
    }
    fill(v, list);
    free(list);
    return DFN_OK;
}

void dfn_voices_free(dfn_voices *v)
{
    free(v->order);
    free(v->first);
    free(v->end);
    *v = (dfn_voices){0};
}
