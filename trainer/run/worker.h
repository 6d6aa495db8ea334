/* worker.h - what one thread needs to train on a shard: plan, states, spectra, loss. */
#ifndef DFN_WORKER_H
#define DFN_WORKER_H

#include "data/loader.h"
#include "loss/loss.h"

typedef struct dfn_worker_config {
    const dfn_model *model; /* dfn_model_training; must outlive the worker */
    const dfn_loss_config *loss;
    int clips;
    size_t samples; /* of a clip, whole hops */
    dfn_mode mode;  /* DFN_TRAIN, or DFN_EVAL to validate */
    bool bf16;      /* dfn_plan_config.bf16 */
    unsigned cpu;
} dfn_worker_config;

typedef struct dfn_worker dfn_worker;

dfn_status dfn_worker_new(dfn_worker **out, const dfn_worker_config *config,
                          dfn_error *err);
void dfn_worker_free(dfn_worker *w); /* NULL allowed */

/** Run the network on a shard; returns its loss and fills `terms`.
 *
 *  weights   of the graph dfn_model_net(model)
 *  dweights  DFN_TRAIN: gradients times `scale` are added; entries of running statistics
 *            are moved towards those of the shard. NULL: no backward
 *  thread    one per worker. Does not allocate */
double dfn_worker_run(dfn_worker *w, const void *const *weights, void *const *dweights,
                      const dfn_shard *shard, double scale, double terms[DFN_LOSS_COUNT]);

/** Samples that the last run made of clip b, as long as the clip and in time with it; the
 * last hops of a clip, which a network with lookahead has not made yet, are left out:
 *  returns how many there are. */
size_t dfn_worker_enhanced(dfn_worker *w, int b, float *out);

#endif
