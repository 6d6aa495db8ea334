/* linear.c - y = x W^T + b on the last axis, for every row of every frame.
 *
 *   x[..][I]  W[O][I]  b[O]  ->  y[..][O]
 *   dx = dy W     dW[o][i] += sum_n dy[n][o] x[n][i]     db[o] += sum_n dy[n][o]
 *
 * attr: out, bias */
#include "op/op.h"

/* Sixteen partial sums, so that the compiler may use vectors without reordering a sum that
 * the source does not reorder itself. */
static REAL dot(const REAL *restrict a, const REAL *restrict b, int n)
{
    enum { LANES = 16 };
    REAL acc[LANES] = {0};
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            acc[j] += a[i + j] * b[i + j];
    for (int j = 0; i < n; i++, j++)
        acc[j] += a[i] * b[i];
    for (int step = LANES / 2; step; step /= 2)
        for (int j = 0; j < step; j++)
            acc[j] += acc[j + step];
    return acc[0];
}

void OP(linear_fwd)(REAL *restrict y, const REAL *restrict x, const REAL *restrict w,
                    const REAL *restrict b, int N, int I, int O)
{
    for (int n = 0; n < N; n++)
        for (int o = 0; o < O; o++)
            y[n * O + o] = dot(x + n * I, w + o * I, I) + (b ? b[o] : 0);
}

void OP(linear_bwd)(REAL *restrict dx, REAL *restrict dw, REAL *restrict db,
                    const REAL *restrict dy, const REAL *restrict x, const REAL *restrict w,
                    int N, int I, int O)
{
    for (int n = 0; n < N; n++) {
        const REAL *xn = x + n * I;
        for (int o = 0; o < O; o++) {
            const REAL g = dy[n * O + o];
            if (db)
                db[o] += g;
            for (int i = 0; dx && i < I; i++)
                dx[n * I + i] += g * w[o * I + i];
            for (int i = 0; dw && i < I; i++)
                dw[o * I + i] += g * xn[i];
        }
    }
}

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    (void)B;
    const int I = in[0].d[2], O = n->attr.out;
    if (n_in != 1)
        return "takes one input";
    if (O < 1)
        return "needs a number of outputs";
    s->out = in[0];
    s->out.d[2] = O;
    dfn_spec_weight(s, "weight", false, 2, O, I, 0, 0);
    if (n->attr.bias)
        dfn_spec_weight(s, "bias", false, 1, O, 0, 0, 0);
    s->macs = (uint64_t)in[0].t * dfn_shape_frame(in[0]) * (uint64_t)O;
    return NULL;
}

static void fwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    k->linear_fwd(a->out, a->in[0], a->w[0], a->w[1], dfn_args_rows(a), a->in_shape[0].d[2],
                  a->out_shape.d[2]);
}

static void bwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    k->linear_bwd(a->din[0], a->dw[0], a->dw[1], a->dout, a->in[0], a->w[0],
                  dfn_args_rows(a), a->in_shape[0].d[2], a->out_shape.d[2]);
}

const dfn_op OP(op_linear) = {.name = "linear", .infer = infer, .fwd = fwd, .bwd = bwd};
