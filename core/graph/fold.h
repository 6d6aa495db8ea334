/* fold.h - walkers that turn a graph into an equal one that runs faster. */
#ifndef DFN_FOLD_H
#define DFN_FOLD_H

#include <dfnet4/graph.h>

/** Fold every batch norm (with its running statistics) into the linear, conv2d,
 *  conv_transpose2d or conv1d in front of it, if nothing else reads that layer:
 *      s = weight / sqrt(running_var + eps), w' = w s, b' = bias + (b - running_mean) s
 *  The layer gains a bias. Other nodes and names stay. float32.
 *  owner: the caller frees the new graph and weights. */
dfn_status dfn_fold_batch_norm(const dfn_graph *g, const void *const *weights,
                               dfn_graph **out, dfn_weights *out_weights, dfn_error *err);

#endif
