#include "run/pool.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct helper {
    dfn_pool *pool;
    pthread_t thread;
    int worker;
} helper;

struct dfn_pool {
    pthread_mutex_t lock;
    pthread_cond_t begin, end; /* of a run, or of what somebody is busy with */
    dfn_pool_task *task;
    void *context;
    int tasks, next, busy; /* busy: workers that have a task */
    dfn_pool_idle *idle;
    void *idle_context;
    int idling; /* workers that do idle's work */
    int threads, started;
    bool stop;
    helper *helper; /* [threads - 1] */
};

/* Take tasks until there is none left. Called and left with the lock held. */
static void work(dfn_pool *p, int worker)
{
    while (p->next < p->tasks) {
        const int task = p->next++;
        p->busy++;
        pthread_mutex_unlock(&p->lock);
        p->task(p->context, task, worker);
        pthread_mutex_lock(&p->lock);
        p->busy--;
    }
    if (!p->busy)
        pthread_cond_signal(&p->end);
}

/* Called and left with the lock held. Whether there was other work to do. */
static bool work_idly(dfn_pool *p)
{
    dfn_pool_idle *idle = p->idle;
    void *context = p->idle_context;
    if (!idle)
        return false;
    p->idling++;
    pthread_mutex_unlock(&p->lock);
    const bool worked = idle(context);
    pthread_mutex_lock(&p->lock);
    p->idling--;
    pthread_cond_broadcast(&p->end);
    return worked;
}

static void *run_helper(void *arg)
{
    const helper *h = arg;
    dfn_pool *p = h->pool;
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        work(p, h->worker);
        bool more = true;
        while (!p->stop && p->next >= p->tasks) {
            more = more && work_idly(p);
            if (!more && !p->stop && p->next >= p->tasks)
                pthread_cond_wait(&p->begin, &p->lock);
        }
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

dfn_status dfn_pool_new(dfn_pool **out, int threads, dfn_error *err)
{
    *out = NULL;
    if (threads < 1)
        return dfn_fail(err, DFN_ERR_ARG, "a pool needs at least one thread");
    dfn_pool *p = calloc(1, sizeof *p);
    helper *h = calloc((size_t)threads, sizeof *h);
    if (!p || !h) {
        free(p);
        free(h);
        return dfn_fail(err, DFN_ERR_NOMEM, "no memory for %d threads", threads);
    }
    p->threads = threads;
    p->helper = h;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->begin, NULL);
    pthread_cond_init(&p->end, NULL);
    for (int i = 0; i < threads - 1; i++) {
        h[i] = (helper){.pool = p, .worker = i + 1};
        if (pthread_create(&h[i].thread, NULL, run_helper, &h[i])) {
            dfn_pool_free(p);
            return dfn_fail(err, DFN_ERR_NOMEM, "thread %d of %d cannot be started", i + 2,
                            threads);
        }
        p->started++;
    }
    *out = p;
    return DFN_OK;
}

void dfn_pool_free(dfn_pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->begin);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->started; i++)
        pthread_join(p->helper[i].thread, NULL);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->begin);
    pthread_cond_destroy(&p->end);
    free(p->helper);
    free(p);
}

int dfn_pool_threads(const dfn_pool *p) { return p->threads; }

void dfn_pool_run(dfn_pool *p, dfn_pool_task *task, void *context, int tasks)
{
    pthread_mutex_lock(&p->lock);
    p->task = task;
    p->context = context;
    p->next = 0;
    p->tasks = tasks;
    pthread_cond_broadcast(&p->begin);
    work(p, 0);
    bool more = true;
    while (p->busy) {
        more = more && work_idly(p);
        if (!more && p->busy)
            pthread_cond_wait(&p->end, &p->lock);
    }
    p->tasks = 0;
    pthread_mutex_unlock(&p->lock);
}

void dfn_pool_set_idle(dfn_pool *p, dfn_pool_idle *idle, void *context)
{
    pthread_mutex_lock(&p->lock);
    p->idle = idle;
    p->idle_context = context;
    while (p->idling)
        pthread_cond_wait(&p->end, &p->lock);
    pthread_mutex_unlock(&p->lock);
}
