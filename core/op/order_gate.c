/* order_gate.c - which taps of a filter whose order is chosen anew in every frame are kept.
 *
 *   p = softmax(x): class k means the order A + k, A the smallest one
 *   soft[n] = P(order > n) = sum of p over the classes with A + k > n,   1 for n < A
 *   dx_k = p_k (g_k - sum_j p_j g_j),     g_k = sum of dsoft[n] over A <= n < A + k
 *
 * n is the age of a tap, 0 the newest. Training takes soft, all other modes decide:
 *
 *   keep[n] = 1 if soft[n] >= 1/2, else 0
 *
 * with hysteresis: a tap that was kept in the frame before is dropped below 0.45 only, and
 * one that was not returns above 0.55 only. soft never rises with n, and the limit does not
 * fall, so the kept taps are always the newest ones. The decision has no gradient.
 *
 * in: {1,1,M}, M = size - order + 1. out: {1,1,size}
 * attr: order (A, the smallest), size (the largest order), variant (1: soft in every mode)
 * state: the order of the frame before; 0 before the first one. Not read where soft */
#include "op/op.h"

#define HYSTERESIS (REAL)0.05

enum { ORDER_MAX = 64 };

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    const dfn_attr *a = &n->attr;
    (void)B;
    if (n_in != 1)
        return "takes one input";
    if (a->order < 1 || a->size < a->order || a->size > ORDER_MAX)
        return "the orders must rise from at least 1 to at most 64";
    if (in[0].d[0] != 1 || in[0].d[1] != 1 || in[0].d[2] != a->size - a->order + 1)
        return "takes one number per order";
    if (a->variant < 0 || a->variant > 1)
        return "unknown variant";
    s->out = (dfn_shape){in[0].t, {1, 1, a->size}};
    s->state = a->variant ? 0 : 1;
    return NULL;
}

static bool soft(const dfn_args *a)
{
    return a->mode == DFN_TRAIN || a->node->attr.variant;
}

static void probabilities(const dfn_args *a, const REAL *x, REAL p[ORDER_MAX])
{
    const KERNELS *k = a->kernels;
    k->softmax_fwd(p, x, 1, a->in_shape[0].d[2]);
}

static void fwd_soft(const dfn_attr *a, REAL *keep, const REAL *p)
{
    REAL above = 0;
    for (int n = a->size - 1; n >= a->order; n--)
        keep[n] = above += p[n + 1 - a->order];
    for (int n = 0; n < a->order; n++)
        keep[n] = 1;
}

/* From soft to kept (1) or not (0); returns the order. `before` is the one of the frame
 * before, or 0. */
static int decide(const dfn_attr *a, REAL *keep, int before)
{
    int order = a->order;
    for (int n = a->order; n < a->size; n++) {
        const REAL edge = before == 0 ? 0 : n < before ? -HYSTERESIS : HYSTERESIS;
        order += keep[n] >= (REAL)0.5 + edge;
    }
    for (int n = 0; n < a->size; n++)
        keep[n] = n < order;
    return order;
}

static void fwd(const dfn_args *a)
{
    const dfn_attr *attr = &a->node->attr;
    const int M = a->in_shape[0].d[2], T = a->out_shape.t;
    const REAL *x = a->in[0];
    REAL *keep = a->out, p[ORDER_MAX];
    for (int b = 0; b < a->B; b++) {
        REAL *state = soft(a) ? NULL : a->state[b];
        for (int t = 0; t < T; t++, x += M, keep += attr->size) {
            probabilities(a, x, p);
            fwd_soft(attr, keep, p);
            if (state)
                state[0] = (REAL)decide(attr, keep, (int)state[0]);
        }
    }
}

static void bwd(const dfn_args *a)
{
    const KERNELS *kernels = a->kernels;
    const dfn_attr *attr = &a->node->attr;
    const int M = a->in_shape[0].d[2];
    const REAL *x = a->in[0], *dkeep = a->dout;
    REAL *dx = a->din[0], p[ORDER_MAX], g[ORDER_MAX];
    for (int b = 0; b < a->B && !soft(a); b++)
        *(REAL *)a->dstate[b] = 0;
    for (int i = 0; i < a->B * a->out_shape.t && soft(a); i++) {
        probabilities(a, x, p);
        g[0] = 0;
        for (int k = 1; k < M; k++)
            g[k] = g[k - 1] + dkeep[attr->order + k - 1];
        kernels->softmax_bwd(dx, g, p, 1, M);
        x += M;
        dx += M;
        dkeep += attr->size;
    }
}

const dfn_op OP(op_order_gate) = {
    .name = "order_gate", .infer = infer, .fwd = fwd, .bwd = bwd};
