/* report.h - what a run says and leaves behind: log, progress, models. */
#ifndef DFN_REPORT_H
#define DFN_REPORT_H

#include "run/session.h"

typedef struct dfn_report dfn_report;

/** Open the log in the folder of a run that stands where `session` does. */
dfn_status dfn_report_new(dfn_report **out, dfn_session *session, const char *folder,
                          bool quiet, dfn_error *err);
void dfn_report_free(dfn_report *r); /* NULL allowed */

/** After each step. What cannot be written is said once and the run goes on. */
void dfn_report_step(dfn_report *r, const dfn_step_report *step);

/** After a validation whose rank among the best is `rank` (-1: none of them): logs it with
 * examples to listen to, and keeps the model if it is one of the best. */
dfn_status dfn_report_validation(dfn_report *r, const dfn_validation *v, int rank,
                                 dfn_error *err);

/** Write model.safetensors, the averaged weights of now. */
dfn_status dfn_report_model(dfn_report *r, dfn_error *err);

/** Have the log on disk. */
dfn_status dfn_report_sync(dfn_report *r, dfn_error *err);

/** Remove the progress from the terminal. */
void dfn_report_clear(dfn_report *r);

#endif
