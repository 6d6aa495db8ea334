/* engine_state.h - what both threads of an engine see. */
#ifndef DFND_ENGINE_STATE_H
#define DFND_ENGINE_STATE_H

#include "engine.h"

#include <stdatomic.h>

enum { DFND_CHANNELS = 2, DFND_CHUNK = 1024 };

/* A stream, and what it asks of this computer. */
typedef struct dfnd_network {
    dfn_stream *stream;
    const dfn_model *model;
    size_t hop;          /* frames */
    _Atomic double cost; /* of a hop, s, at best */
} dfnd_network;

struct dfnd_engine {
    /* main thread */
    dfn_stream_config config;
    dfnd_engine_release *release;
    void *user;
    dfnd_network *alive[2]; /* [1]: the newer, while there are two */
    double measured;        /* when its cost was, s */

    /* from one to the other */
    _Atomic(dfnd_network *) next;    /* to the audio thread */
    _Atomic(dfnd_network *) retired; /* from it */
    _Atomic uint64_t blocks, frames, overloads;
    _Atomic bool overloaded;
    _Atomic float load, load_max;

    /* audio thread */
    dfnd_network *current, *coming; /* `coming` runs along, then fades in */
    size_t block;                   /* frames of this call */
    size_t coming_frames;           /* that it has run */
    float *scratch;                 /* [channels][DFND_CHUNK] */
    double late;                    /* blocks of late that were late, fading */
    double rest;                    /* seconds until the network is tried again */
    double rest_seconds;            /* that the next rest takes */
    double calm;                    /* seconds since the network was late */
};

double dfnd_engine_now(void) DFN_RT; /* s, CLOCK_MONOTONIC */

#endif
