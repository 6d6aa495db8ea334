/* progress.h - where a run stands: one line redrawn on a terminal, otherwise plain lines
 * now and then.
 *
 *   [=====         ] 24 %  step 7200/30000  31.4 h  263 h/h  loss 0.1183  lr 9.1e-04
 * 0:21:10 left */
#ifndef DFN_PROGRESS_H
#define DFN_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct dfn_progress_state {
    uint64_t step, steps; /* done, and of the whole run; 0: not known */
    double hours;         /* of audio so far */
    double loss, lr;
    double seconds; /* any clock that only goes forward */
} dfn_progress_state;

enum { DFN_PROGRESS_MARKS = 16 };

/* Speed is that of the last half minute or so. */
typedef struct dfn_progress {
    bool bar;        /* redraw; otherwise plain lines */
    double interval; /* seconds between two lines */
    double shown;    /* when the last one was */
    bool started;
    struct dfn_progress_mark {
        double seconds, hours;
        uint64_t step;
    } mark[DFN_PROGRESS_MARKS]; /* a ring, of which `marks` count */
    int marks, newest;
} dfn_progress;

/** On a terminal (stderr) the line is redrawn five times a second at most; otherwise a line
 * is printed every `interval` seconds. `quiet`: nothing. */
void dfn_progress_init(dfn_progress *p, double interval, bool quiet);

/** After a step. Smooths the loss no more than the caller did. */
void dfn_progress_step(dfn_progress *p, const dfn_progress_state *s);

/** Remove the redrawn line, for messages of others and at the end. */
void dfn_progress_clear(dfn_progress *p);

/** Hours of audio per hour, and steps per second, of late; 0 if it is too early to say. */
double dfn_progress_hours_per_hour(const dfn_progress *p);
double dfn_progress_steps_per_second(const dfn_progress *p);

/** The line for a terminal of `width` columns, in which what matters least is left out
 * first. Returns its length, less than `width`. For tests; `bar`: with the bar in front. */
size_t dfn_progress_text(char *text, size_t size, int width, bool bar,
                         const dfn_progress *p, const dfn_progress_state *s);

#endif
