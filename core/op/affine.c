/* affine.c - y = alpha x + beta with two fixed numbers.
 *
 *   dx += alpha dy
 *
 * attr: alpha, beta */
#include "op/op.h"

void OP(affine_fwd)(REAL *restrict y, const REAL *restrict x, REAL alpha, REAL beta,
                    size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = alpha * x[i] + beta;
}

void OP(affine_bwd)(REAL *restrict dx, const REAL *restrict dy, REAL alpha, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dx[i] += alpha * dy[i];
}

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    (void)B;
    if (n_in != 1)
        return "takes one input";
    if (!isfinite((float)n->attr.alpha) || !isfinite((float)n->attr.beta))
        return "alpha and beta must be finite";
    s->out = in[0];
    s->macs = (uint64_t)in[0].t * dfn_shape_frame(in[0]);
    return NULL;
}

static void fwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    k->affine_fwd(a->out, a->in[0], (REAL)a->node->attr.alpha, (REAL)a->node->attr.beta,
                  dfn_args_count(a));
}

static void bwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    k->affine_bwd(a->din[0], a->dout, (REAL)a->node->attr.alpha, dfn_args_count(a));
}

const dfn_op OP(op_affine) = {.name = "affine", .infer = infer, .fwd = fwd, .bwd = bwd};
