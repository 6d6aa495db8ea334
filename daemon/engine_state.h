/* engine_state.h - what both threads of an engine see. */
#ifndef DFND_ENGINE_STATE_H
#define DFND_ENGINE_STATE_H

#include "engine.h"

#include <stdatomic.h>

enum { DFND_CHANNELS = 2, DFND_CHUNK = 1024 };

typedef struct dfnd_alive {
    dfn_stream *stream;
    const dfn_model *model;
} dfnd_alive;

struct dfnd_engine {
    /* main thread */
    dfn_stream_config config;
    dfnd_engine_release *release;
    void *user;
    dfnd_alive alive[2]; /* [1]: the newer, while there are two */

    /* from one to the other */
    _Atomic(dfn_stream *) next;    /* to the audio thread */
    _Atomic(dfn_stream *) retired; /* from it */
    _Atomic uint64_t blocks, frames, overloads;
    _Atomic bool overloaded;
    _Atomic float load, load_max;

    /* audio thread */
    dfn_stream *current, *coming; /* `coming` runs along, then fades in */
    size_t coming_frames;         /* that it has run */
    float *scratch;               /* [channels][DFND_CHUNK] */
    double late;                  /* blocks of late that were late, fading */
    double rest;                  /* seconds until the network is tried again */
    double rest_seconds;          /* that the next rest takes */
    double calm;                  /* seconds since the network was late */
};

#endif
