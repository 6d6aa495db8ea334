#include "run/log_bytes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void dfn_bytes_add(dfn_bytes *b, const void *data, size_t n)
{
    if (n > b->room - b->count) {
        const size_t room = 2 * (b->count + n);
        unsigned char *grown = realloc(b->data, room);
        if (!grown) {
            b->failed = true;
            return;
        }
        b->data = grown;
        b->room = room;
    }
    if (n)
        memcpy(b->data + b->count, data, n);
    b->count += n;
}

void dfn_bytes_print(dfn_bytes *b, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n < 0 || n >= (int)sizeof text)
        b->failed = true;
    else
        dfn_bytes_add(b, text, (size_t)n);
}

void dfn_bytes_free(dfn_bytes *b)
{
    free(b->data);
    *b = (dfn_bytes){0};
}

static dfn_status write_all(const dfn_bytes *b, int fd)
{
    for (size_t done = 0; done < b->count;) {
        const ssize_t n = write(fd, b->data + done, b->count - done);
        if (n > 0) {
            done += (size_t)n;
        } else if (n == 0 || errno != EINTR) {
            errno = n == 0 ? ENOSPC : errno;
            return DFN_ERR_IO;
        }
    }
    return DFN_OK;
}

dfn_status dfn_bytes_append(dfn_bytes *b, int fd, const char *path, dfn_error *err)
{
    const off_t end = lseek(fd, 0, SEEK_END);
    dfn_status status = DFN_OK;
    if (b->failed) {
        status = dfn_fail(err, DFN_ERR_NOMEM, "%s: no memory for what to write", path);
    } else if (end < 0 || write_all(b, fd)) {
        status = dfn_fail(err, DFN_ERR_IO, "%s: %s", path, strerror(errno));
        /* Half a record would spoil the next one. */
        if (end >= 0 && ftruncate(fd, end) != 0)
            status = DFN_ERR_IO;
    }
    b->count = 0;
    b->failed = false;
    return status;
}
