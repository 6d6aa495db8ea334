#include "optim/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

dfn_status dfn_path(char path[DFN_PATH], const char *folder, const char *name,
                    dfn_error *err)
{
    const int n = snprintf(path, DFN_PATH, "%s/%s", folder, name);
    return n < 0 || n >= DFN_PATH
               ? dfn_fail(err, DFN_ERR_ARG, "%.200s...: path is too long", folder)
               : DFN_OK;
}

dfn_status dfn_make_folder(const char *path, dfn_error *err)
{
    char part[DFN_PATH];
    for (const char *p = path; *p; p++) {
        const char *end = p + strcspn(p, "/");
        snprintf(part, sizeof part, "%.*s", (int)(end - path), path);
        if (*part && mkdir(part, 0777) && errno != EEXIST)
            return dfn_fail(err, DFN_ERR_IO, "%s: %s", part, strerror(errno));
        if (!*end)
            break;
        p = end;
    }
    return DFN_OK;
}

void dfn_sync_folder(const char *folder)
{
    const int fd = open(folder, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

void dfn_remove_temporaries(const char *folder)
{
    static const char *const begins[] = {"next.ckpt.", "best-"};
    char path[DFN_PATH];
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));) {
        const size_t n = strlen(e->d_name);
        if (n < 4 || strcmp(e->d_name + n - 4, ".tmp"))
            continue;
        for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
            if (!strncmp(e->d_name, begins[i], strlen(begins[i])) &&
                !dfn_path(path, folder, e->d_name, NULL))
                (void)unlink(path);
    }
    if (d)
        closedir(d);
}
