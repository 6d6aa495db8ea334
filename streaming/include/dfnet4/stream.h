/* stream.h - enhance audio as it comes: any block size, any rate, any number of channels.
 *
 * Threads: dfn_stream_process and dfn_stream_reset belong to one audio thread at a time;
 * dfn_stream_set, _get and _meter may be called by any thread at any time. */
#ifndef DFNET4_STREAM_H
#define DFNET4_STREAM_H

#include <dfnet4/model.h>

DFN_BEGIN

typedef struct dfn_stream dfn_stream;

typedef enum dfn_param {
#define DFN_PARAM(symbol, NAME, label, unit, min, max, def, help) DFN_PARAM_##NAME,
#include <dfnet4/params.def>
#undef DFN_PARAM
    DFN_PARAM_COUNT
} dfn_param;

typedef struct dfn_param_info {
    const char *symbol, *label, *unit, *help;
    float min, max, def;
} dfn_param_info;

/** What there is to know about a parameter; NULL if `p` is none. thread: any. rt: yes */
DFN_API const dfn_param_info *dfn_param_get_info(dfn_param p) DFN_RT;

typedef enum dfn_meter {
    DFN_METER_LSNR_DB,      /* local SNR the network saw in the last hop */
    DFN_METER_REDUCTION_DB, /* output over delayed input level of the last hop, 0 or less */
    DFN_METER_INPUT_DB,     /* RMS of the last hop, dBFS, -120 at least */
    DFN_METER_OUTPUT_DB,
    DFN_METER_VAD, /* probability 0 .. 1 that the last hop holds speech; 0 without a head */
    DFN_METER_COUNT
} dfn_meter;

typedef struct dfn_stream_config {
    int sample_rate;  /* 8000 .. 192000 */
    int channels;     /* 1 .. 64 */
    bool independent; /* false: one mask from the mean of all channels; true: one each */
    unsigned cpu;     /* DFN_CPU_* allowed, as from dfn_cpu_detect() */
    int hops;         /* 1 .. 64 that run at a time, for files; 0 is 1 */
} dfn_stream_config;

/** Build a stream: every allocation it will ever make. `model` must have weights
 *  and outlive it. rt: no
 *
 *  With hops = H the network waits for H hops (of 10 ms as a rule) and then runs them in
 * one go: less work for each of them, since it reads its weights once. Against hops = 1,
 *
 *  output  is bit for bit the same, H - 1 hops later (a fraction of a sample rounded up).
 *          All that is said between two calls meets the hops it would meet there; only
 *          bypass is heard at once, and a rest after dfn_stream_overload begins once the
 *          hops of before have run
 *  meters  of what the network says change once per H hops; levels are those of now
 *  cost    comes in bursts: all H hops in the call that completes them; if the network goes
 *          astray among them, those after are run again, so that each runs twice at most
 *  memory  of what the graphs compute grows with H */
DFN_API DFN_MUST_CHECK dfn_status dfn_stream_new(dfn_stream **out, const dfn_model *model,
                                                 const dfn_stream_config *config,
                                                 dfn_error *err);
DFN_API void dfn_stream_free(dfn_stream *s); /* NULL allowed */

/** Enhance `frames` samples of every channel.
 *
 *  shape   in[channels][frames], out[channels][frames]; any number of frames, 0 included
 *  units   full scale 1.0; NaN and Inf count as silence, louder than +60 dBFS is clipped
 *  alias   out[c] == in[c] is allowed; other overlap is not
 *  latency exactly dfn_stream_latency() samples, for every block size
 *  silence after 10 s of exact zeros in every channel the network starts afresh with the
 *          first sound: from there on, at the model's own rate and counted in whole hops,
 *          the output is bit for bit that of a new stream
 *  rt      yes; the cost is bounded by `frames`, and by the hops that run at a time,
 *          whatever the signal */
DFN_API void dfn_stream_process(dfn_stream *s, const float *const *in, float *const *out,
                                size_t frames) DFN_RT;

/** Samples from in to out at the stream's rate; constant for its life. Exact, but for rates
 *  at which a hop is no whole number of samples: there, the nearest number. rt: yes */
DFN_API int dfn_stream_latency(const dfn_stream *s) DFN_RT;

/** What dfn_stream_latency() of a stream like this would tell; works for a model without
 * weights, too. `samples` stays as it is after an error. rt: no */
DFN_API DFN_MUST_CHECK dfn_status dfn_stream_find_latency(int *samples,
                                                          const dfn_model *model,
                                                          const dfn_stream_config *config,
                                                          dfn_error *err);

/** Set a parameter: clamped to its range, NaN ignored, reached smoothly within 20 ms (and
 *  what resampling holds back, 12 ms at most), without a click; with several hops at a time
 *  it holds from the hop that is being collected on, bypass from the next sample out.
 *  _get returns the target. thread: any. rt: yes */
DFN_API void dfn_stream_set(dfn_stream *s, dfn_param p, float value) DFN_RT;
DFN_API float dfn_stream_get(const dfn_stream *s, dfn_param p) DFN_RT;

/** Tell the stream that its thread misses deadlines (true) or has recovered (false). While
 * set, the network rests and the delayed input passes, faded in and out; the delay stays
 * the same. thread: any. rt: yes */
DFN_API void dfn_stream_overload(dfn_stream *s, bool overloaded) DFN_RT;

/** A level for display. thread: any. rt: yes */
DFN_API float dfn_stream_meter(const dfn_stream *s, dfn_meter m) DFN_RT;

/** Forget everything heard so far; parameters stay. thread: the audio thread. rt: yes */
DFN_API void dfn_stream_reset(dfn_stream *s) DFN_RT;

DFN_END

#endif
