/* play.h - drive a stream from a test. Signals are [channels][frames], dense. */
#ifndef PLAY_H
#define PLAY_H

#include "check.h"
#include "tiny_model.h"

#include <dfnet4/stream.h>

typedef struct player {
    dfn_model *model;
    void *bytes;
    dfn_stream *stream;
    int rate, channels;
} player;

typedef struct play_network {
    const char *name; /* NULL behind the last */
    tiny_model_config model;
} play_network;

/** A tiny network of every form. */
extern const play_network play_networks[];

/** A stream over the tiny model; exits with 1 if it cannot be made. */
player play_open(int rate, int channels, bool independent);
/** The same over any other model of the tests. */
player play_open_model(const tiny_model_config *model, int rate, int channels,
                       bool independent);
/** The same with any configuration, but for `cpu`, and with every weight whose name holds
 * `part` (all: "") multiplied `by`: large ones lead a network astray. */
player play_open_scaled(const tiny_model_config *model, dfn_stream_config config,
                        const char *part, float by);
void play_close(player *p);

/** Noise in [-0.5, 0.5) in bursts, so that levels move; free with free(). */
float *play_noise(int channels, int frames, uint64_t seed);
float *play_silence(int channels, int frames);

/** Frames [from, to) of signals that are `total` frames long, in blocks of `block` frames;
 * 0: of random lengths up to 2000. */
void play_part(player *p, const float *in, float *out, int total, int from, int to,
               int block);

/** All frames in blocks. */
void play(player *p, const float *in, float *out, int frames, int block);

/** Index of the first difference between two arrays, bit for bit; -1 if there is none. */
int play_differ(const float *a, const float *b, int n);

/** The largest difference between two arrays from `from` on, before `to`; NaN if there is
 * one. */
double play_distance(const float *a, const float *b, int from, int to);

/** Largest second difference of x[from .. to). */
double play_bend(const float *x, int from, int to);

bool play_finite(const float *x, int n);

#endif
