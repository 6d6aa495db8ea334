/* log.h - what a run tells of itself, in its folder: log.jsonl, one object per line, and
 * event files for TensorBoard (events.h) with the same numbers.
 *
 *   {"kind":"train","step":120,"epoch":0.4,"hours":1.06,...,"loss":0.31,"loss_mask":0.1}
 *   {"kind":"valid","step":200,...,"si_sdr":9.1,...}
 *   {"kind":"note","step":200,"text":"..."}
 *
 * A number that is not finite is null. */
#ifndef DFN_LOG_H
#define DFN_LOG_H

#include "loss/loss.h"
#include "run/events.h"

typedef struct dfn_log dfn_log;

/* Since the line before, or at this step. */
typedef struct dfn_log_train {
    uint64_t step;
    double epoch, hours; /* hours: of audio so far */
    double lr, loss;
    const double *terms;   /* [DFN_LOSS_COUNT], weighted */
    double grad_norm;      /* before clipping */
    uint64_t skipped;      /* steps so far whose gradient was not finite */
    double hours_per_hour; /* hours of audio per hour */
    double loader_wait;    /* share of the workers' time, 0 .. 1 */
} dfn_log_train;

typedef struct dfn_log_valid {
    uint64_t step;
    double epoch, hours, loss;
    const double *terms; /* [DFN_LOSS_COUNT], weighted */
    double si_sdr_noisy, si_sdr, stoi_noisy, stoi;
} dfn_log_valid;

/** Open the log in `folder` (made if it is not there) of a run that goes on after `step`
 * steps, 0 for a new one. A torn last line and lines of later steps are dropped, so that no
 * step is there twice. Terms of weight 0 are not logged; NULL: no terms. */
dfn_status dfn_log_open(dfn_log **out, const char *folder, uint64_t step,
                        const double weight[DFN_LOSS_COUNT], dfn_error *err);
void dfn_log_close(dfn_log *l); /* NULL allowed */

/** A line and an event. On failure (a full disk) there is none of it in the file, and the
 * log can be used on. */
dfn_status dfn_log_put_train(dfn_log *l, const dfn_log_train *t, dfn_error *err);
dfn_status dfn_log_put_valid(dfn_log *l, const dfn_log_valid *v, dfn_error *err);
/** Any numbers, as kind "KIND": they become "KIND/NAME" in TensorBoard. */
dfn_status dfn_log_put(dfn_log *l, const char *kind, uint64_t step,
                       const dfn_log_number *numbers, size_t n, dfn_error *err);
/** A remark ("resumed", "new best model"). */
dfn_status dfn_log_note(dfn_log *l, uint64_t step, const char *text, dfn_error *err);
/** An example to listen to; TensorBoard only. */
dfn_status dfn_log_audio(dfn_log *l, const char *tag, uint64_t step, const float *x,
                         size_t samples, int rate, dfn_error *err);

/** Have everything on the disk: before a checkpoint is made, so that no checkpoint is newer
 * than its log. */
dfn_status dfn_log_sync(dfn_log *l, dfn_error *err);

#endif
