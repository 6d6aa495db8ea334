/* complex_abs.c - y = |x|, without overflow or underflow on the way.
 *
 *   dx = dy x / |x|, and 0 where x is 0
 *
 * in: {..,2}; out: {..,1} */
#include "op/op.h"

void OP(complex_abs_fwd)(REAL *restrict y, const REAL *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = HYPOT(x[2 * i], x[2 * i + 1]);
}

void OP(complex_abs_bwd)(REAL *restrict dx, const REAL *restrict dy, const REAL *restrict x,
                         const REAL *restrict y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (y[i] > 0) {
            dx[2 * i] += dy[i] * (x[2 * i] / y[i]);
            dx[2 * i + 1] += dy[i] * (x[2 * i + 1] / y[i]);
        }
}

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    (void)n;
    (void)B;
    if (n_in != 1 || in[0].d[2] != 2)
        return "takes one complex input";
    s->out = in[0];
    s->out.d[2] = 1;
    s->macs = (uint64_t)in[0].t * dfn_shape_frame(in[0]);
    return NULL;
}

static void fwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    k->complex_abs_fwd(a->out, a->in[0], dfn_args_count(a));
}

static void bwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    k->complex_abs_bwd(a->din[0], a->dout, a->in[0], a->out, dfn_args_count(a));
}

const dfn_op OP(op_complex_abs) = {
    .name = "complex_abs", .infer = infer, .fwd = fwd, .bwd = bwd};
