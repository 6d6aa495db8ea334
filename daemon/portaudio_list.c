/* portaudio_list.c - all devices, for --list-devices. In a thread: PortAudio opens each of
 * them to look at it, and one may hang. */
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

static void collect(listing *l)
{
    int count;
    dfnd_pa_entry *list = dfnd_pa_entries(&count);
    l->devices = list ? calloc(count > 0 ? (size_t)count : 1, sizeof *l->devices) : NULL;
    l->count = l->devices ? count : 0;
    for (int i = 0; i < l->count; i++) {
        listed *d = &l->devices[i];
        d->entry = list[i];
        snprintf(d->name, sizeof d->name, "%s: %s", list[i].api, list[i].name);
        snprintf(d->description, sizeof d->description, "number %d", i);
    }
    free(list);
}

static void *run(void *user)
{
    listing *l = user;
    l->error = Pa_Initialize();
    if (!l->error) {
        collect(l);
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

static void tell(const listing *l, dfnd_device_found *found, void *user)
{
    for (int k = 0; k < 2 * l->count; k++) {
        const listed *i = &l->devices[k / 2];
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

dfn_status dfnd_pa_list(dfnd_device_found *found, void *user, dfn_error *err)
{
    pthread_t thread;
    pthread_condattr_t attr;
    struct timespec until;
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
        tell(l, found, user);
    free_listing(l);
    return e ? dfn_fail(err, DFN_ERR_IO, "PortAudio: %s", Pa_GetErrorText(e)) : DFN_OK;
}
