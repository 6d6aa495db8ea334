/* portaudio_worker.c - the thread that opens devices, sees them fail and opens them again.
 */
#include "portaudio_worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

static const double FIRST_WAIT = 0.25, LAST_WAIT = 2;
static const double DEAD = 2;     /* s without a callback */
static const double DISTURB = 30; /* s between looks for devices that stop other streams */

double dfnd_pa_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void report(dfnd_backend *b, dfnd_pa_lane *l, const dfnd_pa_report *r)
{
    pthread_mutex_lock(&b->lock);
    l->report = *r;
    l->report.fresh = true;
    pthread_mutex_unlock(&b->lock);
    if (eventfd_write(b->event_fd, 1))
        return; /* it is full: main knows */
}

static void report_failure(dfnd_backend *b, dfnd_pa_lane *l, dfnd_state state,
                           const char *detail)
{
    dfnd_pa_report r = {.state = state};
    snprintf(r.detail, sizeof r.detail, "%.*s", DFND_TEXT - 1, detail);
    report(b, l, &r);
}

static bool is_open(const dfnd_pa_lane *l) { return l->streams[0] != NULL; }

static void wait_longer(dfnd_pa_lane *l)
{
    l->wait = l->wait > 0 ? 2 * l->wait : FIRST_WAIT;
    if (l->wait > LAST_WAIT)
        l->wait = LAST_WAIT;
    l->retry_at = dfnd_pa_now() + l->wait;
}

/* ---- streams that die -----------------------------------------------------------------
 */

static bool is_dead(dfnd_pa_lane *l, double now)
{
    if (l->finished || (l->jack && Pa_IsStreamActive(l->streams[0]) != 1))
        return true;
    for (int k = 0; k < 2; k++) {
        const uint64_t beats = atomic_load_explicit(&l->beats[k], memory_order_relaxed);
        if (beats != l->seen[k] || l->seen_at[k] == 0) {
            l->seen[k] = beats;
            l->seen_at[k] = now;
        } else if (now - l->seen_at[k] > DEAD) {
            return true;
        }
    }
    return false;
}

static void ask_to_start_over(dfnd_backend *b)
{
    b->start_over = true;
    if (eventfd_write(b->event_fd, 1))
        return;
}

static void look_after(dfnd_backend *b, dfnd_pa_lane *l, double now)
{
    const bool dead = is_dead(l, now);
    if (dead && l->jack) {
        ask_to_start_over(b);
    } else if (dead) {
        dfnd_pa_close(b, l);
        report_failure(b, l, DFND_NO_DEVICE, "the device stopped; it is looked for");
        l->wait = 0;
        wait_longer(l);
        b->stale = true;
    } else if (l->longest > (unsigned long)l->block) {
        l->block = (int)l->longest; /* the bridge is too short for that */
        if (dfnd_duplex_delay(l->duplex) > 0)
            dfnd_pa_close(b, l);
    }
}

/* ---- opening --------------------------------------------------------------------------
 */

/* PortAudio makes its list of devices at its start only. */
static bool scan(dfnd_backend *b)
{
    for (dfnd_pa_lane *l = b->lanes; l; l = l->next)
        if (is_open(l))
            dfnd_pa_close(b, l);
    if (b->initialised)
        Pa_Terminate();
    const PaError e = Pa_Initialize();
    b->initialised = e == paNoError;
    b->stale = !b->initialised;
    b->scanned = dfnd_pa_now();
    dfnd_pa_know(true, b->initialised);
    for (dfnd_pa_lane *l = b->lanes; l && e; l = l->next) {
        report_failure(b, l, DFND_NO_SERVER, Pa_GetErrorText(e));
        wait_longer(l);
    }
    return b->initialised;
}

static void try_open(dfnd_backend *b, dfnd_pa_lane *l)
{
    dfnd_pa_report r = {0};
    dfn_error err = {0};
    l->longest = 0;
    const dfn_status status = dfnd_pa_open(b, l, &r, &err);
    if (!status) {
        l->seen_at[0] = l->seen_at[1] = 0;
        l->wait = 0;
        report(b, l, &r);
        return;
    }
    report_failure(b, l, status == DFN_ERR_IO ? DFND_NO_DEVICE : DFND_BROKEN, err.text);
    wait_longer(l);
    b->stale = true;
}

static void attend(dfnd_backend *b)
{
    const double now = dfnd_pa_now();
    bool wanted = false, others = false;
    for (dfnd_pa_lane *l = b->lanes; l; l = l->next) {
        if (is_open(l))
            look_after(b, l, now);
        others |= is_open(l);
        wanted |= !is_open(l) && l->retry_at <= now;
    }
    if (!wanted || b->start_over)
        return;
    if (!b->initialised || (b->stale && (!others || now - b->scanned > DISTURB)))
        if (!scan(b))
            return;
    for (dfnd_pa_lane *l = b->lanes; l; l = l->next)
        if (!is_open(l) && l->retry_at <= now)
            try_open(b, l);
}

/* ---- the thread -----------------------------------------------------------------------
 */

/* With the lock, which is given back meanwhile. */
static void take_changes(dfnd_backend *b)
{
    while (b->fresh) {
        dfnd_pa_lane *l = b->fresh;
        b->fresh = l->next;
        l->next = b->lanes;
        b->lanes = l;
    }
    const bool rescan = b->rescan;
    b->rescan = false;
    b->stale |= rescan;
    for (dfnd_pa_lane **at = &b->lanes; *at;) {
        dfnd_pa_lane *l = *at;
        const bool removed = l->removed;
        if (removed || l->reopen || rescan) {
            l->reopen = false;
            pthread_mutex_unlock(&b->lock);
            dfnd_pa_close(b, l);
            pthread_mutex_lock(&b->lock);
            l->retry_at = l->wait = 0;
        }
        if (removed) {
            *at = l->next;
            free(l);
        } else {
            at = &l->next;
        }
    }
}

/* Until somebody calls, something is due, or it is time to look after the streams. */
static void rest(dfnd_backend *b)
{
    double until = dfnd_pa_now() + 0.5;
    for (const dfnd_pa_lane *l = b->lanes; l; l = l->next)
        if (!is_open(l) && l->retry_at < until)
            until = l->retry_at;
    const struct timespec t = {.tv_sec = (time_t)until,
                               .tv_nsec = (long)((until - (double)(time_t)until) * 1e9)};
    pthread_cond_timedwait(&b->changed, &b->lock, &t);
}

void *dfnd_pa_work(void *backend)
{
    dfnd_backend *b = backend;
    pthread_mutex_lock(&b->lock);
    while (!b->quit) {
        b->busy_since = dfnd_pa_now();
        take_changes(b);
        pthread_mutex_unlock(&b->lock);
        attend(b);
        pthread_mutex_lock(&b->lock);
        b->busy_since = 0;
        if (!b->quit)
            rest(b);
    }
    const bool can_close = !b->start_over;
    pthread_mutex_unlock(&b->lock);
    for (dfnd_pa_lane *l = b->lanes; can_close && l; l = l->next)
        dfnd_pa_close(b, l);
    if (can_close && b->initialised)
        Pa_Terminate();
    if (can_close)
        dfnd_pa_know(false, false);
    pthread_mutex_lock(&b->lock);
    b->ended = true;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
    return NULL;
}
