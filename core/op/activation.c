/* activation.c - element-wise y = act(x).
 *
 *   relu        max(x, 0)                          dx = dy [x > 0]
 *   leaky_relu  x > 0 ? x : alpha x                dx = dy (x > 0 ? 1 : alpha)
 *   gelu        x Phi(x), Phi by erf               dx = dy (Phi(x) + x phi(x))
 *   silu        x s, s = sigmoid(x)                dx = dy s (1 + x (1 - s))
 *   sigmoid     1 / (1 + exp(-x))                  dx = dy y (1 - y)
 *   tanh        tanh(x)                            dx = dy (1 - y^2)
 *   softplus    log(1 + exp(x)), x above 20        dx = dy sigmoid(x), dy above 20
 *
 * attr: act, alpha (leaky_relu) */
#include "op/op.h"

static REAL sigmoid(REAL x) { return 1 / (1 + EXP(-x)); }
static REAL gauss_cdf(REAL x)
{
    return (REAL)0.5 * (1 + ERF(x * (REAL)0.70710678118654752440));
}
static REAL gauss_pdf(REAL x)
{
    return (REAL)0.39894228040143267794 * EXP((REAL)-0.5 * x * x);
}

enum { SOFTPLUS_LINEAR = 20 };

static REAL value(REAL x, dfn_activation act, REAL alpha)
{
    switch (act) {
    case DFN_ACT_RELU: return 0 > x ? 0 : x; /* NaN stays, in all of them */
    case DFN_ACT_LEAKY_RELU: return x > 0 ? x : alpha * x;
    case DFN_ACT_GELU: return x * gauss_cdf(x);
    case DFN_ACT_SILU: return x * sigmoid(x);
    case DFN_ACT_SIGMOID: return sigmoid(x);
    case DFN_ACT_TANH: return TANH(x);
    case DFN_ACT_SOFTPLUS: return x > SOFTPLUS_LINEAR ? x : LOG1P(EXP(x));
    case DFN_ACT_NONE:
    case DFN_ACT_COUNT: break;
    }
    return x;
}

static REAL slope(REAL x, REAL y, dfn_activation act, REAL alpha)
{
    switch (act) {
    case DFN_ACT_RELU: return x > 0;
    case DFN_ACT_LEAKY_RELU: return x > 0 ? 1 : alpha;
    case DFN_ACT_GELU: return gauss_cdf(x) + x * gauss_pdf(x);
    case DFN_ACT_SILU: return sigmoid(x) * (1 + x * sigmoid(-x));
    case DFN_ACT_SIGMOID: return sigmoid(x) * sigmoid(-x);
    case DFN_ACT_TANH: return 1 - y * y;
    case DFN_ACT_SOFTPLUS: return x > SOFTPLUS_LINEAR ? 1 : sigmoid(x);
    case DFN_ACT_NONE:
    case DFN_ACT_COUNT: break;
    }
    return 1;
}

void OP(activation_fwd)(REAL *y, const REAL *x, dfn_activation act, REAL alpha, size_t n)
{
    if (act == DFN_ACT_RELU) /* a loop of its own: the commonest, and it vectorises */
        for (size_t i = 0; i < n; i++)
            y[i] = 0 > x[i] ? 0 : x[i];
    else
        for (size_t i = 0; i < n; i++)
            y[i] = value(x[i], act, alpha);
}

void OP(activation_bwd)(REAL *dx, const REAL *dy, const REAL *x, const REAL *y,
                        dfn_activation act, REAL alpha, bool add, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dx[i] = (add ? dx[i] : 0) + dy[i] * slope(x[i], y[i], act, alpha);
}

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    (void)B;
    if (n_in != 1)
        return "takes one input";
    if ((int)n->attr.act <= DFN_ACT_NONE || n->attr.act >= DFN_ACT_COUNT)
        return "unknown activation";
    s->out = in[0];
    return NULL;
}

static void fwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    k->activation_fwd(a->out, a->in[0], a->node->attr.act, (REAL)a->node->attr.alpha,
                      dfn_args_count(a));
}

static void bwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    k->activation_bwd(a->din[0], a->dout, a->in[0], a->out, a->node->attr.act,
                      (REAL)a->node->attr.alpha, !a->fresh[0], dfn_args_count(a));
}

/* Where y says on which side of 0 x was, or is all that the slope needs. */
static bool over(const dfn_node *n)
{
    return n->attr.act == DFN_ACT_RELU || n->attr.act == DFN_ACT_TANH ||
           (n->attr.act == DFN_ACT_LEAKY_RELU && n->attr.alpha > 0);
}

const dfn_op OP(op_activation) = {.name = "activation",
                                  .infer = infer,
                                  .fwd = fwd,
                                  .bwd = bwd,
                                  .fresh = true,
                                  .in_place = true,
                                  .over = over};
