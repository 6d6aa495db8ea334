/* complex_compress.c - y = max(r, 1e-12)^g exp(j phase), r = |x|: magnitudes compressed, as
 * losses compare them.
 *
 * With u = x / r and v = j u, the gradient has a part along u and one across:
 *   along   (dy . u) g r^(g-1), and 0 where r is below 1e-12
 *   across  (dy . v) max(r, 1e-12)^g r / max(r^2, 1e-10)
 * The guard of the second part is that of the reference losses: below r = 1e-5 it is
 * smaller than the derivative. At 0 the phase is 0 and the gradient 0. g = 1 is the
 * identity. Source: the spectral losses of DeepFilterNet.
 *
 * in: {..,2}. attr: alpha (g, 0 < g <= 1) */
#include "op/op.h"

static const double SMALLEST = 1e-12, PHASE_GUARD = 1e-10;

void OP(complex_compress_fwd)(REAL *restrict y, const REAL *restrict x, REAL g, size_t n)
{
    for (size_t i = 0; i < 2 * n; i += 2) {
        const REAL r = HYPOT(x[i], x[i + 1]);
        const REAL m = POW(FMAX(r, (REAL)SMALLEST), g);
        y[i] = r > 0 ? m * (x[i] / r) : m;
        y[i + 1] = r > 0 ? m * (x[i + 1] / r) : 0;
    }
}

void OP(complex_compress_bwd)(REAL *restrict dx, const REAL *restrict dy,
                              const REAL *restrict x, REAL g, size_t n)
{
    for (size_t i = 0; i < 2 * n; i += 2) {
        const REAL r = HYPOT(x[i], x[i + 1]);
        if (!(r > 0))
            continue;
        const REAL re = x[i] / r, im = x[i + 1] / r, c = FMAX(r, (REAL)SMALLEST);
        const REAL m = POW(c, g);
        const REAL along =
            r >= (REAL)SMALLEST ? (dy[i] * re + dy[i + 1] * im) * g * (m / c) : 0;
        const REAL across =
            (dy[i + 1] * re - dy[i] * im) * m * (r / FMAX(r * r, (REAL)PHASE_GUARD));
        dx[i] += along * re - across * im;
        dx[i + 1] += along * im + across * re;
    }
}

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    (void)B;
    if (n_in != 1 || in[0].d[2] != 2)
        return "takes one complex input";
    if (!(n->attr.alpha > 0 && n->attr.alpha <= 1))
        return "the exponent is not in 0 .. 1";
    s->out = in[0];
    s->macs = (uint64_t)in[0].t * dfn_shape_frame(in[0]) * 4;
    return NULL;
}

static size_t numbers(const dfn_args *a)
{
    return (size_t)a->B * (size_t)a->out_shape.t * dfn_shape_frame(a->out_shape);
}

static void fwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const double g = a->node->attr.alpha;
    if (g < 1)
        k->complex_compress_fwd(a->out, a->in[0], (REAL)g, numbers(a) / 2);
    else
        k->affine_fwd(a->out, a->in[0], 1, 0, numbers(a));
}

static void bwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const double g = a->node->attr.alpha;
    if (g < 1)
        k->complex_compress_bwd(a->din[0], a->dout, a->in[0], (REAL)g, numbers(a) / 2);
    else
        k->affine_bwd(a->din[0], a->dout, 1, numbers(a));
}

const dfn_op OP(op_complex_compress) = {
    .name = "complex_compress", .infer = infer, .fwd = fwd, .bwd = bwd};
