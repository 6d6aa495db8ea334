/* portaudio_worker.h - the parts of the PortAudio backend.
 *
 * PortAudio's calls may take seconds or hang, and see new devices only after all streams
 * are closed. So one thread of our own, the worker, makes them all (portaudio_worker.c);
 * the main thread (portaudio.c) tells it what is wanted and is told how it went. */
#ifndef DFND_PORTAUDIO_WORKER_H
#define DFND_PORTAUDIO_WORKER_H

#include "backend.h"
#include "duplex.h"
#include "portaudio_choose.h"

#include <portaudio.h>
#include <pthread.h>
#include <stdatomic.h>

/* What the worker has to say about an instance. */
typedef struct dfnd_pa_report {
    bool fresh;
    dfnd_state state;
    char linked[DFND_TEXT], detail[DFND_TEXT];
    int rate, quantum;
} dfnd_pa_report;

/* An instance and its streams. */
typedef struct dfnd_pa_lane {
    struct dfnd_pa_lane *next;
    dfnd_instance *instance; /* main thread only */
    dfnd_engine *engine;

    /* With the backend's lock. */
    char device[DFND_TEXT], output[DFND_TEXT];
    int channels;
    bool removed, reopen;
    dfnd_duplex *duplex; /* NULL: no streams */
    dfnd_pa_report report;

    /* The worker's. */
    PaStream *streams[2];  /* input and output, or one for both */
    bool jack;             /* they are JACK's */
    int block;             /* frames that callbacks are planned to have */
    double wait, retry_at; /* s */
    uint64_t seen[2];      /* beats ... */
    double seen_at[2];     /* ... and when they changed */

    /* From the audio threads. */
    _Atomic uint64_t beats[2], xruns;
    _Atomic unsigned long longest; /* block */
    atomic_bool finished, realtime;
} dfnd_pa_lane;

struct dfnd_backend {
    sd_event_source *wake, *timer;
    int event_fd;
    pthread_t worker;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* of CLOCK_MONOTONIC: for the worker, and when it has ended */
    dfnd_pa_lane *fresh;    /* with the lock: what the worker has to take over */
    bool quit, ended;
    bool rescan;                        /* with the lock: all streams and devices anew */
    atomic_bool start_over;             /* nothing works any more */
    bool closing;                       /* the worker is busy closing streams */
    double busy_since;                  /* the worker is inside PortAudio; 0: it is not */
    dfnd_pa_lane *mine[DFND_INSTANCES]; /* the main thread's, NULL where there is none */
    dfnd_pa_lane *lanes;     /* the worker's, which frees those that are removed */
    bool initialised, stale; /* stale: devices have to be looked for anew */
    double scanned;          /* when they were */
};

double dfnd_pa_now(void); /* s, CLOCK_MONOTONIC */

/** Keep ALSA and JACK from writing to stderr. */
void dfnd_pa_quiet(void);

/** All devices as PortAudio has them now; the caller frees the list. The texts are
 * PortAudio's. */
dfnd_pa_entry *dfnd_pa_entries(int *count);

/** Open and start the streams of a lane. DFN_ERR_IO: a device is not there. Worker. */
dfn_status dfnd_pa_open(dfnd_backend *b, dfnd_pa_lane *l, dfnd_pa_report *r,
                        dfn_error *err);
/** Stop and close them; nothing if there are none. Worker. */
void dfnd_pa_close(dfnd_backend *b, dfnd_pa_lane *l);

/** Become this program again, from its start: PortAudio waits ten minutes for streams to
 * stop whose JACK server is gone, and cannot begin anew before. Returns if that fails. */
void dfnd_pa_start_over(void);

void *dfnd_pa_work(void *backend);
/** For dfnd_pa_list: a worker is there, and it sees these devices now, or none. Worker; and
 * the main thread before there is one. */
void dfnd_pa_know(bool open, bool devices);
dfn_status dfnd_pa_list(dfnd_device_found *found, void *user, dfn_error *err);

#endif
