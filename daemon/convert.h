/* convert.h - from one rate to another in the same clock, as much as is asked for.
 *
 * Say how many frames are wanted, feed what they need, and they come out. Adds a delay of
 * taps / 2 input frames (interp.h). */
#ifndef DFND_CONVERT_H
#define DFND_CONVERT_H

#include "interp.h"

typedef struct dfnd_convert {
    dfnd_interp interp;
    int channels, room; /* room: frames, of each channel's history */
    double step, at;    /* input frames per output frame; the next one's place */
    int have;           /* frames in the history */
    float *history;     /* [channels][room] */
} dfnd_convert;

/** For at most `frames` out at a time. rt: no */
DFN_MUST_CHECK dfn_status dfnd_convert_new(dfnd_convert *c, int channels, double in_rate,
                                           double out_rate, int frames, dfn_error *err);
void dfnd_convert_free(dfnd_convert *c);

/** Input frames that so many output frames need now. rt: yes */
int dfnd_convert_need(const dfnd_convert *c, int frames) DFN_RT;
/** The most that dfnd_convert_need() can say for so many. */
int dfnd_convert_most(const dfnd_convert *c, int frames);

/** in[channels][dfnd_convert_need()], out[channels][frames]. rt: yes */
void dfnd_convert_run(dfnd_convert *c, const float *const *in, float *const *out,
                      int frames) DFN_RT;

#endif
