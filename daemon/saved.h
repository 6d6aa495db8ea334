/* saved.h - what the user changed while the daemon ran, kept for the next start.
 *
 * One JSON file, $XDG_STATE_HOME/dfnet4/settings.json: for each instance the parameters and
 * the model that differ from its configuration. Main thread. */
#ifndef DFND_SAVED_H
#define DFND_SAVED_H

#include "config.h"

#include <systemd/sd-event.h>

typedef struct dfnd_saved dfnd_saved;

/** Read the file; `path` NULL: the usual one. A file that is not there is empty; a broken
 * one is reported (log.h) and counts as empty. Changes are written a second later if there
 * is an `event`, and at the end. */
DFN_MUST_CHECK dfn_status dfnd_saved_new(dfnd_saved **out, const char *path,
                                         sd_event *event, dfn_error *err);
/** Writes what is not written yet. NULL allowed. */
void dfnd_saved_free(dfnd_saved *s);

/** Change `c`, as configured, to what was saved for an instance of its name. Values that
 * cannot be are reported and left out. */
void dfnd_saved_apply(const dfnd_saved *s, dfnd_instance_config *c);

/** Remember where `now` differs from `configured`. */
void dfnd_saved_update(dfnd_saved *s, const dfnd_instance_config *now,
                       const dfnd_instance_config *configured);
/** Write at once. Failures are reported, the first of a row only. */
void dfnd_saved_flush(dfnd_saved *s);

#endif
