/* sequence.h - a reference case with memory: whole, cut in two, and frame by frame.
 *
 * One float32 run over all frames gives the outputs, the states and, walked back, every
 * gradient. The same frames in two runs (cut where the states in the middle are known) and
 * one by one must give the same.
 */
#ifndef SEQUENCE_H
#define SEQUENCE_H

#include "golden_graph.h"

enum { SEQUENCE_IN_MAX = 4 };

typedef struct sequence {
    const char *in[SEQUENCE_IN_MAX]; /* inputs [B][T][D]: "x" is "in.x"; output is "y" */
    /* each may be NULL */
    void (*weights)(golden_rig *r);      /* instead of golden_weights() */
    void (*weight_grads)(golden_rig *r); /* instead of golden_compare_weight_grads() */
    void (*start)(golden_rig *r);        /* states before the first frame */
    void (*at_mid)(golden_rig *r), (*at_end)(golden_rig *r); /* look at the states */
    void (*inside)(golden_rig *r); /* and at any value, after a run over all frames */
    void (*seed)(golden_rig *r, void *const *dstate);   /* gradient of the last states */
    void (*arrive)(golden_rig *r, void *const *dstate); /* and of the first ones */
} sequence;

/** Check every case whose name starts with `prefix`, with the graph of `build`. Returns
 *  false, having said so, if there are no reference data at all. */
bool sequence_check(const char *prefix, void (*build)(dfn_graph *g, const golden *c),
                    const sequence *s);

/** The `nth` slot of the state of stream b whose node is called `node`, and its numbers. */
float *sequence_slot(const golden_rig *r, void *const *state, int b, const char *node,
                     int nth, size_t *count);

/** Inputs of one frame of tensor [B][T][D] for a graph. */
dfn_value sequence_input(dfn_graph *g, const golden *c, const char *port);

#endif
