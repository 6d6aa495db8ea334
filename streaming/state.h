/* state.h - the inside of a stream. stream.c makes it, the audio call uses it.
 *
 *   host samples -> quantum -> [resampler] -> queue -> network -> [resampler] -> wet -> out
 *              \-> dry line, at the host's rate, for bypass --------------------------/
 *
 * A quantum is one hop's worth of host samples. Its borders lie at fixed sample counts, so
 * nothing ever depends on the host's block size, and every quantum gives exactly one hop.
 * When hops_max of them are in the queue, the network runs; as a rule that is one. */
#ifndef DFN_STREAM_STATE_H
#define DFN_STREAM_STATE_H

#include "resample.h"
#include "smooth.h"

#include <dfnet4/dsp.h>
#include <dfnet4/stream.h>
#include <stdatomic.h>

enum { DFN_STREAM_CHANNELS = 64, DFN_STREAM_HOPS = 64 };

/* One graph of the model, planned for hops_max frames. */
typedef struct dfn_runner {
    const dfn_graph *graph;
    const void *const *weights;
    dfn_plan *plan;
    int batch;
    size_t state_bytes;
    void *state[DFN_STREAM_CHANNELS];
} dfn_runner;

/* What the network makes for every stream and the filter stage uses. */
typedef struct dfn_control {
    const float *made;
    float *used;
    size_t size; /* numbers per stream and frame */
} dfn_control;

enum { DFN_STREAM_CONTROLS = 3 }; /* mask, coefs, keep */

typedef struct dfn_channel {
    SRC_STATE *to_model, *to_host; /* NULL at the model's own rate */
    float *quantum;                /* [quantum_max] host samples of this quantum */
    float *dry;                    /* [latency] ring at the host's rate */
    float *wet;                    /* [wet_max] enhanced, at the host's rate */
    float *hop;                    /* [hop_max] at the model's rate, not yet in the queue */
    float *queue;                  /* [hops_max][hop_size] as heard, then as enhanced */
    float *late;                   /* [lookahead + 1][hop_size] ring: the dry hops */
    float *enhanced;               /* [hop_size] */
    float *analysis, *synthesis;   /* [hop_size] overlap memories */
} dfn_channel;

/* What holds for a hop of the queue, from the moment it was complete. */
typedef struct dfn_note {
    bool rest;    /* overloaded */
    bool restart; /* the first sound after a long silence */
    float post_filter, limit_db;
} dfn_note;

struct dfn_stream {
    /* constant after set-up */
    int channels, hop_size, hops_max, bins, lookahead, settle_hops;
    int long_silence; /* hops of it after which the network starts afresh */
    int latency, prefill, quantum_max, wet_max, hop_max;
    dfn_schedule schedule;
    dfn_runner net, apply;
    float *net_spec, *net_lsnr;
    float *net_wave, *net_vad; /* NULL if the model has none */
    float *apply_spec, *apply_noisy, *apply_enhanced;
    dfn_control control[DFN_STREAM_CONTROLS];
    int n_control;
    dfn_stft *stft;
    void *block; /* every array, then every state */
    size_t audio_bytes;

    /* written by the audio thread only */
    dfn_channel channel[DFN_STREAM_CHANNELS];
    int64_t hops;        /* queued so far */
    int quantum, filled; /* length of this quantum, and how much of it is there */
    int wet_at, wet_n;   /* unread samples in every wet[] */
    int hop_n;           /* samples in every hop[] */
    int queued;          /* hops in every queue[] */
    dfn_note note[DFN_STREAM_HOPS]; /* of each of them */
    int dry_at, late_at;            /* positions in the rings */
    bool enhancing;                 /* the last hop ended enhanced, not dry */
    int settle;      /* hops to run before the enhanced signal is whole again */
    int alone;       /* hops to run one at a time, after the network went astray */
    int silence;     /* hops of exact zeros so far, long_silence at most */
    dfn_fade bypass; /* 1: dry */
    double power_in, power_late, power_out; /* sums of squares over this quantum */

    /* shared */
    _Atomic float param[DFN_PARAM_COUNT], meter[DFN_METER_COUNT];
    atomic_bool overloaded;
};

/* One more hop is in every queue[]: note what holds for it. rt: yes */
void dfn_stream_queue(dfn_stream *s) DFN_RT;

/* Enhance queue[0 .. queued) of every channel in place. rt: yes */
void dfn_stream_run(dfn_stream *s) DFN_RT;

/* Run the network on queue[at .. at + n) of every channel; n frames lie in its outputs. At
 * least one hop, hops_max at most. rt: yes */
void dfn_stream_network(dfn_stream *s, int at, int n) DFN_RT;

/* Start values of everything that remembers sound. rt: yes */
void dfn_stream_restart(dfn_stream *s) DFN_RT;

/* As dfn_stream_restart, for the overlap memories and both graphs only. rt: yes */
void dfn_stream_restart_network(dfn_stream *s) DFN_RT;

#endif
