/* recipe.h - everything that makes a run: an INI file, options over it, defaults under it.
 *
 *   [train]     what runs, how long, how often it is looked at
 *   [optim]     optimiser and schedules
 *   [data]      recordings
 *   [mix]       examples (data/mix_config.h)
 *   [loss]      what is made small (loss/loss_config.h) */
#ifndef DFN_RECIPE_H
#define DFN_RECIPE_H

#include "data/mix_config.h"
#include "data/sounds.h"
#include "loss/loss_config.h"
#include "optim/adamw.h"
#include "optim/schedule.h"

enum { DFN_RECIPE_TEXT = 1024 };

typedef struct dfn_train_config {
    char model[DFN_RECIPE_TEXT]; /* name of a preset, or path of a network's INI file */
    char init[DFN_RECIPE_TEXT];  /* model file to start from; empty: untrained */
    int batch_norm;              /* 0: train with norms folded (to go on with a model) */
    int bf16;                    /* products of numbers rounded to bfloat16 */
    int seed;
    double seconds;            /* of a clip; whole hops are used */
    int shard_clips;           /* clips that one worker trains on at once */
    double hours;              /* of audio, then the run is done */
    double epoch_hours;        /* of audio: the unit of schedules and of patience */
    int threads;               /* 0: one per processor */
    int loader_threads;        /* that mix ahead; 0: those that train mix */
    double validate_hours;     /* of audio between two validations */
    int validate_clips;        /* examples of a validation */
    double checkpoint_seconds; /* of time between two checkpoints */
    int keep_best;             /* models kept, by validation */
    int criterion;             /* of "best": 0 loss, 1 SI-SDR */
    int patience;  /* validations without a better one before the run stops; 0: never */
    int nan_limit; /* steps skipped in a row before the run gives up */
} dfn_train_config;

typedef struct dfn_recipe {
    dfn_train_config train;
    dfn_adamw_config adamw;
    dfn_schedule schedule;       /* epochs follows from hours */
    double decay, decay_end;     /* of weights; decay_end < 0: the same */
    char batch[DFN_RECIPE_TEXT]; /* dfn_batch_schedule_read: clips of a step */
    dfn_batch_schedule batch_schedule;
    char manifest[DFN_RECIPE_TEXT], folders[DFN_SOUND_KINDS][DFN_RECIPE_TEXT],
        cache[DFN_RECIPE_TEXT];
    dfn_data_config data; /* points to the texts above */
    dfn_mix_config mix;
    dfn_loss_config loss;
    char *model_text; /* INI text of the network */
    char *text;       /* the recipe with every key: what a file of it reads back as */
    char *identity;   /* `text` without the keys that may change when a run goes on */
    char hash[65];    /* SHA-256 of `identity` */
} dfn_recipe;

/** Read a recipe. `options` are "section.key=value", each over what the file says. Paths in
 * the file are relative to it, those in options to the working directory; here they are
 * absolute. The error names file and line, or the option.
 * owner: dfn_recipe_free */
dfn_status dfn_recipe_read(dfn_recipe **out, const char *path, const char *const *options,
                           size_t n_options, dfn_error *err);
void dfn_recipe_free(dfn_recipe *r); /* NULL allowed */

#endif
