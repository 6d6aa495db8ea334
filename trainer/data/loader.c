/* loader.c - threads take numbers of shards in turn; callers take the shards in order.
 *
 * At most `ahead` numbers are given out beyond those that callers asked for, which bounds
 * the memory. Shards are kept for reuse. A caller whose shard nobody has begun, or is busy
 * with, makes it itself if one of the callers' mixers is free. */
#include "data/loader.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

typedef struct slot {
    dfn_shard shard; /* first: a caller's shard is its slot */
    struct slot *next;
    int mixed; /* clips that are */
    dfn_clip *clip;
    float *noisy, *target;
} slot;

typedef struct worker {
    dfn_loader *loader;
    dfn_mixer *mixer;
    pthread_t thread;    /* of the first ones */
    struct worker *next; /* of the others, which serve callers */
} worker;

struct dfn_loader {
    dfn_loader_config config;
    worker *worker; /* [threads + callers] */
    int workers;    /* that run */
    worker *idle;   /* for a caller */
    pthread_mutex_t lock;
    pthread_cond_t room, made; /* a number may be begun; a shard is ready */
    uint64_t begun, asked;     /* numbers given to threads and to callers */
    slot *ready, *unused;
    slot *partial; /* ready in part, and nobody is busy with them */
    double waited;
    bool stop, starved; /* starved: there is no memory for another shard */
};

static slot *slot_new(const dfn_loader_config *c)
{
    const size_t samples = (size_t)c->clips * c->samples;
    slot *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->clip = calloc((size_t)c->clips, sizeof *s->clip);
    s->noisy = malloc(samples * sizeof *s->noisy);
    s->target = malloc(samples * sizeof *s->target);
    s->shard = (dfn_shard){.noisy = s->noisy, .target = s->target, .clip = s->clip};
    return s;
}

static bool slot_good(const slot *s) { return s && s->clip && s->noisy && s->target; }

static void slots_free(slot *s)
{
    while (s) {
        slot *next = s->next;
        free(s->clip);
        free(s->noisy);
        free(s->target);
        free(s);
        s = next;
    }
}

/* The next clip of a shard. */
static void mix_one(slot *s, dfn_mixer *mixer, const dfn_loader_config *c)
{
    const uint64_t run = (uint64_t)c->run, gap = (uint64_t)c->gap, n = s->shard.number;
    const uint64_t shard = run ? n / run * (run + gap) + n % run : n;
    const uint64_t i = c->first + shard * (uint64_t)c->clips + (uint64_t)s->mixed;
    const size_t at = (size_t)s->mixed * c->samples;
    dfn_mix(mixer, c->seed, i / c->epoch_clips, i % c->epoch_clips, s->noisy + at,
            s->target + at, &s->clip[s->mixed]);
    s->mixed++;
}

static void fill(slot *s, dfn_mixer *mixer, const dfn_loader_config *c)
{
    while (s->mixed < c->clips)
        mix_one(s, mixer, c);
}

/* The lock is held. A shard nobody uses, or a new one, for this number; NULL: no memory. */
static slot *find_slot(dfn_loader *l, uint64_t number)
{
    slot *s = l->unused;
    if (s) {
        l->unused = s->next;
    } else {
        pthread_mutex_unlock(&l->lock);
        s = slot_new(&l->config);
        if (!slot_good(s)) {
            slots_free(s);
            s = NULL;
        }
        pthread_mutex_lock(&l->lock);
    }
    if (s) {
        s->shard.number = number;
        s->mixed = 0;
    }
    return s;
}

static void *work(void *user)
{
    worker *w = user;
    dfn_loader *l = w->loader;
    pthread_mutex_lock(&l->lock);
    for (;;) {
        while (!l->stop && l->begun >= l->asked + (uint64_t)l->config.ahead)
            pthread_cond_wait(&l->room, &l->lock);
        if (l->stop)
            break;
        const uint64_t number = l->begun++;
        slot *s = find_slot(l, number);
        if (!s) {
            l->starved = true;
            pthread_cond_broadcast(&l->made);
            break;
        }
        pthread_mutex_unlock(&l->lock);
        fill(s, w->mixer, &l->config);
        pthread_mutex_lock(&l->lock);
        s->next = l->ready;
        l->ready = s;
        pthread_cond_broadcast(&l->made);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

static slot *take_from(slot **list, uint64_t number)
{
    for (slot **s = list; *s; s = &(*s)->next)
        if ((*s)->shard.number == number) {
            slot *found = *s;
            *s = found->next;
            found->next = NULL;
            return found;
        }
    return NULL;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool in_list(const slot *s, uint64_t number)
{
    while (s && s->shard.number != number)
        s = s->next;
    return s != NULL;
}

/* The lock is held. Whether a caller can make this shard, or what is missing of it. */
static bool can_make(const dfn_loader *l, uint64_t number)
{
    return l->idle && (l->begun == number || in_list(l->partial, number));
}

/* The lock is held and one of the callers' mixers free. Mix clips of this shard: all that
 * are missing, or one. NULL: no memory. */
static slot *make(dfn_loader *l, uint64_t number, bool all)
{
    worker *w = l->idle;
    slot *s = take_from(&l->partial, number);
    l->idle = w->next;
    if (!s) {
        l->begun++;
        s = find_slot(l, number);
    }
    if (s) {
        pthread_mutex_unlock(&l->lock);
        if (all)
            fill(s, w->mixer, &l->config);
        else
            mix_one(s, w->mixer, &l->config);
        pthread_mutex_lock(&l->lock);
    } else {
        l->starved = true;
    }
    w->next = l->idle;
    l->idle = w;
    pthread_cond_broadcast(&l->made); /* somebody may wait for the mixer, or the shard */
    return s;
}

/* The lock is held. Wait for the shard, or for the means to make it. */
static slot *wait_for(dfn_loader *l, uint64_t number)
{
    slot *s = NULL;
    const double start = now();
    while (!s && !l->starved && !can_make(l, number)) {
        pthread_cond_wait(&l->made, &l->lock);
        s = take_from(&l->ready, number);
    }
    l->waited += now() - start;
    return s;
}

const dfn_shard *dfn_loader_take(dfn_loader *l)
{
    pthread_mutex_lock(&l->lock);
    const uint64_t number = l->asked++;
    pthread_cond_signal(&l->room);
    slot *s = take_from(&l->ready, number);
    if (!s && !can_make(l, number))
        s = wait_for(l, number);
    if (!s && !l->starved)
        s = make(l, number, true);
    pthread_mutex_unlock(&l->lock);
    return s ? &s->shard : NULL;
}

/* The first shard that nobody has asked for and that is ready in part, or else the next. */
static uint64_t next_to_make(const dfn_loader *l)
{
    uint64_t first = l->begun;
    for (const slot *s = l->partial; s; s = s->next)
        if (s->shard.number < first && s->shard.number >= l->asked)
            first = s->shard.number;
    return first;
}

bool dfn_loader_work(dfn_loader *l)
{
    pthread_mutex_lock(&l->lock);
    const uint64_t number = next_to_make(l);
    const bool some = l->idle && !l->starved && number >= l->asked &&
                      number < l->asked + (uint64_t)l->config.ahead;
    slot *s = some ? make(l, number, false) : NULL;
    if (s) {
        slot **list = s->mixed < l->config.clips ? &l->partial : &l->ready;
        s->next = *list;
        *list = s;
    }
    pthread_mutex_unlock(&l->lock);
    return s != NULL;
}

void dfn_loader_give(dfn_loader *l, const dfn_shard *shard)
{
    slot *s = (slot *)(void *)shard;
    if (!s)
        return;
    pthread_mutex_lock(&l->lock);
    s->next = l->unused;
    l->unused = s;
    pthread_mutex_unlock(&l->lock);
}

double dfn_loader_waited(const dfn_loader *l)
{
    dfn_loader *m = (dfn_loader *)l; /* the lock is no part of what is promised const */
    pthread_mutex_lock(&m->lock);
    const double waited = m->waited;
    pthread_mutex_unlock(&m->lock);
    return waited;
}

static dfn_status start(dfn_loader *l, const dfn_sounds *sounds, const dfn_mix_config *mix,
                        dfn_error *err)
{
    const dfn_loader_config *c = &l->config;
    const int mixers = c->threads + c->callers;
    l->worker = calloc((size_t)mixers, sizeof *l->worker);
    if (!l->worker)
        return dfn_fail(err, DFN_ERR_NOMEM, "loader: out of memory");
    for (int i = 0; i < c->ahead; i++) { /* what a run needs at least is there at once */
        slot *s = slot_new(c);
        if (s) {
            s->next = l->unused;
            l->unused = s;
        }
        if (!slot_good(s))
            return dfn_fail(err, DFN_ERR_NOMEM, "loader: out of memory");
    }
    for (int i = 0; i < mixers; i++) {
        worker *w = &l->worker[i];
        w->loader = l;
        const dfn_status status =
            i ? dfn_mixer_share(&w->mixer, l->worker[0].mixer, err)
              : dfn_mixer_new(&w->mixer, sounds, mix, c->split, c->samples, err);
        if (status)
            return status;
        if (i >= c->threads) {
            w->next = l->idle;
            l->idle = w;
        }
    }
    for (; l->workers < c->threads; l->workers++)
        if (pthread_create(&l->worker[l->workers].thread, NULL, work,
                           &l->worker[l->workers]) != 0)
            return dfn_fail(err, DFN_ERR_NOMEM, "loader: no thread can be started");
    return DFN_OK;
}

dfn_status dfn_loader_new(dfn_loader **out, const dfn_sounds *sounds,
                          const dfn_mix_config *mix, const dfn_loader_config *config,
                          dfn_error *err)
{
    *out = NULL;
    if (config->epoch_clips == 0 || config->samples == 0 || config->clips < 1 ||
        config->threads < 0 || config->callers < 0 ||
        config->threads + config->callers < 1 || config->ahead < 1)
        return dfn_fail(err, DFN_ERR_ARG,
                        "loader: epoch, samples, clips, ahead, and threads or callers must "
                        "be at least 1");
    dfn_loader *l = calloc(1, sizeof *l);
    if (!l)
        return dfn_fail(err, DFN_ERR_NOMEM, "loader: out of memory");
    l->config = *config;
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->room, NULL);
    pthread_cond_init(&l->made, NULL);
    const dfn_status status = start(l, sounds, mix, err);
    if (status)
        dfn_loader_free(l);
    else
        *out = l;
    return status;
}

void dfn_loader_free(dfn_loader *l)
{
    if (!l)
        return;
    pthread_mutex_lock(&l->lock);
    l->stop = true;
    pthread_cond_broadcast(&l->room);
    pthread_mutex_unlock(&l->lock);
    for (int i = 0; i < l->workers; i++)
        pthread_join(l->worker[i].thread, NULL);
    for (int i = l->config.threads + l->config.callers - 1; l->worker && i >= 0; i--)
        dfn_mixer_free(l->worker[i].mixer); /* the first one last: the others share it */
    slots_free(l->ready);
    slots_free(l->partial);
    slots_free(l->unused);
    pthread_cond_destroy(&l->made);
    pthread_cond_destroy(&l->room);
    pthread_mutex_destroy(&l->lock);
    free(l->worker);
    free(l);
}
