/* plot.h - the curves of a run as a picture. */
#ifndef DFN_PLOT_H
#define DFN_PLOT_H

#include <dfnet4/status.h>
#include <stddef.h>
#include <stdint.h>

/* One number of the log over the hours of audio. */
typedef struct dfn_series {
    char kind[16], name[64]; /* "train", "loss" */
    double *x, *y;           /* y may be NAN */
    size_t count, room;
} dfn_series;

typedef struct dfn_run_log {
    dfn_series *series;
    size_t count;
    uint64_t step; /* the last one */
} dfn_run_log;

/** Read FOLDER/log.jsonl, also of a run that is going on. Lines that are no objects are
 * left out. DFN_ERR_FORMAT if there are no steps in it. owner: dfn_run_log_free */
dfn_status dfn_run_log_read(dfn_run_log *out, const char *folder, dfn_error *err);
void dfn_run_log_free(dfn_run_log *log);

/** NULL if there is no such number, or only where it is not finite. */
const dfn_series *dfn_run_log_find(const dfn_run_log *log, const char *kind,
                                   const char *name);

/** Draw losses, terms, validation, learning rate and gradients into a PNG file, which is
 * replaced. DFN_ERR_UNSUPPORTED in a build without cairo. `title` is the run's name. */
dfn_status dfn_plot(const dfn_run_log *log, const char *title, const char *path,
                    dfn_error *err);

#endif
