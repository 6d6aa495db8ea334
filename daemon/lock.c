/* lock.c - the kernel drops the lock of a process that dies, so that none is ever stale. */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static dfn_status taken(int fd, const char *path, dfn_error *err)
{
    char who[16] = "";
    const ssize_t n = pread(fd, who, sizeof who - 1, 0);
    who[n > 0 ? strspn(who, "0123456789") : 0] = '\0';
    return dfn_fail(err, DFN_ERR_UNSUPPORTED,
                    "another dfnet4d runs already (process %s); 'dfnet4ctl status' shows "
                    "it, 'systemctl --user stop dfnet4d' stops the service: %s is locked",
                    *who ? who : "unknown", path);
}

dfn_status dfnd_lock(dfn_error *err)
{
    char path[4096], text[32];
    const char *folder = getenv("XDG_RUNTIME_DIR");
    if (!folder || *folder != '/')
        return dfn_fail(err, DFN_ERR_ARG,
                        "XDG_RUNTIME_DIR is not set: dfnet4d needs the session of a user, "
                        "whose folder it is (usually /run/user/%ld); su and sudo do not "
                        "give one",
                        (long)getuid());
    snprintf(path, sizeof path, "%s/dfnet4d.lock", folder);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return dfn_fail(err, DFN_ERR_IO, "%s: %s", path, strerror(errno));
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_SETLK, &whole)) {
        const dfn_status status =
            errno == EACCES || errno == EAGAIN
                ? taken(fd, path, err)
                : dfn_fail(err, DFN_ERR_IO, "%s: %s", path, strerror(errno));
        close(fd);
        return status;
    }
    const int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) || pwrite(fd, text, (size_t)n, 0) != n) {
        close(fd);
        return dfn_fail(err, DFN_ERR_IO, "%s: %s", path, strerror(errno));
    }
    return DFN_OK; /* open, and so locked, for life */
}
