/* dsp.h - what surrounds the network: framing, bands, post-filter, attenuation limit.
 *
 * Mathematics: libDF (Schröter et al., DeepFilterNet), which official weights expect. A
 * spectrum is [bins][2] (re, im), bins = fft_size / 2 + 1. */
#ifndef DFNET4_DSP_H
#define DFNET4_DSP_H

#include <dfnet4/status.h>
#include <stddef.h>

DFN_BEGIN

/* Window and transforms of one stream. Holds work space: one thread at a time. */
typedef struct dfn_stft dfn_stft;

/** Overlap-add analysis and synthesis with the Vorbis window
 *  w[i] = sin(pi/2 sin^2(pi (i + 1/2) / fft_size)); fft_size must be 2 hop_size, even, and
 *  at most 65536. `cpu`: DFN_CPU_* allowed, 0 for portable C; they matter at 960. rt: no */
DFN_API DFN_MUST_CHECK dfn_status dfn_stft_new(dfn_stft **out, int fft_size, int hop_size,
                                               unsigned cpu, dfn_error *err);
DFN_API void dfn_stft_free(dfn_stft *s);

/** spec = rfft([memory | in] w) / (fft_size^2 / (2 hop_size)); memory = in.
 *  shape: in[hop], spec[bins][2], memory[fft_size - hop], zero at the start. alias: none.
 * rt: yes */
DFN_API void dfn_stft_analyse(dfn_stft *s, float *spec, float *memory,
                              const float *in) DFN_RT;

/** y = irfft(spec) w, unnormalised; out = y[0..hop) + memory; memory = y[hop..). The
 * imaginary parts of DC and Nyquist are ignored. Analysis then synthesis delays by fft_size
 * - hop samples and changes nothing else. alias: none. rt: yes */
DFN_API void dfn_stft_synthesise(dfn_stft *s, float *out, float *memory,
                                 const float *spec) DFN_RT;

/** Bins per ERB band: rectangular, `min_bins` or more each, sum = bins. DFN_ERR_ARG if the
 *  numbers do not make sense (nb_bands 1..256). shape: widths[nb_bands]. Source: libDF
 *  (erb = 9.265 ln(1 + f / (24.7 * 9.265))). rt: yes */
DFN_API DFN_MUST_CHECK dfn_status dfn_erb_widths(int *widths, int sample_rate, int fft_size,
                                                 int nb_bands, int min_bins,
                                                 dfn_error *err);

/** Smoothing factor of a time constant: exp(-hop / (rate tau)) rounded to three decimals,
 * more if that gives 1. Source: libDF. rt: yes */
DFN_API double dfn_norm_alpha(int sample_rate, int hop_size, double tau_s) DFN_RT;

/** Attenuate over-estimated bins, in place, on all bins.
 *  g = clip(|Y| / (|X| + 1e-12), 1e-12, 1), Y *= (1 + beta) / (1 + beta / sin^2(pi g / 2)).
 *  beta 0 does nothing; 0.02 is usual. alias: none. rt: yes */
DFN_API void dfn_post_filter(float *enhanced, const float *noisy, int bins,
                             float beta) DFN_RT;

/** Y = (1 - lim) Y + lim X, lim = 10^(-limit_db / 20): never attenuate by more than about
 *  `limit_db`. 100 dB and more do nothing, 0 gives X. rt: yes */
DFN_API void dfn_attenuation_limit(float *enhanced, const float *noisy, int bins,
                                   float limit_db) DFN_RT;

DFN_END

#endif
