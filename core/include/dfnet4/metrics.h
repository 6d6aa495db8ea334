/* metrics.h - how good a sound is, compared with the clean one: SI-SDR, STOI, ESTOI.
 *
 * Both sounds are mono, of one length and already aligned. Everything is computed in double
 * (transforms in float), allocates, and is not for the audio thread. thread: any. */
#ifndef DFNET4_METRICS_H
#define DFNET4_METRICS_H

#include <dfnet4/status.h>
#include <stddef.h>

DFN_BEGIN

/** Scale-invariant signal-to-distortion ratio in dB, without removal of the mean:
 *  a = (<e, r> + eps) / (<r, r> + eps), SI-SDR = 10 lg((|a r|^2 + eps) / (|a r - e|^2 +
 * eps)) with eps = 2^-23. An estimate of zeros gets about 0 dB by this formula. DFN_ERR_ARG
 * if the reference is silent or empty, or a sample is not finite. shape: [n]. rt: no */
DFN_API DFN_MUST_CHECK dfn_status dfn_si_sdr(double *db, const float *reference,
                                             const float *estimate, size_t n,
                                             dfn_error *err);

/** Short-time objective intelligibility, plain (Taal et al. 2011) and extended (Jensen and
 *  Taal 2016), about 0 .. 1; either result may be NULL. Sounds of another `rate` than
 *  10000 Hz are resampled first (dfn_metric_resample). Frames 40 dB below the loudest of
 *  the reference are left out. DFN_ERR_ARG if fewer than 30 frames (0.4 s) are left, or a
 *  sample is not finite. shape: [n]. rt: no */
DFN_API DFN_MUST_CHECK dfn_status dfn_stoi(double *stoi, double *estoi,
                                           const float *reference, const float *estimate,
                                           size_t n, int rate, dfn_error *err);

/** Samples that dfn_metric_resample makes of n: ceil(n to / from), both rates >= 1. rt: yes
 */
DFN_API size_t dfn_metric_resampled(size_t n, int from, int to) DFN_RT;

/** Another rate, without delay: polyphase, a sinc under a Kaiser window with 60 dB
 * rejection and a roll-off of a tenth of the cut-off, zeros around the sound, as published
 *  implementations of STOI do it (Octave's design). DFN_ERR_ARG for rates outside
 *  1 .. 1000000. shape: in[n], out[dfn_metric_resampled(n)]. alias: none. rt: no */
DFN_API DFN_MUST_CHECK dfn_status dfn_metric_resample(float *out, const float *in, size_t n,
                                                      int from, int to, dfn_error *err);

DFN_END

#endif
