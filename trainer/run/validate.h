/* validate.h - how good a network is on a fixed set of examples. */
#ifndef DFN_VALIDATE_H
#define DFN_VALIDATE_H

#include "run/batch.h"

/* Means over the examples; SI-SDR and STOI over those with speech and noise. */
typedef struct dfn_validation {
    double loss, terms[DFN_LOSS_COUNT];
    double si_sdr_noisy, si_sdr; /* dB; NaN if no clip could be measured */
    double stoi_noisy, stoi;     /* so, too */
} dfn_validation;

typedef struct dfn_validator dfn_validator;

/** `shards` shards of examples out of the validation split, the same every time. `worker`
 * says model, loss and sizes (its mode does not matter); all must outlive the validator. */
dfn_status dfn_validator_new(dfn_validator **out, const dfn_sounds *sounds,
                             const dfn_mix_config *mix, const dfn_worker_config *worker,
                             dfn_pool *pool, int shards, dfn_error *err);
void dfn_validator_free(dfn_validator *v); /* NULL allowed */

dfn_status dfn_validator_run(dfn_validator *v, const void *const *weights,
                             dfn_validation *out, dfn_error *err);

/** Example `i` of the last run (0 .. DFN_EXAMPLES - 1): what the microphone heard and what
 * the network made of it. Returns how many samples, 0 past the last. */
enum { DFN_EXAMPLES = 4 };
size_t dfn_validator_example(const dfn_validator *v, int i, const float **noisy,
                             const float **enhanced);

#endif
