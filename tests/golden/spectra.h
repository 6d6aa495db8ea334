/* spectra.h - short ways to build the graphs of the spectral reference cases. */
#ifndef SPECTRA_H
#define SPECTRA_H

#include "golden_graph.h"

#include <stdio.h>
#include <stdlib.h>

static inline dfn_value add1(dfn_graph *g, dfn_op_kind op, dfn_attr attr, dfn_value x)
{
    return dfn_graph_add(g, op, NULL, &attr, 1, &x);
}

static inline dfn_value add2(dfn_graph *g, dfn_op_kind op, dfn_attr attr, dfn_value a,
                             dfn_value b)
{
    const dfn_value in[] = {a, b};
    return dfn_graph_add(g, op, NULL, &attr, 2, in);
}

/* Bins [start, end) of a spectrum. */
static inline dfn_value bins(dfn_graph *g, dfn_value x, int start, int end)
{
    return add1(g, DFN_OP_SLICE,
                (dfn_attr){.axis = 1, .start = start, .length = end - start}, x);
}

/* One spectrum behind the other. */
static inline dfn_value join(dfn_graph *g, dfn_value low, dfn_value high)
{
    return add2(g, DFN_OP_CONCAT, (dfn_attr){.axis = 1}, low, high);
}

static inline dfn_value input(dfn_graph *g, const char *name, int d0, int d1, int d2)
{
    return dfn_graph_input(g, name, (dfn_shape){1, {d0, d1, d2}});
}

static inline int size(const golden *c, const char *tensor, int axis)
{
    return (int)golden_tensor(c, tensor)->dim[axis];
}

/* Finish and plan a graph with all that backward needs; a refusal ends the test. */
static inline void start(golden_rig *r, const golden *c, dfn_graph *g, int B, int T)
{
    dfn_error err = {0};
    if (dfn_graph_finish(g, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    golden_rig_open(r, c, g, DFN_EVAL, DFN_F32, B, T);
}

#endif
