/* pack_rig.h - a graph of one layer, plain and packed, run on the same signal. */
#ifndef PACK_RIG_H
#define PACK_RIG_H

#include "graph/node.h"
#include "graph/pack.h"

enum { PACK_STREAMS = 3, PACK_WARM = 3, PACK_FRAMES = 6 };

/* Instruction sets of this machine, portable C first; NULL past the last. */
typedef struct pack_level {
    const char *name;
    unsigned cpu;
} pack_level;
const pack_level *pack_level_get(int i);

/* One layer, and an activation behind it if `act` says so. */
typedef struct pack_case {
    const char *name;
    dfn_op_kind op;
    dfn_attr attr;
    int F, C; /* input {1,F,C} */
    dfn_activation act;
    double alpha;
} pack_case;

/** Inputs "x" (selective_scan: four), output "y". Ends the test if it cannot be built. */
dfn_graph *pack_build(const pack_case *c, bool activate);

/* A signal: frames of a value of `n` numbers, for PACK_STREAMS streams. */
typedef double (*pack_signal)(dfn_value in, int stream, int frame, size_t i, size_t n);

/** The usual one: rows and streams of different loudness, exact in float. */
double pack_usual(dfn_value in, int stream, int frame, size_t i, size_t n);

/* What is to be run: streams `first` .. `first + B - 1`, frames `start` .. `end - 1` in
 * pieces of len[0], len[1] .. (repeated). */
typedef struct pack_run {
    const dfn_graph *g;
    const void *const *w;
    dfn_precision precision;
    unsigned cpu;
    int first, B, start, end;
    int len[3], n_len;
    pack_signal signal;
    const void *const *state; /* [B] to start from; NULL: the start state */
} pack_run;

typedef struct pack_result {
    double *y; /* [B][frames][n] */
    void *state[PACK_STREAMS];
    size_t n; /* numbers of a frame */
} pack_result;

/** Guard words are checked. Free with pack_free. */
pack_result pack_play(const pack_run *r);
void pack_free(pack_result *r);

/** Random weights of a graph: outputs of different size; and a copy in double. */
void pack_weights(const dfn_graph *g, dfn_weights *f32, dfn_weights *f64);

/** Bound of the error of every number of an output y[n] in this format; free with free().
 *  For selective_scan: in float32. */
double *pack_bounds(const pack_case *c, const dfn_weights *f64, dfn_weight_format f,
                    const double *y, size_t n);

#endif
