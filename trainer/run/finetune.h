/* finetune.h - parts of dfnet4-train finetune. */
#ifndef DFN_FINETUNE_H
#define DFN_FINETUNE_H

#include "data/sounds.h"
#include "optim/files.h"
#include "run/recipe.h"
#include "run/validate.h"

/* What a user has recorded, and perhaps a collection beside it. */
typedef struct dfn_own_config {
    const char *noise, *voice, *rooms; /* folders; voice and rooms may be NULL */
    const char *data;                  /* manifest of a collection, or NULL */
    const char *folder;                /* of the run, which is there */
} dfn_own_config;

typedef struct dfn_own {
    char manifest[DFN_PATH]; /* to train with; its validation split is the user's own */
    char others[DFN_PATH];   /* validation split of the collection; empty: it has none */
    struct dfn_own_part {
        int recordings;
        double seconds[DFN_SPLITS];
        bool cut; /* recordings were too few: each one's end is for validation */
    } part[DFN_SOUND_KINDS];
} dfn_own;

/** Divide the user's recordings and write the manifests, and what had to be cut, to the
 * folder of the run. The user's count as much in it as all of the collection. An error if
 * there is no speech or too little of anything, or if the folder holds other recordings. */
dfn_status dfn_own_prepare(dfn_own *out, const dfn_own_config *config,
                           const dfn_data_watch *watch, dfn_error *err);

enum { DFN_FINETUNE_MODELS = 2 };

/** Validate model files of the recipe's network (before, after) on the validation split of
 * a manifest, all on the same examples. `cache` may be NULL. */
dfn_status dfn_finetune_score(dfn_validation out[DFN_FINETUNE_MODELS],
                              const dfn_recipe *recipe, const char *manifest,
                              const char *cache,
                              const char *const models[DFN_FINETUNE_MODELS],
                              dfn_error *err);

/** Print the scores and what they mean; whether the second model is better on the user's
 * recordings. `others`: on the collection, or NULL. */
bool dfn_finetune_judge(const dfn_validation mine[DFN_FINETUNE_MODELS],
                        const dfn_validation *others);

/** Write a loaded model as it is, batch norms and all, without remarks on its origin. */
dfn_status dfn_finetune_copy(const dfn_model *m, const char *path, dfn_error *err);

/** Write `text` to a new file; one that is there must hold the same, or DFN_ERR_ARG. */
dfn_status dfn_keep_text(const char *path, const char *text, dfn_error *err);

#endif
