/* log_repair.h - a log.jsonl of a run that was ended at any point. */
#ifndef DFN_LOG_REPAIR_H
#define DFN_LOG_REPAIR_H

#include <dfnet4/status.h>
#include <stdint.h>

/** Keep the whole lines of steps up to `step`. The file is replaced in one go, and not
 * touched if there is nothing to drop; it need not be there. */
dfn_status dfn_log_repair(const char *path, uint64_t step, dfn_error *err);

#endif
