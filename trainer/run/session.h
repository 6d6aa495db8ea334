/* session.h - a training run in progress: everything that a recipe asks for, opened, and
 * the steps that make it better. */
#ifndef DFN_SESSION_H
#define DFN_SESSION_H

#include "optim/adamw.h"
#include "optim/counters.h"
#include "run/batch.h"
#include "run/recipe.h"
#include "run/validate.h"

typedef struct dfn_session {
    const dfn_recipe *recipe;
    dfn_model *model; /* dfn_model_training */
    const dfn_graph *graph;
    dfn_sounds *sounds;
    dfn_pool *pool;
    dfn_batch *batch;
    dfn_validator *validator;
    dfn_loader *loader;
    dfn_adamw adamw;
    dfn_counters counters; /* how far it is; with adamw, all that a checkpoint keeps */
    uint64_t shards_taken; /* from this loader */
    int loader_shards;     /* of the batches that it is for, of all ranks */
    double waited;         /* seconds, for loaders before it */
} dfn_session;

/* What one step was like. */
typedef struct dfn_step_report {
    uint64_t step;          /* from 1 on */
    double position, hours; /* epochs and hours of audio after it */
    double loss, terms[DFN_LOSS_COUNT];
    double rate, decay, norm;
    int clips;
    bool skipped; /* the gradient was not finite */
} dfn_step_report;

/** Open a run at its start: untrained weights of recipe->train.seed, or those of
 * recipe->train.init. `watch` hears of recordings that cannot be used. */
dfn_status dfn_session_new(dfn_session **out, const dfn_recipe *recipe,
                           const dfn_data_watch *watch, dfn_error *err);
void dfn_session_free(dfn_session *s); /* NULL allowed */

/** One optimiser step. */
dfn_status dfn_session_step(dfn_session *s, dfn_step_report *out, dfn_error *err);

/** Hours of audio in so many examples, and how many epochs the run has behind it. */
double dfn_session_hours(const dfn_session *s, uint64_t examples);
double dfn_session_position(const dfn_session *s);

/** Whether the recipe's hours are reached. */
bool dfn_session_done(const dfn_session *s);

/** Seconds that workers have waited for examples since the session was opened. */
double dfn_session_waited(const dfn_session *s);

/** Number of threads that a recipe means: 0 is one for each processor, divided by the ranks
 * on this machine. */
int dfn_recipe_threads(int asked);

/** Weights of a model file, into a table of a graph of dfn_model_training: it must be the
 * same network in float32, with batch norms or folded as there. */
dfn_status dfn_weights_read(dfn_weights *to, const dfn_graph *g, const char *path,
                            dfn_error *err);

/** Validate the averaged weights. */
dfn_status dfn_session_validate(dfn_session *s, dfn_validation *out, dfn_error *err);

/** Write the averaged weights as a model that dfn_model_load reads. */
dfn_status dfn_session_write_model(const dfn_session *s, const char *path,
                                   const dfn_text_pair *metadata, size_t n_metadata,
                                   dfn_error *err);

#endif
