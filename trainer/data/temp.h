/* temp.h - a file that appears whole or not at all. */
#ifndef DFN_TEMP_H
#define DFN_TEMP_H

#include <dfnet4/status.h>

typedef struct dfn_temp {
    int fd;
    char *path;
} dfn_temp;

/** A new file beside `target`, to be renamed. Such files of processes that were killed are
 * removed. Errors name `target`. */
dfn_status dfn_temp_create(dfn_temp *t, const char *target, dfn_error *err);

/** Bring it to the disk and give it its name, in place of what is there. On failure nothing
 * is left of it. */
dfn_status dfn_temp_commit(dfn_temp *t, const char *target, dfn_error *err);
void dfn_temp_discard(dfn_temp *t);

#endif
