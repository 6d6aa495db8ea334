/* decode.h - a sound file as samples. */
#ifndef DFN_DECODE_H
#define DFN_DECODE_H

#include <dfnet4/status.h>
#include <stdbool.h>
#include <stddef.h>

enum { DFN_SOUND_RATE = 48000 };

typedef struct dfn_decoded {
    float *data; /* mono; the owner frees it */
    size_t count;
    int rate;                /* of `data` */
    int file_rate, channels; /* of the file */
    float peak;              /* largest magnitude of `data` */
    bool exact;              /* 16 bit samples, kept as they were: multiples of 1/32768 */
} dfn_decoded;

/** Decode a whole file, at its own rate. `first`: take the first channel instead of the
 * mean of all. Not one sample is an error, and so is a NaN. Errors give the reason only,
 * not the path. thread: any */
dfn_status dfn_decode_plain(dfn_decoded *out, const char *path, bool first, dfn_error *err);

/** The same, resampled to DFN_SOUND_RATE. */
dfn_status dfn_decode(dfn_decoded *out, const char *path, bool first, dfn_error *err);

/** Whether there is anything to hear, for long enough (rooms: however short). */
dfn_status dfn_decoded_judge(const dfn_decoded *d, bool long_enough, dfn_error *err);

#endif
