/* softmax.c - y = exp(x) / sum exp(x) along the last axis.
 *
 *   dx += y (dy - sum dy y)
 *
 * The largest x of a row is subtracted first: exp never overflows, the sum is at least 1.
 */
#include "op/op.h"

void OP(softmax_fwd)(REAL *restrict y, const REAL *restrict x, int N, int D)
{
    for (int n = 0; n < N; n++, x += D, y += D) {
        REAL top = x[0], sum = 0;
        for (int i = 1; i < D; i++)
            top = x[i] > top ? x[i] : top;
        for (int i = 0; i < D; i++)
            sum += y[i] = EXP(x[i] - top);
        for (int i = 0; i < D; i++)
            y[i] /= sum;
    }
}

void OP(softmax_bwd)(REAL *restrict dx, const REAL *restrict dy, const REAL *restrict y,
                     int N, int D)
{
    for (int n = 0; n < N; n++, dx += D, dy += D, y += D) {
        REAL dot = 0;
        for (int i = 0; i < D; i++)
            dot += dy[i] * y[i];
        for (int i = 0; i < D; i++)
            dx[i] += y[i] * (dy[i] - dot);
    }
}

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    (void)n;
    (void)B;
    if (n_in != 1)
        return "takes one input";
    s->out = in[0];
    return NULL;
}

static void fwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    k->softmax_fwd(a->out, a->in[0], dfn_args_rows(a), a->out_shape.d[2]);
}

static void bwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    k->softmax_bwd(a->din[0], a->dout, a->out, dfn_args_rows(a), a->out_shape.d[2]);
}

const dfn_op OP(op_softmax) = {.name = "softmax", .infer = infer, .fwd = fwd, .bwd = bwd};
