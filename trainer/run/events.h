/* events.h - event files for TensorBoard: scalars and sounds.
 *
 * A file is a row of records: length, its checksum, an Event message, its checksum; both
 * checksums are masked CRC-32C. Messages are Protocol Buffers, written field by field,
 * since a dozen fields are all that is used. */
#ifndef DFN_EVENTS_H
#define DFN_EVENTS_H

#include <dfnet4/status.h>
#include <stddef.h>
#include <stdint.h>

typedef struct dfn_events dfn_events;

typedef struct dfn_log_number {
    const char *name; /* no more than 200 bytes, without quotes */
    double value;
} dfn_log_number;

/** A new event file in `folder`, which exists, of a run that goes on after `step` steps:
 * what older files say of later steps no longer counts. One file for each start. */
dfn_status dfn_events_open(dfn_events **out, const char *folder, uint64_t step,
                           dfn_error *err);
void dfn_events_close(dfn_events *e); /* NULL allowed */

/** Numbers of one step, as "GROUP/NAME". On failure nothing of it is in the file. */
dfn_status dfn_events_scalars(dfn_events *e, const char *group, uint64_t step,
                              const dfn_log_number *numbers, size_t n, dfn_error *err);

/** A sound (mono, full scale 1, clipped) as 16-bit WAV. */
dfn_status dfn_events_audio(dfn_events *e, const char *tag, uint64_t step, const float *x,
                            size_t samples, int rate, dfn_error *err);

/** Have it on the disk. */
dfn_status dfn_events_sync(dfn_events *e, dfn_error *err);

#endif
