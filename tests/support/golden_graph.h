/* golden_graph.h - a graph with the inputs and weights of a reference case.
 *
 *   golden_rig r;
 *   golden_rig_open(&r, c, g, DFN_EVAL, DFN_F32, B, T);
 *   golden_input(&r, "x", "in.x", "BCTF:BTFC");
 *   golden_run(&r);
 *   golden_compare_output(&r, "y", "out.eval.y", "BCTF:BTFC");
 *   golden_output_grad(&r, "y", "dout.eval.y", "BCTF:BTFC");
 *   golden_backward(&r);
 *   golden_compare_grad(&r, "x", "grad.eval.x", "BCTF:BTFC");
 *   golden_compare_weight_grads(&r, "grad.eval.");
 *   golden_rig_close(&r);
 *
 * `order` is explained in layout.h. A value and its tensor need equally many numbers.
 * Whatever is missing or has another shape ends the test with exit status 1. */
#ifndef GOLDEN_GRAPH_H
#define GOLDEN_GRAPH_H

#include "golden.h"

#include <dfnet4/graph.h>

typedef struct golden_rig {
    const golden *c;
    const dfn_graph *g;
    dfn_plan *plan;
    dfn_precision precision;
    int B, T;
    dfn_weights w, dw; /* dw is zero until golden_backward */
    void **state;      /* [B], at its start value */
} golden_rig;

/** Plan `g` (finished) for B streams of T frames, with the weights of the case. */
void golden_rig_open(golden_rig *r, const golden *c, const dfn_graph *g, dfn_mode mode,
                     dfn_precision precision, int B, int T);
/** The same, with weights still zero: for graphs whose weights have other names. */
void golden_rig_plan(golden_rig *r, const golden *c, const dfn_graph *g, dfn_mode mode,
                     dfn_precision precision, int B, int T);
void golden_rig_close(golden_rig *r);

/** Fill every weight of the graph from "w.<name>", of the same shape. A weight whose own
 *  name starts with "w." has the name of its tensor: call the node "w" for "w.weight".
 *  "<name>_g" and "<name>_v" (weight normalisation) will do in place of the tensor. */
void golden_weights(const golden *c, const dfn_graph *g, dfn_weights *w,
                    dfn_precision precision);

/** Copy a tensor into the input, or the gradient of the output, called `port`. */
void golden_input(const golden_rig *r, const char *port, const char *tensor,
                  const char *order);
void golden_output_grad(const golden_rig *r, const char *port, const char *tensor,
                        const char *order);

/** Run all frames; the whole reverse walk (gradients start at zero: call it after
 *  golden_output_grad, once). */
void golden_run(const golden_rig *r);
void golden_backward(const golden_rig *r);

/** golden_compare() on an output, the gradient of an input, or the gradient of every
 *  weight, tensor "<prefix>w.<name>" (or two, of its length and direction). */
void golden_compare_output(const golden_rig *r, const char *port, const char *tensor,
                           const char *order);
void golden_compare_grad(const golden_rig *r, const char *port, const char *tensor,
                         const char *order);
void golden_compare_weight_grads(const golden_rig *r, const char *prefix);

/** After golden_run in DFN_TRAIN: update the running statistics and compare them with
 *  "<prefix><name>". Changes the weights of the rig. */
void golden_compare_statistics(golden_rig *r, const char *prefix);

/** Run from the start of the stream, one frame at a time. The graph has no other input, and
 *  `out_tensor` has the order of the output, [B][T][d0][d1][d2]. */
void golden_compare_frames(const golden_rig *r, const char *in, const char *in_tensor,
                           const char *in_order, const char *out, const char *out_tensor);

/** One mode, "eval" or "train", of a case of input "in.x" and output "out.<mode>.y": opens
 *  the rig, compares the output and every gradient, and leaves it open for more. */
void golden_check_mode(golden_rig *r, const golden *c, const dfn_graph *g, bool train,
                       int B, int T, const char *x_order, const char *y_order);

#endif
