/* fold.h - walkers that turn a graph into an equal one that runs faster. */
#ifndef DFN_FOLD_H
#define DFN_FOLD_H

#include <dfnet4/graph.h>

/* owner: the caller frees graph, weights and block. */
typedef struct dfn_folded {
    dfn_graph *graph;
    const void **weights; /* [dfn_graph_weight_count(graph)] */
    void *block;          /* holds the weights that changed */
} dfn_folded;

/** Fold every batch norm (with its running statistics) into the linear, conv2d,
 *  conv_transpose2d or conv1d in front of it, if nothing else reads that layer:
 *      s = weight / sqrt(running_var + eps), w' = w s, b' = bias + (b - running_mean) s
 *  The layer gains a bias; its weights are new arrays. All others stay where they are: the
 *  table points to the arrays of `weights`, which must outlive it. Other nodes and names
 *  stay. float32. On failure `out` is empty. */
dfn_status dfn_fold_batch_norm(const dfn_graph *g, const void *const *weights,
                               dfn_folded *out, dfn_error *err);

#endif
