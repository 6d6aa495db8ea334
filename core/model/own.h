/* own.h - give weights to a model that was only described. */
#ifndef DFN_OWN_H
#define DFN_OWN_H

#include <dfnet4/model.h>

/** The model takes over the weights of `net` and `apply`, in this order; not on failure. */
dfn_status dfn_model_own_weights(dfn_model *m, const dfn_weights weights[2],
                                 dfn_error *err);

#endif
