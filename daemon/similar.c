/* similar.c - which devices somebody may have meant. */
#include "notices.h"

#include <ctype.h>
#include <string.h>

enum { BEST = 4 };

typedef struct search {
    dfnd_direction direction;
    const char *name;
    int count;
    double score[BEST];
    char device[BEST][DFND_TEXT];
} search;

static bool same_pair(const char *a, const char *b)
{
    return tolower((unsigned char)a[0]) == tolower((unsigned char)b[0]) &&
           tolower((unsigned char)a[1]) == tolower((unsigned char)b[1]);
}

static bool has_pair(const char *text, const char *pair)
{
    for (; text[0] && text[1]; text++)
        if (same_pair(text, pair))
            return true;
    return false;
}

/* Share of the pairs of letters of `a` that `b` has, too. */
static double likeness(const char *a, const char *b)
{
    int pairs = 0, found = 0;
    for (; a[0] && a[1]; a++, pairs++)
        found += has_pair(b, a);
    return pairs ? (double)found / pairs : 0;
}

static void consider(void *user, const dfnd_device *d)
{
    search *s = user;
    if (d->direction != s->direction)
        return;
    const double score = likeness(s->name, d->name) + likeness(d->name, s->name);
    int at = s->count < BEST ? s->count++ : BEST;
    for (; at > 0 && s->score[at - 1] < score; at--)
        if (at < BEST) {
            s->score[at] = s->score[at - 1];
            memcpy(s->device[at], s->device[at - 1], DFND_TEXT);
        }
    if (at == BEST)
        return;
    s->score[at] = score;
    snprintf(s->device[at], DFND_TEXT, "%s", d->name);
}

void dfnd_similar_devices(char *text, size_t size, const dfnd_backend_class *backend,
                          dfnd_direction direction, const char *name)
{
    search s = {.direction = direction, .name = name};
    *text = '\0';
    if (backend->list(consider, &s, NULL))
        return;
    for (int i = 0; i < s.count; i++) {
        const size_t n = strlen(text);
        snprintf(text + n, size - n, "%s%s", i ? ", " : "", s.device[i]);
    }
}
