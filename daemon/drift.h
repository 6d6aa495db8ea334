/* drift.h - from one sound card's clock to another's.
 *
 * One thread writes blocks in the time of one device, another reads blocks in the time of
 * the other; their rates may differ, and each is a little off what it claims. Both say when
 * (any monotonic clock, s, the same for both). What is read is what was written
 * dfnd_drift_delay() earlier: always, since the ratio of the clocks is found and followed
 * by a second-order loop and the samples are interpolated (interp.h). No locks; nothing is
 * allocated after _new.
 *
 * The loop compares times of the two clocks (clock.h), not the fill of the ring, which
 * jumps with each block. Its bandwidth falls from 0.5 Hz to 0.02 Hz; it follows clocks up
 * to 2000 ppm apart, and moves the pitch by 4000 ppm at most (7 cents).
 *
 * If the ring runs dry or over (a device stood still), the sound fades out in 2 ms; once
 * there is enough for the delay again, it fades in. So the delay never grows. */
#ifndef DFND_DRIFT_H
#define DFND_DRIFT_H

#include <dfnet4/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct dfnd_drift dfnd_drift;

typedef struct dfnd_drift_config {
    int channels;             /* 1 .. 8 */
    double in_rate, out_rate; /* as the devices claim, Hz */
    int in_block, out_block;  /* frames of a write and a read, at most */
    double jitter; /* s that blocks may be off their mean time, in and out together; 0: half
                      a block of each */
} dfnd_drift_config;

typedef struct dfnd_drift_status {
    double ratio;                 /* of the clocks, out over in: 1 + ppm / 1e6 */
    double delay;                 /* from in to out now, s */
    double fill;                  /* input frames ahead of the last read */
    uint64_t underruns, overruns; /* times that sound was lost since it first ran */
    bool running;                 /* sound passes */
    bool locked;                  /* ... since ten seconds */
} dfnd_drift_status;

DFN_MUST_CHECK dfn_status dfnd_drift_new(dfnd_drift **out, const dfnd_drift_config *config,
                                         dfn_error *err);
void dfnd_drift_free(dfnd_drift *d); /* NULL allowed */

/** in[channels][frames], the last of which was heard at `now`. What has no room is lost,
 * and counted as an overrun. thread: one. rt: yes */
void dfnd_drift_write(dfnd_drift *d, const float *const *in, size_t frames,
                      double now) DFN_RT;

/** out[channels][frames], of which the first is due at `now`. Silence while nothing comes.
 * thread: one, another. rt: yes */
void dfnd_drift_read(dfnd_drift *d, float *const *out, size_t frames, double now) DFN_RT;

/** Seconds from in to out: a block of each side, the jitter, half of the interpolator. */
double dfnd_drift_delay(const dfnd_drift *d);

/** thread: any. rt: yes */
void dfnd_drift_get_status(const dfnd_drift *d, dfnd_drift_status *s) DFN_RT;

#endif
