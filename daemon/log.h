/* log.h - messages of the daemon: plain lines on a terminal, priorities for the journal. */
#ifndef DFND_LOG_H
#define DFND_LOG_H

#include <dfnet4/status.h>

typedef enum dfnd_level {
    DFND_ERROR = 3, /* numbers of syslog */
    DFND_WARNING = 4,
    DFND_NOTICE = 5,
    DFND_INFO = 6,
    DFND_DEBUG = 7
} dfnd_level;

/** Messages less important than `level` are dropped; at first, those after DFND_NOTICE. */
void dfnd_log_set(dfnd_level level);

/** One line on stderr: "dfnet4d: TEXT", or "<LEVEL>TEXT" if that is the journal. Control
 * characters show as '?'. thread: any. rt: no */
void dfnd_log(dfnd_level level, const char *format, ...) DFN_PRINTF(2, 3);

#endif
