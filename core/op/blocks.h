/* blocks.h - equally long, equally spaced runs of numbers: what concat and slice move.
 *
 * An axis of a frame cuts a value into `outer` blocks of d[axis] * inner numbers. */
#ifndef DFN_BLOCKS_H
#define DFN_BLOCKS_H

#include "op/op.h"

#include <string.h>

static inline int blocks_outer(const dfn_args *a, int axis)
{
    int n = a->B * a->out_shape.t;
    for (int i = 0; i < axis; i++)
        n *= a->out_shape.d[i];
    return n;
}

static inline int blocks_inner(dfn_shape s, int axis)
{
    int n = 1;
    for (int i = axis + 1; i < 3; i++)
        n *= s.d[i];
    return n;
}

/* n numbers from every step_x-th place of x to every step_y-th place of y. */
static inline void blocks_copy(REAL *restrict y, int step_y, const REAL *restrict x,
                               int step_x, int n, int outer)
{
    for (int i = 0; i < outer; i++)
        memcpy(y + i * step_y, x + i * step_x, (size_t)n * sizeof *y);
}

static inline void blocks_add(REAL *restrict y, int step_y, const REAL *restrict x,
                              int step_x, int n, int outer)
{
    for (int i = 0; i < outer; i++)
        for (int j = 0; j < n; j++)
            y[i * step_y + j] += x[i * step_x + j];
}

#endif
