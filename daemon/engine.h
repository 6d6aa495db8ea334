/* engine.h - the audio of one instance: what a backend calls for each block.
 *
 * A stream (dfnet4/stream.h) with what a live one needs: it is watched for missed
 * deadlines, and its model may change while it runs. One thread, the main one, owns the
 * engine; one audio thread at a time calls dfnd_engine_process. */
#ifndef DFND_ENGINE_H
#define DFND_ENGINE_H

#include <dfnet4/stream.h>

typedef struct dfnd_engine dfnd_engine;

/* Counters and levels since the start. */
typedef struct dfnd_engine_status {
    uint64_t blocks, frames;
    uint64_t overloads; /* times the network was given a rest, since it was too slow */
    bool overloaded;    /* it rests now */
    double load;        /* time in the network over time of audio, about the last second */
    double load_max;    /* of one block */
    float meter[DFN_METER_COUNT];
} dfnd_engine_status;

/* Told when a model is no longer in use. Main thread. */
typedef void dfnd_engine_release(void *user, const dfn_model *model);

/** Build the stream, run it once so that its memory is there, and forget that. `release` is
 * called for each model that was given, once; not if this fails. rt: no */
DFN_MUST_CHECK dfn_status dfnd_engine_new(dfnd_engine **out, const dfn_model *model,
                                          const dfn_stream_config *config,
                                          dfnd_engine_release *release, void *user,
                                          dfn_error *err);
void dfnd_engine_free(dfnd_engine *e); /* NULL allowed; no audio thread may be in it */

/** As dfn_stream_process, and watched: a block must be done in a share of its own length,
 * else the network rests (delayed dry sound, no click) and tries again later, first after
 * a second, then after ever longer times up to a minute. rt: yes */
void dfnd_engine_process(dfnd_engine *e, const float *const *in, float *const *out,
                         size_t frames) DFN_RT;

/** Another model: it is warmed up here, runs along until its delay is filled, and fades in
 * within 20 ms. Parameters stay. DFN_ERR_UNSUPPORTED while the audio thread is at the
 * change before. thread: main. rt: no */
DFN_MUST_CHECK dfn_status dfnd_engine_change(dfnd_engine *e, const dfn_model *model,
                                             dfn_error *err);
/** Free what a change left over. To be called now and then. thread: main. rt: no */
void dfnd_engine_collect(dfnd_engine *e);

/** Samples, as dfn_stream_latency, of the newest model. thread: main */
int dfnd_engine_latency(const dfnd_engine *e);
/** Forget the sound of before: after a pause. thread: the audio thread. rt: yes */
void dfnd_engine_reset(dfnd_engine *e) DFN_RT;

/** As dfn_stream_set and _get. thread: main. rt: yes */
void dfnd_engine_set(dfnd_engine *e, dfn_param p, float value);
float dfnd_engine_get(const dfnd_engine *e, dfn_param p);

/** thread: any. rt: yes */
void dfnd_engine_get_status(const dfnd_engine *e, dfnd_engine_status *status);

#endif
