/* fft.h - real transform of even size, over kissfft; the one place that knows it.
 *
 * A spectrum is [n / 2 + 1][2]. Both directions are unnormalised: forward then inverse
 * multiplies by n. Source: kissfft (Borgerding). */
#ifndef DFN_FFT_H
#define DFN_FFT_H

#include <dfnet4/attr.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct dfn_fft dfn_fft; /* tables and work space: one thread at a time */

enum { DFN_FFT_MAX = 65536 };

/** True for n in 4 .. DFN_FFT_MAX, even, with n / 2 a product of 2, 3 and 5. kissfft can do
 *  more sizes, but takes memory from the heap in the middle of their transforms. rt: yes */
bool dfn_fft_supported(int n) DFN_RT;

/** Bytes of a transform of a supported size. rt: yes */
size_t dfn_fft_bytes(int n) DFN_RT;

/** Build the tables in dfn_fft_bytes(n) bytes at `mem`, aligned to 16. There is nothing to
 *  free. Never allocates, but takes the time of n sines. rt: no promise */
dfn_fft *dfn_fft_place(void *mem, int n);

/** spec[k] = sum_i x[i] exp(-2 pi j k i / n). shape: x[n]. alias: none. rt: yes */
void dfn_fft_forward(dfn_fft *f, float *spec, const float *x) DFN_RT;

/** x[i] = sum over all n bins of spec[k] exp(2 pi j k i / n), bins past n / 2 being the
 *  conjugates; the imaginary parts of bins 0 and n / 2 are ignored. alias: none. rt: yes */
void dfn_fft_inverse(dfn_fft *f, float *x, const float *spec) DFN_RT;

#endif
