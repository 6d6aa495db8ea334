/* loss_f64.h - the loss in double, for the tests. `cpu` has no effect. */
#ifndef DFN_LOSS_F64_H
#define DFN_LOSS_F64_H

#include "loss/loss.h"

typedef struct dfn_loss_input_f64 DFN_LOSS_INPUT(double) dfn_loss_input_f64;
typedef struct dfn_loss_f64 dfn_loss_f64;

dfn_status dfn_loss_new_f64(dfn_loss_f64 **out, const dfn_loss_config *config,
                            const dfn_model_info *info, int clips, int frames, unsigned cpu,
                            dfn_error *err);
void dfn_loss_free_f64(dfn_loss_f64 *l);
double dfn_loss_run_f64(dfn_loss_f64 *l, const dfn_loss_input_f64 *in,
                        double terms[DFN_LOSS_COUNT]);

#endif
