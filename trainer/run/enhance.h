/* enhance.h - a whole sound through a model, many frames at a time. */
#ifndef DFN_ENHANCE_H
#define DFN_ENHANCE_H

#include <dfnet4/model.h>

/** Enhance n samples at the model's rate. The output lies on the input to the sample: the
 * delay of model and framing is taken out, and what comes after the end of `in` is silence.
 * Weights are those that streams use (dfn_model_run_weights); no post-filter and no limit.
 * `cpu`: DFN_CPU_* allowed. shape: in[n], out[n]. alias: out may be in. thread: any number
 * at once with one model */
dfn_status dfn_enhance(const dfn_model *m, const float *in, size_t n, float *out,
                       unsigned cpu, dfn_error *err);

#endif
