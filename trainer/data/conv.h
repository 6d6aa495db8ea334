/* conv.h - convolution with long responses: uniformly partitioned overlap-save.
 *
 * A signal is transformed once, then convolved with as many responses as one likes. Results
 * are the same on every machine. */
#ifndef DFN_CONV_H
#define DFN_CONV_H

#include <dfnet4/status.h>
#include <stddef.h>

enum { DFN_CONV_BLOCK = 2048, DFN_CONV_TAPS = 36 * DFN_CONV_BLOCK };

/* Spectra of a response, scaled so that inverse transforms need not be: [bins][parts][2].
 * Immutable: threads may share it. */
typedef struct dfn_response {
    float *spec;
    int parts;
} dfn_response;

/* One thread's work space, with room for the spectra of a signal. */
typedef struct dfn_conv dfn_conv;

dfn_status dfn_conv_new(dfn_conv **out, size_t max_samples, dfn_error *err);
void dfn_conv_free(dfn_conv *c); /* NULL allowed */

/** Spectra of h[n], 1 <= n <= DFN_CONV_TAPS. */
dfn_status dfn_response_new(dfn_response *r, dfn_conv *c, const float *h, size_t n,
                            dfn_error *err);
/** Other values for a response that was made for n values. Does not allocate. */
void dfn_response_set(dfn_response *r, dfn_conv *c, const float *h, size_t n);
void dfn_response_free(dfn_response *r);

/** Take the signal x[n], n <= max_samples, `lead` <= DFN_CONV_BLOCK samples early: what
 * stands at h[lead] then has no delay. */
void dfn_conv_signal(dfn_conv *c, const float *x, size_t n, size_t lead);
/** y[i] = sum_k h[k] x[i + lead - k] for the n samples of the signal. y may be x. */
void dfn_conv_apply(dfn_conv *c, const dfn_response *r, float *y);

#endif
