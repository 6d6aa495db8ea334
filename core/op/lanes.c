/* lanes.c - 16 frames at once; lanes.h has the mathematics. */
#include "op/op.h"

#include "op/plain_vf.h"

#include "op/lanes.h"

void OP(lanes_gather)(REAL *restrict y, const REAL *restrict x, const REAL *restrict w,
                      int n, int hop, int lanes)
{
    for (int i = 0; i < n; i++, y += DFN_LANES)
        for (int j = 0; j < DFN_LANES; j++)
            y[j] = j < lanes ? w[i] * x[j * hop + i] : 0;
}

void OP(lanes_scatter)(REAL *restrict x, const REAL *restrict y, const REAL *restrict w,
                       int n, int hop, int lanes)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < lanes; j++)
            x[j * hop + i] += w[i] * y[(i ^ 1) * DFN_LANES + j];
}

void OP(lanes_pass)(REAL *restrict x, const REAL *restrict w, int radix, int m, int blocks,
                    bool back)
{
    if (back)
        lanes_any_pass(x, w, radix, m, blocks, true);
    else
        lanes_any_pass(x, w, radix, m, blocks, false);
}
