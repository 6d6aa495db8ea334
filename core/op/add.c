/* add.c - y = a + b, repeating an input along every axis where it has size 1.
 *
 *   da += dy, db += dy, summed over the axes where that input was repeated */
#include "op/broadcast.h"

static void row(REAL *restrict y, const REAL *a, int sa, const REAL *b, int sb, int n)
{
    if (sa && sb)
        for (int i = 0; i < n; i++)
            y[i] = a[i] + b[i];
    else if (sa)
        for (int i = 0; i < n; i++)
            y[i] = a[i] + b[0];
    else
        for (int i = 0; i < n; i++)
            y[i] = a[0] + b[i * sb];
}

void OP(add_fwd)(REAL *restrict y, const REAL *a, const REAL *b, const int *n,
                 const int *sa, const int *sb)
{
    for (int t = 0; t < n[0]; t++)
        for (int i = 0; i < n[1]; i++)
            for (int j = 0; j < n[2]; j++, y += n[3])
                row(y, a + t * sa[0] + i * sa[1] + j * sa[2], sa[3],
                    b + t * sb[0] + i * sb[1] + j * sb[2], sb[3], n[3]);
}

static void row_bwd(REAL *restrict dx, int s, const REAL *restrict dy, int n)
{
    REAL sum = 0;
    for (int i = 0; s && i < n; i++)
        dx[i] += dy[i];
    for (int i = 0; !s && i < n; i++)
        sum += dy[i];
    dx[0] += sum;
}

void OP(add_bwd)(REAL *da, REAL *db, const REAL *restrict dy, const int *n, const int *sa,
                 const int *sb)
{
    for (int t = 0; t < n[0]; t++)
        for (int i = 0; i < n[1]; i++)
            for (int j = 0; j < n[2]; j++, dy += n[3]) {
                row_bwd(da + t * sa[0] + i * sa[1] + j * sa[2], sa[3], dy, n[3]);
                row_bwd(db + t * sb[0] + i * sb[1] + j * sb[2], sb[3], dy, n[3]);
            }
}

static void fwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const broadcast c = broadcast_of(a);
    k->add_fwd(a->out, a->in[0], a->in[1], c.n, c.step[0], c.step[1]);
}

/* One input's gradient, of the same shape; dx may be dy. */
static void pass_on(REAL *dx, const REAL *dy, bool fresh, size_t n)
{
    for (size_t i = 0; !fresh && i < n; i++)
        dx[i] += dy[i];
    if (fresh && dx != dy)
        memcpy(dx, dy, n * sizeof *dx);
}

static void bwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const broadcast c = broadcast_of(a);
    if (c.same) {
        for (int i = 0; i < 2; i++)
            pass_on(a->din[i], a->dout, a->fresh[i], (size_t)c.n[3]);
        return;
    }
    broadcast_clear_all(a);
    k->add_bwd(a->din[0], a->din[1], a->dout, c.n, c.step[0], c.step[1]);
}

const dfn_op OP(op_add) = {.name = "add",
                           .infer = broadcast_infer,
                           .fwd = fwd,
                           .bwd = bwd,
                           .fresh = true,
                           .in_place = true};
