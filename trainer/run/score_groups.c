/* score_groups.c - which pairs are put together in one row of the table. */
#include "run/score_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct grouping {
    const dfn_pairs *p;
    dfn_score *score; /* [pairs] */
    bool *use;        /* [pairs], of the group being made */
    dfn_score_group *group;
    size_t count;
} grouping;

/* The pairs of `set` (NULL: all) that `matches`. Returns how many. */
typedef bool matcher(const dfn_pair *pair, double value);

static size_t choose(grouping *g, const char *set, matcher *matches, double value)
{
    size_t n = 0;
    for (size_t i = 0; i < g->p->count; i++) {
        const dfn_pair *pair = &g->p->pair[i];
        g->use[i] =
            !pair->status && (!set || !strcmp(pair->set, set)) && matches(pair, value);
        n += g->use[i];
    }
    return n;
}

/* One more group, of the pairs in use[]. */
static dfn_score_group *add(grouping *g)
{
    dfn_score_group *to = &g->group[g->count++];
    *to = (dfn_score_group){.mean = dfn_score_mean(g->score, g->p->count, g->use)};
    for (size_t i = 0; i < g->p->count; i++)
        to->pairs += g->use[i];
    return to;
}

static bool any(const dfn_pair *pair, double value)
{
    (void)pair;
    (void)value;
    return true;
}
static bool in_room(const dfn_pair *pair, double value)
{
    return pair->room == (value > 0);
}
static bool of_snr(const dfn_pair *pair, double value) { return pair->snr_db == value; }
static bool has_snr(const dfn_pair *pair, double value)
{
    (void)value;
    return !isnan(pair->snr_db);
}

static void add_rooms(grouping *g, const char *set, const char *title, size_t all)
{
    for (int room = 0; room < 2; room++) {
        const size_t n = choose(g, set, in_room, room);
        if (n > 0 && n < all)
            snprintf(add(g)->name, sizeof g->group->name, "%.60s, %s", title,
                     room ? "room" : "dry");
    }
}

/* The smallest SNR of a set above `after`; INFINITY if there is none. */
static double next_snr(const grouping *g, const char *set, double after)
{
    double best = INFINITY;
    for (size_t i = 0; i < g->p->count; i++) {
        const dfn_pair *pair = &g->p->pair[i];
        if (!pair->status && !strcmp(pair->set, set) && pair->snr_db > after)
            best = fmin(best, pair->snr_db);
    }
    return best;
}

static void add_snrs(grouping *g, const char *set, const char *title, size_t all)
{
    size_t levels = 0;
    for (double db = -INFINITY; (db = next_snr(g, set, db)) < INFINITY;)
        levels++;
    if (levels < 2 || 2 * levels > all)
        return;
    for (double db = -INFINITY; (db = next_snr(g, set, db)) < INFINITY;) {
        choose(g, set, of_snr, db);
        snprintf(add(g)->name, sizeof g->group->name, "%.60s, %g dB", title, db);
    }
}

static void add_singles(grouping *g, const char *set)
{
    for (size_t i = 0; i < g->p->count; i++) {
        const dfn_pair *pair = &g->p->pair[i];
        if (pair->status || strcmp(pair->set, set) != 0)
            continue;
        memset(g->use, 0, g->p->count * sizeof *g->use);
        g->use[i] = true;
        dfn_score_group *to = add(g);
        to->single = true;
        snprintf(to->name, sizeof to->name, "%.90s", pair->id);
    }
}

static void add_set(grouping *g, const char *set, bool snrs)
{
    const char *title = *set ? set : "all";
    if (snrs && !choose(g, set, has_snr, 0)) {
        add_singles(g, set);
        return;
    }
    const size_t all = choose(g, set, any, 0);
    if (!all)
        return;
    snprintf(add(g)->name, sizeof g->group->name, "%.90s", title);
    add_rooms(g, set, title, all);
    add_snrs(g, set, title, all);
}

dfn_score_group *dfn_score_groups(const dfn_pairs *p, size_t *count)
{
    grouping g = {.p = p,
                  .score = calloc(p->count + 1, sizeof *g.score),
                  .use = calloc(p->count + 1, sizeof *g.use),
                  /* a set of n pairs has at most a row, two of rooms, n / 2 of SNRs */
                  .group = calloc(4 * p->count + 1, sizeof *g.group)};
    const bool good = g.score && g.use && g.group;
    for (size_t i = 0; good && i < p->count; i++)
        g.score[i] = p->pair[i].score;
    const bool snrs = good && choose(&g, NULL, has_snr, 0) > 0;
    for (size_t i = 0; good && i < p->count; i++) {
        bool first = true;
        for (size_t k = 0; k < i; k++)
            first = first && strcmp(p->pair[k].set, p->pair[i].set) != 0;
        if (first)
            add_set(&g, p->pair[i].set, snrs);
    }
    free(g.score);
    free(g.use);
    if (!good) {
        free(g.group);
        g.group = NULL;
    }
    *count = g.count;
    return g.group;
}
