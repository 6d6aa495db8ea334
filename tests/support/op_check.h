/* op_check.h - everything every op must satisfy, for any small graph.
 *
 *   gradient   backward equals central differences in double, for every input and weight,
 *              from a state that is not the start state, and adds instead of overwriting
 *   chunks     back-propagation through two runs with carried state equals one long run
 *   precision  float equals double to `terms` roundings
 *   streaming  run(T) equals T times run(1) and any other split; future input never changes
 *              past output (bit for bit); streams of a batch do not touch each other
 *   memory     buffers shared by lifetime give the same result; guard words stay intact
 *
 * The last three look at float, at every CPU level of this machine, portable C included. */
#ifndef OP_CHECK_H
#define OP_CHECK_H

#include <dfnet4/graph.h>

typedef struct op_case {
    const char *name;
    void (*build)(dfn_graph *g,
                  const void *context); /* inputs, nodes, dfn_graph_output() */
    const void *context;
    int T, B;         /* 0: 7 frames, 2 streams */
    double scale;     /* inputs are in [-scale, scale); 0: 1 */
    double shift;     /* added to the inputs */
    double w_scale;   /* weights are in [-w_scale, w_scale); 0: 0.5 */
    double w_shift;   /* added to the weights (running variances: always [0.5, 1.5)) */
    int terms;        /* longest chain of roundings of one output; 0: 64 */
    bool train;       /* batch statistics (DFN_TRAIN) */
    unsigned cpu;     /* of float plans; op_check goes through all that are there */
    bool no_gradient; /* only for graphs whose outputs are piecewise constant */
} op_case;

/** Run all checks, print one line with the worst figures, count failures in
 * op_check_report. */
void op_check(const op_case *c);

/** Exit status of the test: 0 if every check of every case held. */
int op_check_report(void);

#endif
