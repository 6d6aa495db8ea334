/* notices.h - tell people in the log when a stream waits for something, and when it is
 * over.
 *
 * A device or a server that comes back within two seconds is not worth a line. Main thread.
 */
#ifndef DFND_NOTICES_H
#define DFND_NOTICES_H

#include "daemon.h"

typedef struct dfnd_notices dfnd_notices;

DFN_MUST_CHECK dfn_status dfnd_notices_new(dfnd_notices **out, dfnd_daemon *d,
                                           dfn_error *err);
void dfnd_notices_free(dfnd_notices *n); /* NULL allowed */

/** A stream is doing otherwise than before. NULL allowed. */
void dfnd_notices_changed(dfnd_notices *n, dfnd_instance *i);

/** Up to four devices of that direction, the most similar names first: "a, b". Empty if
 * there are none or it cannot be known. Waits a second at most. */
void dfnd_similar_devices(char *text, size_t size, const dfnd_backend_class *backend,
                          dfnd_direction direction, const char *name);

#endif
