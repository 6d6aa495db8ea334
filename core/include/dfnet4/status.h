/* status.h - how a call that can fail says so.
 *
 * Functions that can fail return a dfn_status and take a dfn_error*, which may be NULL. On
 * failure the error holds one line for people: what, where (file, line, tensor), why.
 * Nothing in the library prints, aborts or exits. */
#ifndef DFNET4_STATUS_H
#define DFNET4_STATUS_H

#include <dfnet4/attr.h>

DFN_BEGIN

typedef enum dfn_status {
    DFN_OK = 0,
    DFN_ERR_NOMEM,       /* an allocation failed */
    DFN_ERR_ARG,         /* the caller broke the contract */
    DFN_ERR_IO,          /* a file could not be read or written */
    DFN_ERR_FORMAT,      /* a file is damaged or not what it claims to be */
    DFN_ERR_UNSUPPORTED, /* valid, but this build cannot do it */
} dfn_status;

typedef struct dfn_error {
    dfn_status status;
    char text[512]; /* one line, no trailing newline or period */
} dfn_error;

/** Short English text for a status; never NULL, static storage. rt: yes */
DFN_API const char *dfn_strerror(dfn_status status) DFN_RT;

/** Fill `err` (may be NULL) printf-style and return `status`, so that callers can write
 *  `return dfn_fail(err, DFN_ERR_FORMAT, "%s: ...", path)`. Text is cut at 511 bytes.
 *  Control characters in the result are replaced by '?', since names come from files.
 *  rt: no */
DFN_API dfn_status dfn_fail(dfn_error *err, dfn_status status, const char *format, ...)
    DFN_PRINTF(3, 4);

DFN_END

#endif
