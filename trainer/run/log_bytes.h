/* log_bytes.h - what the writers of logs share: bytes that grow, and whole writes. */
#ifndef DFN_LOG_BYTES_H
#define DFN_LOG_BYTES_H

#include <dfnet4/status.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct dfn_bytes {
    unsigned char *data;
    size_t count, room;
    bool failed; /* no memory for some of it */
} dfn_bytes;

void dfn_bytes_add(dfn_bytes *b, const void *data, size_t n);
void dfn_bytes_print(dfn_bytes *b, const char *format, ...) DFN_PRINTF(2, 3);
void dfn_bytes_free(dfn_bytes *b);

/** Append all bytes to the end of a file or none, and empty them. `path` is for the error.
 */
dfn_status dfn_bytes_append(dfn_bytes *b, int fd, const char *path, dfn_error *err);

#endif
