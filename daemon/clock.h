/* clock.h - what time it is on a sound card, from the times at which its blocks come.
 *
 * A delay-locked loop (F. Adriaensen, Using a DLL to filter time, 2005): a line through
 * frames and times, second order, critically to slightly under-damped (zeta = 0.71). Its
 * bandwidth starts at 0.5 Hz and falls as 1 / age to 0.02 Hz, so that the rate is known
 * within seconds and late blocks hardly move it after a minute. Blocks that are off by more
 * than four times what is usual count as if by that much; eight in a row on one side mean
 * that the card stood still for a moment (or lost some frames), and the line is moved. */
#ifndef DFND_CLOCK_H
#define DFND_CLOCK_H

#include <dfnet4/attr.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct dfnd_clock {
    double frame;   /* the line: at `frame` (a count) it was `time` (s) ... */
    double time;    /* ... */
    double period;  /* ... and a frame takes this long, s */
    double nominal; /* the period it was given */
    double limit;   /* s: blocks further off than this are no jitter */
    double spread;  /* s that blocks are off, a mean of about the last 64 */
    int late;   /* blocks in a row that are further off than that explains; < 0: early */
    double age; /* s since the line began; negative: no block yet */
} dfnd_clock;

void dfnd_clock_init(dfnd_clock *c, double rate, double limit);

/** The last of `frames` more frames was there at `now`. False: the line began anew, since
 * time had jumped. rt: yes */
bool dfnd_clock_tick(dfnd_clock *c, int frames, double now) DFN_RT;

/** As a tick, and the line begins anew. */
void dfnd_clock_jump(dfnd_clock *c, int frames, double now) DFN_RT;

/** Bandwidth for a loop of this age, Hz. */
double dfnd_clock_bandwidth(double age) DFN_RT;

/* A clock as another thread may see it: written by one, read by any, no locks. */
typedef struct dfnd_shared_clock {
    _Atomic uint32_t turn; /* odd: being written */
    _Atomic double frame, time, period;
} dfnd_shared_clock;

void dfnd_clock_publish(dfnd_shared_clock *s, const dfnd_clock *c) DFN_RT;
/** False if the other thread was always at it; then `c` is as before. */
bool dfnd_clock_read(dfnd_clock *c, dfnd_shared_clock *s) DFN_RT;

#endif
