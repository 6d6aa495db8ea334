/* pool.h - threads that share the work of a step. */
#ifndef DFN_POOL_H
#define DFN_POOL_H

#include <dfnet4/status.h>

typedef struct dfn_pool dfn_pool;

/** Work of one task; `worker` is 0 .. threads - 1, and no two tasks run on one worker at
 * the same time. */
typedef void dfn_pool_task(void *context, int task, int worker);

/** A pool of `threads` workers, one of which is the thread that calls dfn_pool_run. */
dfn_status dfn_pool_new(dfn_pool **out, int threads, dfn_error *err);
void dfn_pool_free(dfn_pool *p); /* NULL allowed */
int dfn_pool_threads(const dfn_pool *p);

/** Run tasks 0 .. tasks - 1, each on whichever worker is free, and wait for all. */
void dfn_pool_run(dfn_pool *p, dfn_pool_task *task, void *context, int tasks);

#endif
