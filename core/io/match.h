/* match.h - find in foreign ONNX graphs the weights of one of ours, by comparing structure.
 *
 * Both graphs are walked from their outputs towards their inputs at once. Every node of
 * ours must meet a node that computes the same: same operation, attributes, weight shapes
 * and order of axes. Names inside the foreign graph do not matter. */
#ifndef DFN_IO_MATCH_H
#define DFN_IO_MATCH_H

#include "io/onnx.h"

#include <dfnet4/graph.h>

/* Order of axes of a foreign value; B is 1, a flat vector counts as features. */
typedef enum dfn_layout {
    DFN_CHANNELS_FIRST, /* [B][C][T][F] */
    DFN_FEATURES_LAST,  /* [B][T][F][C] or [B][T][D] */
    DFN_TIME_FIRST,     /* [T][B][D] */
} dfn_layout;

typedef struct dfn_match_output {
    const char *ours; /* output of our graph */
    int file;
    const char *theirs;
    dfn_layout layout;
} dfn_match_output;

/* Where a node of ours is computed outside the foreign network. All in file 0. */
typedef struct dfn_match_input {
    dfn_op_kind op;
    const char *theirs;
} dfn_match_input;

typedef struct dfn_match {
    const dfn_graph *graph;
    dfn_onnx *const *file; /* inputs of files 1 .. are outputs of file 0 of the same name */
    const dfn_match_output *output; /* the first with `ours` NULL ends the list */
    const dfn_match_input *input;   /* the first with `theirs` NULL ends the list */
    const float **weight; /* out: one per dfn_graph_weight(), in PyTorch's layout */
    float **owned;        /* out: copies among them, NULL elsewhere; caller frees each */
} dfn_match;

/** `weight` and `owned` start as NULLs. Weights live as long as the files and the copies.
 *  rt: no */
dfn_status dfn_match_weights(const dfn_match *m, dfn_error *err);

#endif
