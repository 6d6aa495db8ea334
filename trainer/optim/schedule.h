/* schedule.h - what changes in the course of a run: learning rate, weight decay, size of
 * the batch. Functions of the position alone, so that a resumed run goes on exactly.
 *
 * Positions and lengths are in epochs, whole or not: examples seen / examples of an epoch.
 */
#ifndef DFN_SCHEDULE_H
#define DFN_SCHEDULE_H

#include <dfnet4/status.h>

typedef enum dfn_schedule_kind {
    DFN_SCHEDULE_COSINE, /* cycles of min + (base - min) (1 + cos(pi x)) / 2, x in 0..1 */
    DFN_SCHEDULE_LINEAR, /* base + (min - base) x */
    DFN_SCHEDULE_EXPONENTIAL, /* base (min / base)^x */
    DFN_SCHEDULE_CONSTANT,
} dfn_schedule_kind;
#define DFN_SCHEDULE_KINDS "cosine|linear|exponential|constant" /* in this order */

typedef struct dfn_schedule {
    dfn_schedule_kind kind;
    double base, min;            /* learning rate after the warm-up, and at the end */
    double epochs;               /* of the run, warm-up included; > 0 */
    double warmup, warmup_start; /* epochs; from this rate, linearly, to base */
    /* Cosine: epochs of the first cycle (0: one cycle, to the end), and factors from one
     * cycle to the next of its length and of base. */
    double cycle, cycle_mul, cycle_decay;
} dfn_schedule;

/** The learning rate at a position >= 0; past the end, that of the end. */
double dfn_schedule_rate(const dfn_schedule *s, double position);

/** Weight decay: a half cosine from `start` to `end` over the run; end < 0: always `start`.
 */
double dfn_schedule_decay(double start, double end, double epochs, double position);

enum { DFN_BATCH_STAGES = 32 };

/* Clips of a batch from an epoch on. */
typedef struct dfn_batch_schedule {
    int count, epoch[DFN_BATCH_STAGES], clips[DFN_BATCH_STAGES];
} dfn_batch_schedule;

/** Read "32", or "0/16,2/24,5/32": epochs from 0 on that rise, and clips >= 1. The error
 * says what is wrong with the text. */
dfn_status dfn_batch_schedule_read(dfn_batch_schedule *b, const char *text, dfn_error *err);
int dfn_batch_schedule_clips(const dfn_batch_schedule *b, double position);

#endif
