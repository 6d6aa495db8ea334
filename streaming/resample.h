/* resample.h - from the host's rate to the model's and back, on a fixed schedule.
 *
 * libsamplerate's sinc converters add no delay of their own: output sample j belongs to
 * input time j / ratio. They only hold samples back until the filter's later half has
 * arrived. So the one question is when enough has come out, and trying it once with silence
 * answers it, since that never depends on the signal.
 *
 * SRC_SINC_MEDIUM_QUALITY, both ways, one channel, measured: flat to 0.87 of the lower
 * Nyquist frequency (-4 dB at 0.90, -73 dB at 0.97), images and aliases below -114 dB, 0.1
 * to 0.4 ms per 10 ms. FASTEST costs half, but loses 1 dB at 0.75 and 18 dB at 0.85 - the
 * consonants of a 16 kHz call; BEST costs three times as much, in time and in delay. */
#ifndef DFN_STREAM_RESAMPLE_H
#define DFN_STREAM_RESAMPLE_H

#include <dfnet4/status.h>
#include <samplerate.h>
#include <stdint.h>

/* How host samples are cut into quanta of one hop. */
typedef struct dfn_schedule {
    int rate, model_rate, hop_size;
    int lead;    /* host samples the first quantum is longer than the others */
    int prefill; /* zeros in the output at the start, so that it never runs dry */
} dfn_schedule;

/* Host samples of the first k quanta. */
static inline int64_t dfn_schedule_border(const dfn_schedule *s, int64_t k)
{
    return k ? s->lead + k * s->rate * s->hop_size / s->model_rate : 0;
}

/* Find lead and prefill for a rate, when hops run in groups of `hops`. Larger groups need
 * more prefill and change nothing else. rt: no */
dfn_status dfn_schedule_make(dfn_schedule *s, int rate, int model_rate, int hop_size,
                             int hops, dfn_error *err);

/* A converter for one channel in one direction; free with src_delete. rt: no */
dfn_status dfn_resampler_new(SRC_STATE **out, dfn_error *err);

/* Feed n samples; returns how many came out, `room` at most. rt: yes */
int dfn_resample(SRC_STATE *src, double ratio, const float *in, int n, float *out,
                 int room) DFN_RT;

#endif
