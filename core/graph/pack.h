/* pack.h - the walker that makes a graph for running from one for training. */
#ifndef DFN_PACK_H
#define DFN_PACK_H

#include "graph/quantise.h"

/** The same network for DFN_INFER plans: activations become part of the layers in front of
 *  them, and weights are packed in the order in which a run reads them, in one block, on
 *  large pages where the system has them.
 *
 *  weights  of `g`, in the order of dfn_graph_weight; those that are not float32 are so one
 *           layer at a time
 *  format   [nodes of g]: what each node's weights become; ops that cannot, keep theirs
 *  owner    the caller frees the new graph and weights
 *  state    of the new graph is its own: some ops remember something else in packed form
 *  rt       no */
DFN_MUST_CHECK dfn_status dfn_pack(const dfn_graph *g, const dfn_stored *weights,
                                   const dfn_weight_format *format, dfn_graph **out,
                                   dfn_weights *out_weights, dfn_error *err);

/** The format of every node if as much as possible is to be `f`: layers whose quantisation
 *  saves nothing (fewer than 2048 weights, or 16 inputs per output) stay in float32, and
 *  those with fewer than 32 inputs per output are bfloat16 instead of int8. */
void dfn_pack_formats(dfn_weight_format *format, const dfn_graph *g, dfn_weight_format f);

#endif
