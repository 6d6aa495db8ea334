/* rig.h - a small graph set up to run, fed with a signal that is the same for every rig.
 *
 * The signal has any number of streams and frames; a rig sees a part of it. Failures to set
 * up end the test. */
#ifndef RIG_H
#define RIG_H

#include "graph/node.h"
#include "op_check.h"

/* One compiled copy of the graph under test, with its weights and states. */
typedef struct rig {
    const op_case *c;
    const dfn_graph *g;
    dfn_plan *plan;
    dfn_weights w;
    dfn_precision precision;
    int B, T;
    void **state; /* [B] */
    size_t state_bytes;
} rig;

/** Number i of a reproducible sequence, in [-1, 1), exact in float. */
double rig_number(uint64_t seed, size_t i);

/** Element i of an array of either precision. */
double rig_get(const void *p, dfn_precision f, size_t i);

/** Zeroed memory, 64-byte aligned; free with free(). */
void *rig_zeros(size_t bytes);

/** Compile `g` for B streams and at most T frames; weights from the sequence, states reset.
 *  rig_close also checks the guard words. */
void rig_open(rig *r, const op_case *c, const dfn_graph *g, dfn_precision f, dfn_mode mode,
              int B, int T, bool guard);
void rig_close(rig *r);

bool rig_is_input(const dfn_graph *g, dfn_value v);

/** Numbers of a value: of one frame of one stream, and of the whole plan. */
size_t rig_frame_size(const dfn_graph *g, dfn_value v);
size_t rig_value_size(const rig *r, dfn_value v);

/** Fill every input with frames [start, start + frames) of the signal; stream 0 of the rig
 *  is stream `first` of the signal. */
void rig_feed(rig *r, int first, long start, int frames);
void rig_run(rig *r, int frames);

/** Run the frames before frame 0: what is looked at starts from a state that is in use. */
void rig_warm_up(rig *r, int first);

/** Run `frames` in pieces of len[0], len[1], ... (repeated), from a warm state, and gather
 *  one output as [B][frames][n]; free with free(). */
double *rig_collect(rig *r, dfn_value v, int first, int frames, const int *len, int n_len);

#endif
