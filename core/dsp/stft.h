/* stft.h - the inside of a dfn_stft; stft_new.c makes it, stft.c uses it. */
#ifndef DFN_STFT_H
#define DFN_STFT_H

#include "dsp/fft.h"
#include "dsp/stft960.h"

#include <dfnet4/dsp.h>

struct dfn_stft {
    int size, hop;
    float scale; /* of the analysis */
    float *window, *frame;
    dfn_fft *fft;
    dfn_stft960 *fast; /* instead of all that, or NULL */
    dfn_stft960_analyse *analyse;
    dfn_stft960_synthesise *synthesise;
};

#endif
