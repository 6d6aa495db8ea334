/* temp.c - the owner of a temporary file holds a lock on it, which ends with the process.
 */
#include "data/temp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char suffix[] = ".part-XXXXXX";

static dfn_status fail(const char *target, int error, dfn_error *err)
{
    return dfn_fail(err, error == ENOMEM ? DFN_ERR_NOMEM : DFN_ERR_IO, "%s: %s", target,
                    strerror(error));
}

/* The folder of `target`, to be freed; NULL: out of memory. */
static char *folder_of(const char *target)
{
    const char *slash = strrchr(target, '/');
    return slash ? strndup(target, (size_t)(slash - target) + (slash == target))
                 : strdup(".");
}

/* Removes a file if nobody holds it. */
static void sweep_file(int folder, const char *name)
{
    struct stat st;
    const int fd = openat(folder, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
        flock(fd, LOCK_EX | LOCK_NB) == 0)
        unlinkat(folder, name, 0);
    if (fd >= 0)
        close(fd);
}

static void sweep(const char *target)
{
    const char *slash = strrchr(target, '/'), *base = slash ? slash + 1 : target;
    const size_t length = strlen(base);
    char *path = folder_of(target);
    DIR *d = path ? opendir(path) : NULL;
    for (struct dirent *e; d && (e = readdir(d));)
        if (!strncmp(e->d_name, base, length) &&
            strlen(e->d_name) == length + sizeof suffix - 1 &&
            !strncmp(e->d_name + length, suffix, sizeof suffix - 7))
            sweep_file(dirfd(d), e->d_name);
    if (d)
        closedir(d);
    free(path);
}

static int create(dfn_temp *t, const char *target)
{
    const size_t length = strlen(target);
    memcpy(t->path, target, length);
    memcpy(t->path + length, suffix, sizeof suffix);
    t->fd = mkstemp(t->path);
    if (t->fd < 0)
        return errno;
    fcntl(t->fd, F_SETFD, FD_CLOEXEC);
    /* waits for a sweep that came in between, and is about to remove it; where there are no
     * locks, there is no sweep */
    while (flock(t->fd, LOCK_EX) != 0 && errno == EINTR)
        ;
    return 0;
}

dfn_status dfn_temp_create(dfn_temp *t, const char *target, dfn_error *err)
{
    struct stat st;
    *t = (dfn_temp){.fd = -1, .path = malloc(strlen(target) + sizeof suffix)};
    if (!t->path)
        return fail(target, ENOMEM, err);
    sweep(target);
    for (int tries = 0; tries < 10; tries++) {
        const int error = create(t, target);
        if (error) {
            free(t->path);
            t->path = NULL;
            return fail(target, error, err);
        }
        /* another process may have swept it before it was locked */
        if (fstat(t->fd, &st) == 0 && st.st_nlink > 0)
            return DFN_OK;
        close(t->fd);
    }
    free(t->path);
    t->path = NULL;
    return fail(target, EBUSY, err);
}

/* The name itself must survive a crash, too; file systems that cannot do this are fine. */
static void sync_folder(const char *target)
{
    char *folder = folder_of(target);
    const int fd = folder ? open(folder, O_RDONLY | O_CLOEXEC) : -1;
    free(folder);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

dfn_status dfn_temp_commit(dfn_temp *t, const char *target, dfn_error *err)
{
    const mode_t mask = umask(0);
    umask(mask);
    if (fchmod(t->fd, 0666 & ~mask) != 0 || (fsync(t->fd) != 0 && errno != EINVAL) ||
        rename(t->path, target) != 0) {
        const int error = errno;
        dfn_temp_discard(t);
        return fail(target, error, err);
    }
    close(t->fd);
    free(t->path);
    *t = (dfn_temp){.fd = -1};
    sync_folder(target);
    return DFN_OK;
}

void dfn_temp_discard(dfn_temp *t)
{
    if (!t->path)
        return;
    unlink(t->path);
    close(t->fd);
    free(t->path);
    *t = (dfn_temp){.fd = -1};
}
