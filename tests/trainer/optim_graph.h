/* optim_graph.h - a graph with every kind of weight an optimiser treats in its own way, and
 * gradients for it. */
#ifndef OPTIM_GRAPH_H
#define OPTIM_GRAPH_H

#include "check.h"

#include <dfnet4/graph.h>
#include <stdlib.h>

/* A linear layer of more than one piece, a batch norm and a scan. */
static inline dfn_graph *optim_graph(void)
{
    enum { WIDE = 100 };
    dfn_graph *g = dfn_graph_new();
    const dfn_value x = dfn_graph_input(g, "x", (dfn_shape){1, {1, 1, WIDE}});
    const dfn_value bc = dfn_graph_input(g, "bc", (dfn_shape){1, {1, 1, 4}});
    const dfn_attr linear = {.out = WIDE, .bias = true},
                   none = {.alpha = 1e-5, .beta = 0.1};
    const dfn_value a = dfn_graph_add(g, DFN_OP_LINEAR, "linear", &linear, 1, &x);
    const dfn_value b = dfn_graph_add(g, DFN_OP_BATCH_NORM, "norm", &none, 1, &a);
    const dfn_value in[] = {b, a, bc, bc};
    dfn_graph_output(g, "y", dfn_graph_add(g, DFN_OP_SELECTIVE_SCAN, "scan", &none, 4, in));
    dfn_error err = {0};
    const dfn_status status = dfn_graph_finish(g, &err);
    CHECK(!status, "%s", err.text);
    if (status)
        exit(1);
    return g;
}

/* Numbers of [-size, size) in every array. */
static inline void optim_fill(dfn_weights *w, const dfn_graph *g, double size,
                              uint64_t seed)
{
    for (int i = 0; i < w->count; i++) {
        const int n = (int)dfn_graph_weight(g, i)->count;
        double *x = calloc((size_t)n + 1, sizeof *x);
        check_fill(x, n, seed + 1000 * (uint64_t)i);
        for (int k = 0; k < n; k++)
            ((float *)w->data[i])[k] = (float)(size * x[k]);
        free(x);
    }
}

#endif
