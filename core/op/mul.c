/* mul.c - y = a b, repeating an input along every axis where it has size 1.
 *
 *   da += dy b, db += dy a, summed over the axes where that input was repeated */
#include "op/broadcast.h"

static void row(REAL *restrict y, const REAL *a, int sa, const REAL *b, int sb, int n)
{
    if (sa && sb)
        for (int i = 0; i < n; i++)
            y[i] = a[i] * b[i];
    else if (sa)
        for (int i = 0; i < n; i++)
            y[i] = a[i] * b[0];
    else
        for (int i = 0; i < n; i++)
            y[i] = a[0] * b[i * sb];
}

void OP(mul_fwd)(REAL *restrict y, const REAL *a, const REAL *b, const int *n,
                 const int *sa, const int *sb)
{
    for (int t = 0; t < n[0]; t++)
        for (int i = 0; i < n[1]; i++)
            for (int j = 0; j < n[2]; j++, y += n[3])
                row(y, a + t * sa[0] + i * sa[1] + j * sa[2], sa[3],
                    b + t * sb[0] + i * sb[1] + j * sb[2], sb[3], n[3]);
}

/* Gradient of one factor: dy times the other. */
static void row_bwd(REAL *restrict dx, int s, const REAL *restrict dy,
                    const REAL *restrict other, int so, int n)
{
    REAL sum = 0;
    if (s && so)
        for (int i = 0; i < n; i++)
            dx[i] += dy[i] * other[i];
    else if (s)
        for (int i = 0; i < n; i++)
            dx[i] += dy[i] * other[0];
    else
        for (int i = 0; i < n; i++)
            sum += dy[i] * other[i * so];
    dx[0] += sum;
}

void OP(mul_bwd)(REAL *da, REAL *db, const REAL *restrict dy, const REAL *a, const REAL *b,
                 const int *n, const int *sa, const int *sb)
{
    for (int t = 0; t < n[0]; t++)
        for (int i = 0; i < n[1]; i++)
            for (int j = 0; j < n[2]; j++, dy += n[3]) {
                const int at_a = t * sa[0] + i * sa[1] + j * sa[2];
                const int at_b = t * sb[0] + i * sb[1] + j * sb[2];
                row_bwd(da + at_a, sa[3], dy, b + at_b, sb[3], n[3]);
                row_bwd(db + at_b, sb[3], dy, a + at_a, sa[3], n[3]);
            }
}

static void fwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const broadcast c = broadcast_of(a);
    k->mul_fwd(a->out, a->in[0], a->in[1], c.n, c.step[0], c.step[1]);
}

/* Numbers that stay in the first cache from clearing to adding. */
enum { PIECE = 1024 };

/* n numbers of inputs of the same shape. */
static void piece_bwd(const dfn_args *a, int at, int n)
{
    const KERNELS *k = a->kernels;
    const int all[4] = {1, 1, 1, n}, step[4] = {0, 0, 0, 1};
    for (int i = 0; i < 2; i++)
        broadcast_clear(a, i, (size_t)at, (size_t)n);
    k->mul_bwd((REAL *)a->din[0] + at, (REAL *)a->din[1] + at, (const REAL *)a->dout + at,
               (const REAL *)a->in[0] + at, (const REAL *)a->in[1] + at, all, step, step);
}

static void bwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const broadcast c = broadcast_of(a);
    if (c.same) {
        for (int at = 0; at < c.n[3]; at += PIECE)
            piece_bwd(a, at, c.n[3] - at < PIECE ? c.n[3] - at : PIECE);
        return;
    }
    broadcast_clear_all(a);
    k->mul_bwd(a->din[0], a->din[1], a->dout, a->in[0], a->in[1], c.n, c.step[0],
               c.step[1]);
}

const dfn_op OP(op_mul) = {
    .name = "mul", .infer = broadcast_infer, .fwd = fwd, .bwd = bwd, .fresh = true};
