#include "optim/counters.h"

#include "model/config.h"

#include <float.h>
#include <math.h>

typedef struct record {
    dfn_counters p;
    uint64_t updates, skipped;
} record;

#define COUNT(key, field)                                                                  \
    {                                                                                      \
        "progress", key, DFN_CONFIG_COUNT, offsetof(record, field), 0, 0x1p53, NULL        \
    }
#define REAL(key, field)                                                                   \
    {                                                                                      \
        "progress", key, DFN_CONFIG_REAL, offsetof(record, field), -DBL_MAX, DBL_MAX, NULL \
    }
#define BEST(i)                                                                            \
    REAL("best" #i "_score", p.best.score[i]), COUNT("best" #i "_step", p.best.step[i])

static const dfn_config_key keys[] = {
    COUNT("step", p.step),
    COUNT("examples", p.examples),
    COUNT("validated", p.validated),
    COUNT("checkpointed", p.checkpointed),
    COUNT("logged", p.logged),
    COUNT("stale", p.stale),
    COUNT("in_row", p.in_row),
    REAL("seconds", p.seconds),
    COUNT("updates", updates),
    COUNT("skipped", skipped),
    {"progress", "best", DFN_CONFIG_INT, offsetof(record, p.best.count), 0, DFN_BEST_MAX,
     NULL},
    BEST(0),
    BEST(1),
    BEST(2),
    BEST(3),
    BEST(4),
    BEST(5),
    BEST(6),
    BEST(7),
};
_Static_assert(DFN_BEST_MAX == 8, "a key for each of the best");
enum { KEYS = sizeof keys / sizeof *keys };

int dfn_best_add(dfn_best *b, int keep, double score, uint64_t step)
{
    int rank = 0;
    if (keep > DFN_BEST_MAX)
        keep = DFN_BEST_MAX;
    if (b->count > keep)
        b->count = keep;
    while (rank < b->count && b->score[rank] <= score)
        rank++;
    if (rank >= keep || !isfinite(score))
        return -1;
    if (b->count < keep)
        b->count++;
    for (int i = b->count - 1; i > rank; i--) {
        b->score[i] = b->score[i - 1];
        b->step[i] = b->step[i - 1];
    }
    b->score[rank] = score;
    b->step[rank] = step;
    return rank;
}

int dfn_counters_validated(dfn_counters *p, int keep, double score)
{
    const int rank = dfn_best_add(&p->best, keep > 1 ? keep : 1, score, p->step);
    p->stale = rank ? p->stale + 1 : 0;
    return rank;
}

size_t dfn_counters_print(char *text, size_t size, const dfn_counters *p, uint64_t updates,
                          uint64_t skipped)
{
    const record r = {*p, updates, skipped};
    return dfn_config_print(text, size, &r, keys, KEYS);
}

dfn_status dfn_counters_parse(dfn_counters *p, uint64_t *updates, uint64_t *skipped,
                              const char *text, const char *name, dfn_error *err)
{
    static const char *const foreign[] = {NULL};
    record r = {0};
    const dfn_status status = dfn_config_parse(&r, keys, KEYS, foreign, text, name, err);
    if (status)
        return status;
    *p = r.p;
    *updates = r.updates;
    *skipped = r.skipped;
    return DFN_OK;
}
