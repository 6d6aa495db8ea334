/* lanes.c - 16 frames at once; lanes.h has the mathematics. */
#include "op/op.h"

typedef REAL vf;
enum { VF = 1 };
static inline vf vf_set(REAL x) { return x; }
static inline vf vf_load(const REAL *p) { return *p; }
static inline void vf_store(REAL *p, vf x) { *p = x; }
static inline vf vf_fma(vf a, vf b, vf c) { return a * b + c; }
static inline vf vf_fnma(vf a, vf b, vf c) { return c - a * b; }

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

void OP(lanes_pass)(REAL *restrict y, const REAL *restrict x, const REAL *restrict w,
                    int radix, int m, int s)
{
    lanes_any_pass(y, x, w, radix, m, s);
}

void OP(lanes_split)(REAL *restrict z, const REAL *restrict w, int n)
{
    lanes_split_rows(z, w, n);
}

void OP(lanes_join)(REAL *restrict z, const REAL *restrict w, int n)
{
    lanes_join_rows(z, w, n);
}
