/* score_table.h - scores of pairs, put together in groups and printed. */
#ifndef DFN_SCORE_TABLE_H
#define DFN_SCORE_TABLE_H

#include "run/score.h"

#include <jansson.h>

typedef struct dfn_score_group {
    char name[96];
    size_t pairs; /* that have a score */
    dfn_score mean;
    bool single; /* one pair for itself */
} dfn_score_group;

/** Groups of the pairs that have a score: each set, with and without rooms and by SNR where
 * there are several pairs of one SNR. Where sets have SNRs, the pairs of a set without are
 * for themselves. `count` of them; NULL without memory. owner: caller frees */
dfn_score_group *dfn_score_groups(const dfn_pairs *p, size_t *count);

/** The table on stdout. */
void dfn_score_print(const dfn_score_group *group, size_t count);

/** {"groups": [...], "pairs": [...]}; NULL without memory. owner: caller */
json_t *dfn_score_json(const dfn_pairs *p, const dfn_score_group *group, size_t count);

/** A line for each pair that has a score, over a line of names. */
dfn_status dfn_score_csv(const dfn_pairs *p, const char *path, dfn_error *err);

#endif
