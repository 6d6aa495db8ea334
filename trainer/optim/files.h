/* files.h - the folder of a run. */
#ifndef DFN_FILES_H
#define DFN_FILES_H

#include <dfnet4/status.h>

enum { DFN_PATH = 4096 };

/** path = folder/name; DFN_ERR_ARG if that is too long. */
dfn_status dfn_path(char path[DFN_PATH], const char *folder, const char *name,
                    dfn_error *err);

/** With all folders that lead to it; it may be there. */
dfn_status dfn_make_folder(const char *path, dfn_error *err);

/** A rename is on disk only once its folder is; some file systems cannot sync one. */
void dfn_sync_folder(const char *folder);

/** Remove what writes of checkpoints and models left behind when they were cut off. */
void dfn_remove_temporaries(const char *folder);

#endif
