/* checkpoint.h - everything that a run needs to go on, in one safetensors file.
 *
 *   last.ckpt, previous.ckpt   in the folder of the run
 *   tensors    weight.NAME, average.NAME, first.NAME, second.NAME and, with amsgrad,
 *              largest.NAME, float32, for every weight of the graph
 *   metadata   format, recipe, config (of the network), progress, sha256 of it all
 *
 * A checkpoint is written beside the others, synced, then takes the place of the last,
 * which takes that of the one before: whenever power fails or the disk is full, a whole one
 * stays.
 */
#ifndef DFN_CHECKPOINT_H
#define DFN_CHECKPOINT_H

#include "optim/adamw.h"
#include "optim/counters.h"

typedef struct dfn_checkpoint {
    dfn_adamw *optimiser;
    dfn_counters *progress;
    const char
        *recipe; /* what must be the same when the run goes on: dfn_recipe.identity */
    const char *config; /* dfn_model_config */
    bool any_recipe;    /* read: another recipe is a warning, not an error */
} dfn_checkpoint;

/** Write to a folder that exists. Failure leaves the checkpoints there as they were. */
dfn_status dfn_checkpoint_write(const dfn_checkpoint *c, const char *folder,
                                dfn_error *err);

/** Read the newest whole checkpoint of a folder. Nothing changes on failure. Call it once
 * the folder is this process's own: it removes what an interrupted write left behind.
 *
 *  found    false, and success, if the folder has none
 *  warning  text is "" or says which damaged file was passed over, and why, or which keys
 *           of the recipe differ
 *  errors   DFN_ERR_FORMAT: all are damaged; DFN_ERR_ARG: it belongs to another recipe or
 *           network (the text names the keys that differ) */
dfn_status dfn_checkpoint_read(const dfn_checkpoint *c, const char *folder, bool *found,
                               dfn_error *warning, dfn_error *err);

#endif
