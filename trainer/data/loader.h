/* loader.h - examples made ahead of time by threads of their own, or by those that take
 * them.
 *
 * Examples come in shards: `clips` of them, which one worker trains on at once. Shard s
 * holds the examples first + s clips ... of an endless row; example i belongs to epoch i /
 * epoch_clips and is number i % epoch_clips of it. */
#ifndef DFN_LOADER_H
#define DFN_LOADER_H

#include "data/mix.h"

typedef struct dfn_loader_config {
    dfn_split split;
    uint64_t seed, epoch_clips;
    uint64_t first; /* example to begin with, to go on with a run */
    size_t samples; /* of an example */
    int clips;      /* of a shard */
    int run, gap;   /* after `run` shards, skip `gap`: other processes make them; 0: none */
    int threads, ahead; /* ahead: shards kept ready, at least 1 */
    int callers;        /* threads that take, and make what is not begun; 0: they wait */
} dfn_loader_config;

typedef struct dfn_shard {
    uint64_t number;             /* from 0, counted from the start of this loader */
    const float *noisy, *target; /* [clips][samples] */
    const dfn_clip *clip;        /* [clips] */
} dfn_shard;

typedef struct dfn_loader dfn_loader;

dfn_status dfn_loader_new(dfn_loader **out, const dfn_sounds *sounds,
                          const dfn_mix_config *mix, const dfn_loader_config *config,
                          dfn_error *err);
void dfn_loader_free(dfn_loader *l); /* stops the threads; NULL allowed */

/** The next shard, in order; waits for it if it must. Give it back when done; any number
 * may be out at once, for which memory is taken as needed. NULL: there is none. Never while
 * the loader is being freed. thread: any */
const dfn_shard *dfn_loader_take(dfn_loader *l);
void dfn_loader_give(dfn_loader *l, const dfn_shard *shard);

/** Mix one clip of a shard that nobody has asked for yet; for callers that have nothing to
 * do. False: `ahead` shards are ready or being made, or there are no callers. thread: any
 */
bool dfn_loader_work(dfn_loader *l);

/** Seconds that callers of dfn_loader_take have waited so far. thread: any */
double dfn_loader_waited(const dfn_loader *l);

#endif
