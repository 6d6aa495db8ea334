/* batch.h - the gradient of a batch: its shards, each on whichever worker is free, added up
 * in an order of their own, so that the result is the same for any number of threads. */
#ifndef DFN_BATCH_H
#define DFN_BATCH_H

#include "run/pool.h"
#include "run/worker.h"

typedef struct dfn_batch dfn_batch;

/* What a batch was like: means over its shards. */
typedef struct dfn_batch_result {
    double loss, terms[DFN_LOSS_COUNT];
    bool failed; /* the loader had no memory for a shard; nothing else counts then */
} dfn_batch_result;

/** Room for batches of up to `shards` shards, and a worker for each thread of `pool`, which
 * must outlive the batch, as must what `config` points to. */
dfn_status dfn_batch_new(dfn_batch **out, const dfn_worker_config *config, dfn_pool *pool,
                         int shards, dfn_error *err);
void dfn_batch_free(dfn_batch *b); /* NULL allowed */

/** Take `shards` shards from the loader, which has got to number `first`, and train on
 * them. The result is in dfn_batch_gradient: of trainable weights d(mean loss); of running
 * statistics their new values. With DFN_EVAL plans, only the losses are computed. */
dfn_batch_result dfn_batch_run(dfn_batch *b, const void *const *weights, dfn_loader *loader,
                               uint64_t first, int shards);

/** In the order of dfn_graph_weight; valid until the next run. */
void *const *dfn_batch_gradient(const dfn_batch *b);

/** Called for each shard of a run, on the thread that ran it, once its network has run. */
typedef void dfn_batch_watch(void *context, dfn_worker *w, const dfn_shard *shard);
void dfn_batch_set_watch(dfn_batch *b, dfn_batch_watch *watch, void *context);

#endif
