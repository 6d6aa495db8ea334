/* lock.h - one dfnet4d for each session. */
#ifndef DFND_LOCK_H
#define DFND_LOCK_H

#include <dfnet4/status.h>

/** Hold $XDG_RUNTIME_DIR/dfnet4d.lock until this process ends. DFN_ERR_UNSUPPORTED:
 * another one holds it; the error tells its process. */
DFN_MUST_CHECK dfn_status dfnd_lock(dfn_error *err);

#endif
