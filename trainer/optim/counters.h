/* counters.h - how far a run has come, and its best models so far. */
#ifndef DFN_COUNTERS_H
#define DFN_COUNTERS_H

#include <dfnet4/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DFN_BEST_MAX = 8 };

/* The best `count` of the steps that were validated, the best first. */
typedef struct dfn_best {
    int count;
    double score[DFN_BEST_MAX]; /* smaller is better */
    uint64_t step[DFN_BEST_MAX];
} dfn_best;

/* All of it is kept in a checkpoint, exactly. A new field needs a line in counters.c. */
typedef struct dfn_counters {
    uint64_t step;                            /* batches taken, skipped ones included */
    uint64_t examples;                        /* taken: the number of the next one */
    uint64_t validated, checkpointed, logged; /* examples when that was done last */
    uint64_t stale;  /* validations since the last one that was the best */
    uint64_t in_row; /* steps skipped since the last one that was not */
    double seconds;  /* of time, in all sessions */
    dfn_best best;
} dfn_counters;

/** Enter a score; keeps the best `keep` (at most DFN_BEST_MAX). Returns its rank, 0 is the
 * best, or -1 if it is not among them. Among equals the older one is better, NaN is worse
 * than anything. */
int dfn_best_add(dfn_best *b, int keep, double score, uint64_t step);

/** Enter the score of a validation of the current step, and count those without success.
 * Returns the rank. */
int dfn_counters_validated(dfn_counters *p, int keep, double score);

/** `p`, and the two counters of the optimiser, as text, and back. `size` bytes are enough
 * if the length that is returned is below it. */
enum { DFN_COUNTERS_TEXT = 4096 };
size_t dfn_counters_print(char *text, size_t size, const dfn_counters *p, uint64_t updates,
                          uint64_t skipped);
dfn_status dfn_counters_parse(dfn_counters *p, uint64_t *updates, uint64_t *skipped,
                              const char *text, const char *name, dfn_error *err);

#endif
