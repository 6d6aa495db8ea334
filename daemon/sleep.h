/* sleep.h - told by logind before the computer sleeps, and when it is awake again.
 *
 * logind waits for us with its sleep, some seconds at most. Without a system bus or logind
 * nothing is told. Main thread. */
#ifndef DFND_SLEEP_H
#define DFND_SLEEP_H

#include <dfnet4/status.h>
#include <stdbool.h>
#include <systemd/sd-event.h>

typedef struct dfnd_sleep dfnd_sleep;

/* `before`: the computer sleeps as soon as this returns; else it has slept. */
typedef void dfnd_sleep_told(void *user, bool before);

/** Begin to listen. Fails for want of memory only. */
DFN_MUST_CHECK dfn_status dfnd_sleep_new(dfnd_sleep **out, sd_event *event,
                                         dfnd_sleep_told *told, void *user, dfn_error *err);
void dfnd_sleep_free(dfnd_sleep *s); /* NULL allowed */

#endif
