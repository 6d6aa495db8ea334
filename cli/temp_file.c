/* temp_file.c - write beside the target, sync, rename. */
#include "temp_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool fail(const char *target, dfn_error *err)
{
    dfn_fail(err, DFN_ERR_IO, "%s, writing %s", strerror(errno), target);
    return false;
}

static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash + 1 - path) : 0;
}

bool temp_create(temp_file *t, const char *target, mode_t mode, dfn_error *err)
{
    static const char name[] = ".dfnet4-XXXXXX";
    const size_t folder = folder_length(target);
    *t = (temp_file){.fd = -1, .path = malloc(folder + sizeof name)};
    if (!t->path)
        return fail(target, err);
    memcpy(t->path, target, folder);
    memcpy(t->path + folder, name, sizeof name);
    t->fd = mkstemp(t->path);
    if (t->fd < 0) {
        const int error = errno;
        free(t->path);
        t->path = NULL;
        errno = error;
        return fail(target, err);
    }
    fcntl(t->fd, F_SETFD, FD_CLOEXEC);
    return fchmod(t->fd, mode) == 0 || fail(target, err);
}

/* The name itself must survive a crash, too; file systems that cannot do this are fine. */
static void sync_folder(const char *target)
{
    const size_t length = folder_length(target);
    char *folder = strdup(length ? target : ".");
    if (!folder)
        return;
    if (length)
        folder[length] = '\0';
    const int fd = open(folder, O_RDONLY | O_CLOEXEC);
    free(folder);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

/* link() refuses an existing name atomically, but not every file system has it. */
static bool give_name(const char *path, const char *target, bool replace)
{
    struct stat st;
    if (replace)
        return rename(path, target) == 0;
    if (link(path, target) == 0)
        return unlink(path) == 0;
    if (errno == EEXIST)
        return false;
    if (lstat(target, &st) == 0) {
        errno = EEXIST;
        return false;
    }
    return rename(path, target) == 0;
}

bool temp_commit(temp_file *t, const char *target, bool replace, dfn_error *err)
{
    bool good = fsync(t->fd) == 0 || errno == EINVAL || errno == ENOTSUP;
    good = good && give_name(t->path, target, replace);
    if (!good) {
        fail(target, err);
        temp_discard(t);
        return false;
    }
    close(t->fd);
    free(t->path);
    *t = (temp_file){.fd = -1};
    sync_folder(target);
    return true;
}

void temp_discard(temp_file *t)
{
    if (!t->path)
        return;
    unlink(t->path);
    close(t->fd);
    free(t->path);
    *t = (temp_file){.fd = -1};
}
