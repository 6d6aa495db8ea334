#include "run/log_repair.h"

#include "run/log_bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether a line, with its newline, is a whole object of a step that counts. */
static bool keeps(const char *line, size_t n, uint64_t step)
{
    static const char key[] = "\"step\":";
    if (n < 3 || line[0] != '{' || memcmp(line + n - 2, "}\n", 2) != 0 ||
        memchr(line, '\0', n))
        return false;
    const char *at = strstr(line, key); /* the caller's text ends with a null */
    if (!at || at >= line + n)
        return false;
    return strtoull(at + sizeof key - 1, NULL, 10) <= step;
}

static dfn_status read_all(dfn_bytes *b, const char *path, dfn_error *err)
{
    FILE *f = fopen(path, "rb");
    if (!f && errno == ENOENT)
        return DFN_OK;
    char block[65536];
    size_t n;
    while (f && (n = fread(block, 1, sizeof block, f)) > 0)
        dfn_bytes_add(b, block, n);
    const bool bad = !f || ferror(f);
    if (bad)
        dfn_fail(err, DFN_ERR_IO, "%s: %s", path, strerror(errno));
    if (f)
        fclose(f);
    dfn_bytes_add(b, "", 1);
    if (!bad && b->failed)
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: no memory to read it", path);
    return bad ? DFN_ERR_IO : DFN_OK;
}

static dfn_status replace(dfn_bytes *b, const char *path, dfn_error *err)
{
    char temp[PATH_MAX];
    if (snprintf(temp, sizeof temp, "%s.tmp", path) >= (int)sizeof temp)
        return dfn_fail(err, DFN_ERR_ARG, "%s: the name is too long", path);
    const int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return dfn_fail(err, DFN_ERR_IO, "%s: %s", temp, strerror(errno));
    dfn_status status = dfn_bytes_append(b, fd, temp, err);
    if (!status && (fsync(fd) != 0 || rename(temp, path) != 0))
        status = dfn_fail(err, DFN_ERR_IO, "%s: %s", temp, strerror(errno));
    close(fd);
    if (status)
        unlink(temp);
    return status;
}

dfn_status dfn_log_repair(const char *path, uint64_t step, dfn_error *err)
{
    dfn_bytes all = {0}, kept = {0};
    dfn_status status = read_all(&all, path, err);
    const char *at = (const char *)all.data, *end = at + (all.count ? all.count - 1 : 0);
    while (!status && at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const size_t n = newline ? (size_t)(newline + 1 - at) : (size_t)(end - at);
        if (keeps(at, n, step))
            dfn_bytes_add(&kept, at, n);
        at += n;
    }
    if (!status && kept.failed)
        status = dfn_fail(err, DFN_ERR_NOMEM, "%s: no memory to read it", path);
    else if (!status && kept.count + 1 < all.count)
        status = replace(&kept, path, err);
    dfn_bytes_free(&all);
    dfn_bytes_free(&kept);
    return status;
}
