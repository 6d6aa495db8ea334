/* may_write.c - an output that is made from one source. */
#include "command.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

bool cli_may_write(const char *source, const char *output, bool force)
{
    struct stat from = {0}, to;
    if (source && stat(source, &from) != 0) {
        cli_error(source, "%s", strerror(errno));
        return false;
    }
    if (lstat(output, &to) != 0)
        return true; /* not there; other reasons show when it is written */
    struct stat target;
    if (source && stat(output, &target) == 0 && target.st_dev == from.st_dev &&
        target.st_ino == from.st_ino)
        cli_error(output, "is the source itself");
    else if (S_ISDIR(to.st_mode))
        cli_error(output, "is a folder; name a file");
    else if (!force)
        cli_error(output, "exists already; --force replaces it");
    else
        return true;
    return false;
}
