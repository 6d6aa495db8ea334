/* temp_file.h - an output that appears whole or not at all. */
#ifndef TEMP_FILE_H
#define TEMP_FILE_H

#include <dfnet4/status.h>
#include <stdbool.h>
#include <sys/stat.h>

typedef struct temp_file {
    int fd;
    char *path;
} temp_file;

/** A new file with permissions `mode` in the folder of `target`. */
bool temp_create(temp_file *t, const char *target, mode_t mode, dfn_error *err);

/** Bring it to the disk and give it its name. An existing `target` is replaced if asked to,
 *  and an error otherwise. On failure nothing is left. */
bool temp_commit(temp_file *t, const char *target, bool replace, dfn_error *err);

/** Remove it; after a commit this does nothing. */
void temp_discard(temp_file *t);

#endif
