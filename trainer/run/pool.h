/* pool.h - threads that share the work of a step. */
#ifndef DFN_POOL_H
#define DFN_POOL_H

#include <dfnet4/status.h>
#include <stdbool.h>

typedef struct dfn_pool dfn_pool;

/** Work of one task; `worker` is 0 .. threads - 1, and no two tasks run on one worker at
 * the same time. */
typedef void dfn_pool_task(void *context, int task, int worker);

/** A pool of `threads` workers, one of which is the thread that calls dfn_pool_run. */
dfn_status dfn_pool_new(dfn_pool **out, int threads, dfn_error *err);
void dfn_pool_free(dfn_pool *p); /* NULL allowed */
int dfn_pool_threads(const dfn_pool *p);

/** What workers do while there is no task for them, instead of waiting: a short piece of
 * work at a time, outside of any run. False: there is none now, not before the next run. */
typedef bool dfn_pool_idle(void *context);

/** NULL: they wait. Returns when nobody is busy with what was set before. Not while tasks
 * run. */
void dfn_pool_set_idle(dfn_pool *p, dfn_pool_idle *idle, void *context);

/** Run tasks 0 .. tasks - 1, each on whichever worker is free, and wait for all. */
void dfn_pool_run(dfn_pool *p, dfn_pool_task *task, void *context, int tasks);

#endif
