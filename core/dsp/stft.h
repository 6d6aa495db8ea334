/* stft.h - the inside of a dfn_stft; stft_new.c makes it, stft.c uses it. */
#ifndef DFN_STFT_H
#define DFN_STFT_H

#include "dsp/fft.h"

#include <dfnet4/dsp.h>

struct dfn_stft {
    int size, hop;
    float scale; /* of the analysis */
    float *window, *frame;
    dfn_fft *fft;
};

#endif
