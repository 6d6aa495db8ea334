/* drift_rig.h - two simulated sound cards with a bridge between them. */
#ifndef DRIFT_RIG_H
#define DRIFT_RIG_H

#include "check.h"
#include "drift.h"

enum { RIG_BLOCK = 8192 };

typedef struct rig_card {
    double rate; /* as it says */
    double ppm;  /* what it is off */
    int block;
    double jitter;          /* s, uniform in 0 .. jitter */
    double stall_at, stall; /* s: no blocks for so long, and their sound is lost */
    int64_t frames;
    double start, due; /* s: when it began; when the next block comes, jitter included */
} rig_card;

typedef struct rig {
    dfnd_drift *drift;
    rig_card in, out;
    double frequency; /* of the sine that is written */
    double now;
    uint64_t random;
    float written[RIG_BLOCK], read[RIG_BLOCK];
} rig;

/** With this reserve for jitter, 0: the usual one. */
rig rig_open(rig_card in, rig_card out, double reserve, double frequency);
void rig_close(rig *r);

/** Until the next block was read: its frames, in r->read. */
int rig_step(rig *r);

/** A sine of about this frequency in x[n]: its power over that of all else, dB. `phase`
 * (may be NULL): of the sine at x[0], rad. */
double rig_snr(const float *x, int n, double frequency, double rate, double *phase);

#endif
