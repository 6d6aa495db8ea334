/* Every task runs once, on a worker that runs nothing else meanwhile, and none is running
 * when dfn_pool_run returns; many small runs, with fewer and more tasks than threads. Other
 * work is done only while there are no tasks. */
#include "check.h"
#include "run/pool.h"

#include <stdatomic.h>
#include <string.h>

enum { TASKS = 40, THREADS = 5, RUNS = 2000 };

typedef struct counts {
    atomic_int task[TASKS], worker[THREADS], running, clashes;
    int plain[TASKS]; /* without atomics: the pool must order this for the caller */
} counts;

static void count(void *context, int task, int worker)
{
    counts *c = context;
    atomic_fetch_add(&c->running, 1);
    if (atomic_fetch_add(&c->worker[worker], 1))
        atomic_fetch_add(&c->clashes, 1);
    atomic_fetch_add(&c->task[task], 1);
    c->plain[task]++;
    atomic_fetch_sub(&c->worker[worker], 1);
    atomic_fetch_sub(&c->running, 1);
}

typedef struct other {
    atomic_int pieces, done, inside;
} other;

static bool do_other(void *context)
{
    other *o = context;
    atomic_fetch_add(&o->inside, 1);
    const bool some = atomic_fetch_sub(&o->pieces, 1) > 0;
    if (some)
        atomic_fetch_add(&o->done, 1);
    atomic_fetch_sub(&o->inside, 1);
    return some;
}

/* All pieces are done in the end, by threads that have no task; none when it is unset. */
static void check_idle(int threads)
{
    enum { PIECES = 1000 };
    static counts c;
    dfn_pool *p = NULL;
    dfn_error err = {0};
    other o = {.pieces = PIECES};
    memset(&c, 0, sizeof c);
    CHECK(!dfn_pool_new(&p, threads, &err), "%s", err.text);
    if (!p)
        return;
    dfn_pool_set_idle(p, do_other, &o);
    int runs = 0;
    for (; runs < 1000000 && o.pieces > 0; runs++)
        dfn_pool_run(p, count, &c, 1 + runs % TASKS);
    dfn_pool_set_idle(p, NULL, NULL);
    CHECK(!o.inside, "still at work");
    CHECK(o.done == PIECES, "%d pieces of %d after %d runs", o.done, PIECES, runs);
    o.pieces = PIECES;
    dfn_pool_run(p, count, &c, TASKS);
    CHECK(o.pieces == PIECES && !c.clashes, "work that is not set");
    dfn_pool_free(p);
}

static void check_threads(int threads)
{
    static counts c;
    dfn_pool *p = NULL;
    dfn_error err = {0};
    memset(&c, 0, sizeof c);
    CHECK(!dfn_pool_new(&p, threads, &err), "%s", err.text);
    if (!p)
        return;
    CHECK(dfn_pool_threads(p) == threads, "threads");
    int expected[TASKS] = {0};
    for (int run = 0; run < RUNS; run++) {
        const int tasks = run % (TASKS + 1);
        dfn_pool_run(p, count, &c, tasks);
        CHECK(!c.running, "a task is still running");
        for (int i = 0; i < tasks; i++)
            expected[i]++;
    }
    for (int i = 0; i < TASKS; i++)
        CHECK(c.task[i] == expected[i] && c.plain[i] == expected[i],
              "%d threads: task %d ran %d times, not %d", threads, i, c.task[i],
              expected[i]);
    CHECK(!c.clashes, "two tasks at once on one worker");
    dfn_pool_free(p);
}

int main(void)
{
    dfn_pool *p;
    dfn_error err = {0};
    CHECK(dfn_pool_new(&p, 0, &err) == DFN_ERR_ARG && !p, "a pool of no threads");
    dfn_pool_free(NULL);
    for (int threads = 1; threads <= THREADS; threads++)
        check_threads(threads);
    for (int threads = 2; threads <= THREADS; threads++)
        check_idle(threads);
    return check_report();
}
