/* run.h - one run in its folder, from where it stands to its end. */
#ifndef DFN_RUN_H
#define DFN_RUN_H

#include "run/recipe.h"

typedef struct dfn_run_config {
    const char *folder;  /* made if it is not there */
    uint64_t stop_after; /* steps of this session; 0: no limit */
    bool quiet;          /* no progress */
} dfn_run_config;

/** Train until the recipe's hours are reached, or something says stop: a signal, patience.
 * Goes on from the folder's checkpoint, if there is one, and leaves one. Prints how it
 * goes. `done`: whether it came to its end; may be NULL. An error without text has been
 * told by another rank (dfn_ranks_await_end). */
dfn_status dfn_train_run(const dfn_recipe *recipe, const dfn_run_config *config, bool *done,
                         dfn_error *err);

#endif
