/* best.h - files of the best models of a run: best-1.safetensors is the best, and so on.
 *
 * Each holds the step it comes from in its metadata. A run that was killed between two of
 * the moves here, and goes on from an older checkpoint, makes the same models again; since
 * files are told by their steps, they then end up in the same places. */
#ifndef DFN_BEST_H
#define DFN_BEST_H

#include "optim/counters.h"
#include "optim/files.h"

/** The metadata that the file of a model must have: its step in decimal. */
#define DFN_BEST_STEP "step"

/** Make room for the model that has just got `rank` in `b` (dfn_best_add): worse ones move
 * down a place, and the last one's file is replaced. `path` is where to write the new one,
 * with dfn_model_write. */
dfn_status dfn_best_place(const dfn_best *b, int rank, const char *folder,
                          char path[DFN_PATH], dfn_error *err);

#endif
