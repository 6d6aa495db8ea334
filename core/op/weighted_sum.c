/* weighted_sum.c - y = sum_i p_i x_i, p = softmax(w / temperature) over the inputs.
 *
 *   dx_i = p_i dy     dw_i = p_i (g_i - sum_j p_j g_j) / temperature, g_i = sum dy x_i
 *
 * The node's name is the name of its one weight, w [number of inputs].
 *
 * in: 2 to 8 of one shape. attr: alpha (temperature, 0 means 1) */
#include "op/op.h"

#include <string.h>

void OP(weighted_sum_fwd)(REAL *restrict y, const REAL *const *x, const REAL *restrict p,
                          int n_in, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = p[0] * x[0][i];
    for (int k = 1; k < n_in; k++)
        for (size_t i = 0; i < n; i++)
            y[i] += p[k] * x[k][i];
}

void OP(weighted_sum_bwd)(REAL *restrict dx, REAL *restrict dp, const REAL *restrict dy,
                          const REAL *restrict x, const REAL *restrict p, size_t n)
{
    REAL sum = 0;
    for (size_t i = 0; i < n; i++) {
        dx[i] += p[0] * dy[i];
        sum += dy[i] * x[i];
    }
    dp[0] += sum;
}

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    (void)B;
    if (n_in < 2)
        return "takes two to eight inputs";
    for (int i = 1; i < n_in; i++)
        if (memcmp(&in[i], &in[0], sizeof *in))
            return "the inputs differ in shape";
    if (n->attr.alpha != 0 && !(n->attr.alpha >= 1e-6 && n->attr.alpha <= 1e6))
        return "the temperature must be between 1e-6 and 1e6";
    s->out = in[0];
    dfn_spec_weight(s, "", false, 1, n_in, 0, 0, 0);
    s->macs = (uint64_t)n_in * (uint64_t)in[0].t * dfn_shape_frame(in[0]);
    return NULL;
}

static REAL temperature(const dfn_args *a)
{
    return a->node->attr.alpha > 0 ? (REAL)a->node->attr.alpha : 1;
}

static void softmax(const dfn_args *a, REAL p[DFN_MAX_IN])
{
    const REAL *w = a->w[0];
    REAL top = w[0], sum = 0;
    for (int i = 1; i < a->n_in; i++)
        top = FMAX(top, w[i]);
    for (int i = 0; i < a->n_in; i++)
        sum += p[i] = EXP((w[i] - top) / temperature(a));
    for (int i = 0; i < a->n_in; i++)
        p[i] /= sum;
}

static void fwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const REAL *x[DFN_MAX_IN];
    REAL p[DFN_MAX_IN];
    softmax(a, p);
    for (int i = 0; i < a->n_in; i++)
        x[i] = a->in[i];
    k->weighted_sum_fwd(a->out, x, p, a->n_in, dfn_args_count(a));
}

static void bwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    REAL p[DFN_MAX_IN], dp[DFN_MAX_IN] = {0}, mean = 0, *dw = a->dw[0];
    softmax(a, p);
    for (int i = 0; i < a->n_in; i++) {
        k->weighted_sum_bwd(a->din[i], dp + i, a->dout, a->in[i], p + i, dfn_args_count(a));
        mean += p[i] * dp[i];
    }
    for (int i = 0; dw && i < a->n_in; i++)
        dw[i] += p[i] * (dp[i] - mean) / temperature(a);
}

const dfn_op OP(op_weighted_sum) = {
    .name = "weighted_sum", .infer = infer, .fwd = fwd, .bwd = bwd};
