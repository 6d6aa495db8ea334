/* plot_none.c - plot.h of a build without cairo. */
#include "run/plot.h"

dfn_status dfn_plot(const dfn_run_log *log, const char *title, const char *path,
                    dfn_error *err)
{
    (void)log;
    (void)title;
    return dfn_fail(err, DFN_ERR_UNSUPPORTED,
                    "%s: this build cannot draw; build it again with cairo installed",
                    path);
}
