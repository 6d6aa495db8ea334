/* portaudio_list.c - all devices, for --list-devices and for hints. Without a backend that
 * is open, in a thread: PortAudio opens each of them to look at it, and one may hang. */
#include "portaudio_worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PATIENCE = 5 }; /* s; a second is too short for a card that has to wake up */

typedef struct listed {
    char name[DFND_TEXT], description[DFND_TEXT];
    dfnd_pa_entry entry;
} listed;

typedef struct listing {
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool finished, abandoned;
    PaError error;
    int count;
    listed *devices;
} listing;

static void free_listing(listing *l)
{
    pthread_cond_destroy(&l->done);
    pthread_mutex_destroy(&l->lock);
    free(l->devices);
    free(l);
}

static listed *collect(int *count)
{
    dfnd_pa_entry *list = dfnd_pa_entries(count);
    listed *devices =
        list ? calloc(*count > 0 ? (size_t)*count : 1, sizeof *devices) : NULL;
    if (!devices)
        *count = 0;
    for (int i = 0; i < *count; i++) {
        listed *d = &devices[i];
        d->entry = list[i];
        snprintf(d->name, sizeof d->name, "%s: %s", list[i].api, list[i].name);
        snprintf(d->description, sizeof d->description, "number %d", i);
    }
    free(list);
    return devices;
}

static void *run(void *user)
{
    listing *l = user;
    l->error = Pa_Initialize();
    if (!l->error) {
        l->devices = collect(&l->count);
        Pa_Terminate();
    }
    pthread_mutex_lock(&l->lock);
    l->finished = true;
    pthread_cond_signal(&l->done);
    const bool abandoned = l->abandoned;
    pthread_mutex_unlock(&l->lock);
    if (abandoned)
        free_listing(l);
    return NULL;
}

static void tell(const listed *devices, int count, dfnd_device_found *found, void *user)
{
    for (int k = 0; k < 2 * count; k++) {
        const listed *i = &devices[k / 2];
        const bool heard = k % 2 == 0;
        const dfnd_device d = {
            .name = i->name,
            .description = i->description,
            .direction = heard ? DFND_MICROPHONE : DFND_INCOMING,
            .channels = heard ? i->entry.in : i->entry.out,
            .is_default = heard ? i->entry.is_default_in : i->entry.is_default_out,
        };
        if (d.channels > 0)
            found(user, &d);
    }
}

/* ---- while a backend is open ----------------------------------------------------------
 *
 * PortAudio is one for the whole process and knows no threads, so only the worker may use
 * it. What it saw last is here. */

static struct {
    pthread_mutex_t lock;
    bool open;
    int count;
    listed *devices;
} known = {.lock = PTHREAD_MUTEX_INITIALIZER};

void dfnd_pa_know(bool open, bool devices)
{
    int count = 0;
    listed *now = devices ? collect(&count) : NULL;
    pthread_mutex_lock(&known.lock);
    listed *before = known.devices;
    known.open = open;
    known.count = count;
    known.devices = now;
    pthread_mutex_unlock(&known.lock);
    free(before);
}

/* False: no backend is open. */
static bool tell_known(dfnd_device_found *found, void *user)
{
    pthread_mutex_lock(&known.lock);
    const bool open = known.open;
    const int count = known.count;
    listed *copy = open && count ? malloc((size_t)count * sizeof *copy) : NULL;
    if (copy)
        memcpy(copy, known.devices, (size_t)count * sizeof *copy);
    pthread_mutex_unlock(&known.lock);
    if (copy)
        tell(copy, count, found, user);
    free(copy);
    return open;
}

/* ---- without one ----------------------------------------------------------------------
 */

dfn_status dfnd_pa_list(dfnd_device_found *found, void *user, dfn_error *err)
{
    pthread_t thread;
    pthread_condattr_t attr;
    struct timespec until;
    if (tell_known(found, user))
        return DFN_OK;
    listing *l = calloc(1, sizeof *l);
    if (!l)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&l->done, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&l->lock, NULL);
    dfnd_pa_quiet();
    if (pthread_create(&thread, NULL, run, l)) {
        free_listing(l);
        return dfn_fail(err, DFN_ERR_NOMEM, "no thread to list devices");
    }
    pthread_detach(thread);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += PATIENCE;
    pthread_mutex_lock(&l->lock);
    for (int e = 0; !l->finished && e != ETIMEDOUT;)
        e = pthread_cond_timedwait(&l->done, &l->lock, &until);
    l->abandoned = !l->finished;
    pthread_mutex_unlock(&l->lock);
    if (l->abandoned)
        return dfn_fail(err, DFN_ERR_IO, "the sound system does not answer");
    const PaError e = l->error;
    if (!e)
        tell(l->devices, l->count, found, user);
    free_listing(l);
    return e ? dfn_fail(err, DFN_ERR_IO, "PortAudio: %s", Pa_GetErrorText(e)) : DFN_OK;
}
