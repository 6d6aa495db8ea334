#include "optim/best.h"

#include <dfnet4/safetensors.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static dfn_status path_of(char path[DFN_PATH], const char *folder, int rank, dfn_error *err)
{
    char name[40];
    snprintf(name, sizeof name, "best-%d.safetensors", rank + 1);
    return dfn_path(path, folder, name, err);
}

/* Whether the file holds the model of this step. */
static bool is_from(const char *path, uint64_t step)
{
    dfn_safetensors *s;
    char want[32];
    if (dfn_safetensors_open(&s, path, NULL))
        return false;
    const char *text = dfn_safetensors_metadata(s, DFN_BEST_STEP);
    snprintf(want, sizeof want, "%" PRIu64, step);
    const bool same = text && !strcmp(text, want);
    dfn_safetensors_close(s);
    return same;
}

dfn_status dfn_best_place(const dfn_best *b, int rank, const char *folder,
                          char path[DFN_PATH], dfn_error *err)
{
    char from[DFN_PATH], to[DFN_PATH];
    for (int i = b->count - 1; i > rank; i--) {
        if (path_of(from, folder, i - 1, err) || path_of(to, folder, i, err))
            return DFN_ERR_ARG;
        /* if not, it has moved already, or is lost */
        if (is_from(from, b->step[i]) && rename(from, to))
            return dfn_fail(err, DFN_ERR_IO, "%s: cannot replace: %s", to, strerror(errno));
    }
    return path_of(path, folder, rank, err);
}
