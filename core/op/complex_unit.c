/* complex_unit.c - y = x / (r + e), r = |x|: the phase, fading to 0 where x is small.
 *
 *   dx = dy / (r + e) - x (dy . x) / (r (r + e)^2), and 0 where x is 0: the derivative 1 /
 * e there would only amplify rounding
 *
 * in: {..,2}. attr: alpha (e, above 0) */
#include "op/op.h"

void OP(complex_unit_fwd)(REAL *restrict y, const REAL *restrict x, REAL e, size_t n)
{
    for (size_t i = 0; i < 2 * n; i += 2) {
        const REAL d = HYPOT(x[i], x[i + 1]) + e;
        y[i] = x[i] / d;
        y[i + 1] = x[i + 1] / d;
    }
}

void OP(complex_unit_bwd)(REAL *restrict dx, const REAL *restrict dy,
                          const REAL *restrict x, REAL e, size_t n)
{
    for (size_t i = 0; i < 2 * n; i += 2) {
        const REAL r = HYPOT(x[i], x[i + 1]), d = r + e;
        if (!(r > 0))
            continue;
        const REAL re = x[i] / r, im = x[i + 1] / r;
        const REAL along = (dy[i] * re + dy[i + 1] * im) * (r / d);
        dx[i] += (dy[i] - along * re) / d;
        dx[i + 1] += (dy[i + 1] - along * im) / d;
    }
}

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    (void)B;
    if (n_in != 1 || in[0].d[2] != 2)
        return "takes one complex input";
    if (!(n->attr.alpha >= 1e-30 && n->attr.alpha <= 1e30))
        return "needs a small positive number to add to magnitudes";
    s->out = in[0];
    s->macs = (uint64_t)in[0].t * dfn_shape_frame(in[0]) * 2;
    return NULL;
}

static size_t count(const dfn_args *a) { return dfn_args_count(a) / 2; }

static void fwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    k->complex_unit_fwd(a->out, a->in[0], (REAL)a->node->attr.alpha, count(a));
}

static void bwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    k->complex_unit_bwd(a->din[0], a->dout, a->in[0], (REAL)a->node->attr.alpha, count(a));
}

const dfn_op OP(op_complex_unit) = {
    .name = "complex_unit", .infer = infer, .fwd = fwd, .bwd = bwd};
