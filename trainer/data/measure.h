/* measure.h - what a recording is like. */
#ifndef DFN_MEASURE_H
#define DFN_MEASURE_H

#include <dfnet4/status.h>
#include <stddef.h>

typedef struct dfn_measure {
    double peak_db;      /* of full scale */
    double level_db;     /* power of the frames within 40 dB of the loudest one */
    double bandwidth_hz; /* where the long-time spectrum ends; 0: cannot be told, as the
                             sound is too short or dull by nature (below 3 kHz) */
    double clipped;      /* share of samples in runs of the same extreme value */
} dfn_measure;

/** Measure x[n] at any rate. x must be finite. -200 dB stands for nothing at all. */
dfn_status dfn_measure_sound(dfn_measure *m, const float *x, size_t n, int rate,
                             dfn_error *err);

#endif
