/* random.h - start values of a graph's weights. */
#ifndef DFN_RANDOM_H
#define DFN_RANDOM_H

#include <dfnet4/graph.h>

/** Fill the float32 arrays of `w` (dfn_weights_new of `g`) as random.c says. A weight's
 * numbers depend on the seed, its name and what its node is, not on the rest of the graph.
 * rt: no */
void dfn_random_fill(dfn_weights *w, const dfn_graph *g, uint64_t seed);

#endif
