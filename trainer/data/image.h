/* image.h - the response of a room that was never built. */
#ifndef DFN_IMAGE_H
#define DFN_IMAGE_H

#include "data/philox.h"

typedef struct dfn_shoebox {
    double size[3], source[3], microphone[3]; /* metres */
    double t60_low, t60_high; /* seconds to decay by 60 dB, below and above 2 kHz or so */
} dfn_shoebox;

/** h[n] at 48 kHz: the direct sound is h[0] = 1, its delay taken out. work: [2 n]. */
void dfn_shoebox_response(const dfn_shoebox *s, dfn_philox *r, float *h, float *work,
                          size_t n);

#endif
