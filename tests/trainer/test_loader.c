/* Shards come in order and are the same whatever the number of threads. Examples are made
 * by a mixer of our own here, which writes down what it was asked for. */
#include "check.h"
#include "data/loader.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SAMPLES = 64, CLIPS = 3, EPOCH = 7, SHARDS = 40 };

struct dfn_mixer {
    size_t samples;
};

static pthread_mutex_t count_lock = PTHREAD_MUTEX_INITIALIZER;
static int mixers, mixes, refuse; /* refuse: the mixer that cannot be made */

static int count_mixes(int add)
{
    pthread_mutex_lock(&count_lock);
    const int n = mixes += add;
    pthread_mutex_unlock(&count_lock);
    return n;
}

dfn_status dfn_mixer_new(dfn_mixer **out, const dfn_sounds *sounds,
                         const dfn_mix_config *config, dfn_split split, size_t samples,
                         dfn_error *err)
{
    (void)sounds, (void)config, (void)split;
    *out = NULL;
    if (mixers + 1 == refuse)
        return dfn_fail(err, DFN_ERR_NOMEM, "no mixer");
    *out = malloc(sizeof **out);
    (*out)->samples = samples;
    mixers++;
    return DFN_OK;
}

dfn_status dfn_mixer_share(dfn_mixer **out, const dfn_mixer *like, dfn_error *err)
{
    return dfn_mixer_new(out, NULL, NULL, DFN_TRAIN_SPLIT, like->samples, err);
}

void dfn_mixer_free(dfn_mixer *m)
{
    mixers -= m != NULL;
    free(m);
}

static void pause_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

void dfn_mix(dfn_mixer *m, uint64_t seed, uint64_t epoch, uint64_t index, float *noisy,
             float *target, dfn_clip *clip)
{
    if (index % 3 == 0) /* so that threads overtake each other */
        pause_ms(1);
    *clip = (dfn_clip){.epoch = epoch, .index = index};
    for (size_t i = 0; i < m->samples; i++) {
        noisy[i] = (float)(seed * 1000 + epoch * 100 + index * 10) + (float)i / 128;
        target[i] = -noisy[i];
    }
    count_mixes(1);
}

/* Callers, if any, make shards themselves. */
static dfn_loader_config with_callers(int threads, int callers, int ahead)
{
    return (dfn_loader_config){.seed = 2,
                               .epoch_clips = EPOCH,
                               .samples = SAMPLES,
                               .clips = CLIPS,
                               .threads = threads,
                               .callers = callers,
                               .ahead = ahead};
}

static dfn_loader_config plain(int threads, int ahead)
{
    return with_callers(threads, 0, ahead);
}

static dfn_loader *loader(const dfn_loader_config *c)
{
    dfn_loader *l;
    dfn_error err = {0};
    const dfn_status status = dfn_loader_new(&l, NULL, NULL, c, &err);
    CHECK(!status, "%s", err.text);
    return l;
}

/* A shard must hold the examples first + number * clips ... and nothing else. */
static void check_shard(const dfn_shard *s, uint64_t number, uint64_t first)
{
    CHECK(s && s->number == number, "shard %d", (int)number);
    for (int k = 0; s && k < CLIPS; k++) {
        const uint64_t i = first + number * CLIPS + (uint64_t)k;
        const float want = (float)(2000 + i / EPOCH * 100 + i % EPOCH * 10);
        const float *noisy = s->noisy + k * SAMPLES, *target = s->target + k * SAMPLES;
        CHECK(s->clip[k].epoch == i / EPOCH && s->clip[k].index == i % EPOCH,
              "shard %d, clip %d: %d of epoch %d", (int)number, k, (int)s->clip[k].index,
              (int)s->clip[k].epoch);
        for (int j = 0; j < SAMPLES; j++) {
            const float x = want + (float)j / 128;
            CHECK(noisy[j] == x && target[j] == -x, "shard %d, clip %d, sample %d",
                  (int)number, k, j);
        }
    }
}

static void test_order(int threads, int callers, int ahead, uint64_t first)
{
    dfn_loader_config c = with_callers(threads, callers, ahead);
    c.first = first;
    dfn_loader *l = loader(&c);
    for (uint64_t n = 0; l && n < SHARDS; n++) {
        const dfn_shard *s = dfn_loader_take(l);
        check_shard(s, n, first);
        dfn_loader_give(l, s);
    }
    dfn_loader_free(l);
    CHECK(mixers == 0, "%d mixers left", mixers);
}

/* More are out at once than are kept ahead: a batch of many shards must not hang. */
static void test_hold(int threads, int callers)
{
    const dfn_loader_config c = with_callers(threads, callers, 1);
    const dfn_shard *s[SHARDS];
    dfn_loader *l = loader(&c);
    for (uint64_t n = 0; n < SHARDS; n++)
        s[n] = dfn_loader_take(l);
    for (uint64_t n = 0; n < SHARDS; n++)
        check_shard(s[n], n, 0);
    for (int n = 0; n < SHARDS; n++)
        dfn_loader_give(l, s[n]);
    dfn_loader_free(l);
}

/* Threads make `ahead` shards and no more. */
static void test_bound(void)
{
    const dfn_loader_config c = plain(3, 4);
    count_mixes(-count_mixes(0));
    dfn_loader *l = loader(&c);
    for (int i = 0; i < 500 && count_mixes(0) < 4 * CLIPS; i++)
        pause_ms(2);
    pause_ms(20);
    CHECK(count_mixes(0) == 4 * CLIPS, "%d made", count_mixes(0));
    const double before = dfn_loader_waited(l);
    const dfn_shard *s = dfn_loader_take(l);
    CHECK(before == 0 && dfn_loader_waited(l) == 0, "waited for what is ready");
    check_shard(s, 0, 0);
    dfn_loader_give(l, s);
    dfn_loader_free(l); /* full */
}

static void test_waited(void)
{
    const dfn_loader_config c = plain(1, 1);
    dfn_loader *l = loader(&c);
    for (int i = 0; i < 10; i++)
        dfn_loader_give(l, dfn_loader_take(l));
    CHECK(dfn_loader_waited(l) > 0.001, "%g s", dfn_loader_waited(l)); /* ten pauses */
    dfn_loader_free(l);
}

/* Who makes a shard does not wait for it. */
static void test_own(void)
{
    const dfn_loader_config c = with_callers(0, 1, 1);
    dfn_loader *l = loader(&c);
    for (int i = 0; i < 10; i++)
        dfn_loader_give(l, dfn_loader_take(l));
    CHECK(dfn_loader_waited(l) == 0, "%g s", dfn_loader_waited(l));
    dfn_loader_free(l);
}

typedef struct taker {
    dfn_loader *l;
    uint64_t seen[SHARDS];
    int count;
} taker;

static void *take_some(void *user)
{
    taker *t = user;
    for (; t->count < SHARDS / 4; t->count++) {
        const dfn_shard *s = dfn_loader_take(t->l);
        check_shard(s, s->number, 0);
        t->seen[t->count] = s->number;
        dfn_loader_give(t->l, s);
    }
    return NULL;
}

/* Each shard goes to one of four callers. */
static void test_takers(int threads, int callers)
{
    const dfn_loader_config c = with_callers(threads, callers, 2);
    dfn_loader *l = loader(&c);
    taker t[4] = {0};
    pthread_t thread[4];
    int times[SHARDS] = {0};
    for (int i = 0; i < 4; i++) {
        t[i].l = l;
        pthread_create(&thread[i], NULL, take_some, &t[i]);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < t[i].count; k++)
            times[t[i].seen[k] < SHARDS ? t[i].seen[k] : 0]++;
    for (int n = 0; n < SHARDS; n++)
        CHECK(times[n] == 1, "shard %d came %d times", n, times[n]);
    dfn_loader_free(l);
}

/* Clips that are mixed ahead, clip by clip, are those of the next shards, and no more. */
static void test_ahead(int clips)
{
    const dfn_loader_config c = with_callers(0, 1, 2);
    dfn_loader *l = loader(&c);
    count_mixes(-count_mixes(0));
    for (int i = 0; i < clips; i++)
        CHECK(dfn_loader_work(l) == (i < 2 * CLIPS), "clip %d", i);
    CHECK(count_mixes(0) == (clips < 2 * CLIPS ? clips : 2 * CLIPS), "%d mixed, not %d",
          count_mixes(0), clips);
    for (uint64_t n = 0; n < 3; n++) {
        const dfn_shard *s = dfn_loader_take(l);
        check_shard(s, n, 0);
        dfn_loader_give(l, s);
    }
    CHECK(count_mixes(0) == 3 * CLIPS, "%d mixed of 3 shards", count_mixes(0));
    dfn_loader_free(l);
}

typedef struct idler {
    dfn_loader *l;
    atomic_bool stop;
} idler;

static void *work_ahead(void *user)
{
    idler *i = user;
    while (!i->stop)
        dfn_loader_work(i->l);
    return NULL;
}

/* Callers that mix ahead while another one takes. */
static void test_idlers(int threads, int callers)
{
    const dfn_loader_config c = with_callers(threads, callers, 2);
    idler i = {.l = loader(&c)};
    pthread_t thread[2];
    for (int k = 0; k < 2; k++)
        pthread_create(&thread[k], NULL, work_ahead, &i);
    for (uint64_t n = 0; n < SHARDS; n++) {
        const dfn_shard *s = dfn_loader_take(i.l);
        check_shard(s, n, 0);
        dfn_loader_give(i.l, s);
    }
    i.stop = true;
    for (int k = 0; k < 2; k++)
        pthread_join(thread[k], NULL);
    dfn_loader_free(i.l);
}

static void test_refusals(void)
{
    dfn_loader *l;
    dfn_error err;
    for (int i = 0; i < 5; i++) {
        dfn_loader_config c = plain(i != 0, i != 1);
        c.clips = i == 2 ? 0 : c.clips;
        c.samples = i == 3 ? 0 : c.samples;
        c.epoch_clips = i == 4 ? 0 : c.epoch_clips;
        CHECK(dfn_loader_new(&l, NULL, NULL, &c, &err) == DFN_ERR_ARG && !l, "%d", i);
    }
    const dfn_loader_config c = plain(3, 2);
    refuse = 3;
    CHECK(dfn_loader_new(&l, NULL, NULL, &c, &err) == DFN_ERR_NOMEM && !l, "no mixer");
    refuse = 0;
    CHECK(mixers == 0, "%d mixers left", mixers);
    dfn_loader_free(NULL);
}

int main(void)
{
    const uint64_t firsts[] = {0, 5, 1000003};
    for (int f = 0; f < 3; f++) {
        test_order(1, 0, 1, firsts[f]);
        test_order(2, 0, 4, firsts[f]);
        test_order(5, 0, 3, firsts[f]);
        test_order(0, 1, 1, firsts[f]);
        test_order(2, 3, 2, firsts[f]);
    }
    test_hold(2, 0);
    test_hold(0, 1);
    test_hold(1, 2);
    test_bound();
    test_waited();
    test_own();
    test_takers(3, 0);
    test_takers(0, 4);
    test_takers(0, 1); /* who has no mixer waits for it */
    test_takers(1, 2);
    for (int clips = 0; clips < 8; clips++)
        test_ahead(clips);
    test_idlers(0, 3);
    test_idlers(0, 1);
    test_idlers(1, 2);
    test_refusals();
    for (int i = 0; i < 20; i++) { /* stopped at any point */
        const dfn_loader_config c = plain(1 + i % 4, 1 + i % 3);
        dfn_loader *l = loader(&c);
        if (i % 2)
            dfn_loader_give(l, dfn_loader_take(l));
        dfn_loader_free(l);
    }
    return check_report();
}
