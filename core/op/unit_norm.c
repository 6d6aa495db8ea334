/* unit_norm.c - the lowest bins, divided by the root of their running mean magnitude.
 *
 *   s' = clip((1 - a) |x| + a s, 1e-12, 1e30)        y = x / sqrt(s')
 *   dx = dy / sqrt(s') + (1 - a) ds' x / |x|         ds = a ds'
 *   ds' includes -(dy . x) / (2 s'^(3/2)); where s' is clipped it is nobody's, and x / |x|
 *   counts as 0 at 0
 *
 * s starts at 1e-3 in the lowest bin, falling to 1e-4 in the highest. Without the lower
 * limit, hours of digital silence would leave a denormal or a zero to divide by. Source:
 * libDF, which has no limits.
 *
 * in: spectrum {1,F,2}; out: {1,size,2}. attr: size, alpha (a) */
#include "op/bands.h"

static const double LOWEST = 1e-12, HIGHEST = 1e30;

void OP(unit_norm_fwd)(REAL *restrict y, REAL *restrict s, const REAL *restrict x, int n,
                       REAL alpha)
{
    for (int i = 0; i < n; i++) {
        const REAL level = (1 - alpha) * HYPOT(x[2 * i], x[2 * i + 1]) + alpha * s[i];
        s[i] = FMIN(FMAX(level, (REAL)LOWEST), (REAL)HIGHEST);
        const REAL scale = 1 / SQRT(s[i]);
        y[2 * i] = x[2 * i] * scale;
        y[2 * i + 1] = x[2 * i + 1] * scale;
    }
}

/* s is the level after this frame. */
void OP(unit_norm_bwd)(REAL *restrict dx, REAL *restrict ds, const REAL *restrict dy,
                       const REAL *restrict x, const REAL *restrict s, int n, REAL alpha)
{
    for (int i = 0; i < n; i++) {
        const REAL re = x[2 * i], im = x[2 * i + 1], r = HYPOT(re, im);
        const REAL scale = 1 / SQRT(s[i]);
        const REAL dot = dy[2 * i] * re + dy[2 * i + 1] * im;
        const bool clipped = s[i] <= (REAL)LOWEST || s[i] >= (REAL)HIGHEST;
        const REAL after = clipped ? 0 : ds[i] - dot * scale / (2 * s[i]);
        const REAL radial = r > 0 ? (1 - alpha) * after / r : 0;
        dx[2 * i] += dy[2 * i] * scale + radial * re;
        dx[2 * i + 1] += dy[2 * i + 1] * scale + radial * im;
        ds[i] = alpha * after;
    }
}

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    if (n_in != 1 || !is_spectrum(in[0]))
        return "takes one spectrum";
    if (n->attr.size < 1 || n->attr.size > in[0].d[1])
        return "the number of bins is out of range";
    if (!(n->attr.alpha >= 0 && n->attr.alpha <= 1))
        return "the smoothing factor is not in 0 .. 1";
    s->out = (dfn_shape){in[0].t, {1, n->attr.size, 2}};
    s->state = (size_t)n->attr.size;
    s->save = (size_t)B * (size_t)in[0].t * s->state; /* the level after each frame */
    s->macs = (uint64_t)in[0].t * s->state * 6;
    return NULL;
}

static void reset(const dfn_node *n, void *state)
{
    const int size = n->attr.size;
    REAL *s = state;
    for (int i = 0; i < size; i++)
        s[i] = (REAL)(1e-3 - (size > 1 ? 9e-4 * i / (size - 1) : 0));
}

static void fwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const REAL *x = a->in[0];
    REAL *y = a->out, *level = a->save;
    const size_t n = (size_t)a->out_shape.d[1], F = dfn_shape_frame(a->in_shape[0]);
    for (int b = 0; b < a->B; b++)
        for (int t = 0; t < a->out_shape.t; t++, x += F, y += 2 * n) {
            const REAL *s = a->state[b];
            k->unit_norm_fwd(y, a->state[b], x, (int)n, (REAL)a->node->attr.alpha);
            for (size_t i = 0; level && i < n; i++)
                *level++ = s[i];
        }
}

static void bwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const size_t n = (size_t)a->out_shape.d[1], F = dfn_shape_frame(a->in_shape[0]);
    const size_t T = (size_t)a->out_shape.t;
    for (int b = 0; b < a->B; b++) {
        const REAL *x = DFN_AT((const REAL *)a->in[0], a->in_shape[0], b);
        const REAL *dy = DFN_AT((const REAL *)a->dout, a->out_shape, b);
        const REAL *level = (const REAL *)a->save + (size_t)b * T * n;
        REAL *dx = DFN_AT((REAL *)a->din[0], a->in_shape[0], b);
        for (size_t t = T; t-- > 0;)
            k->unit_norm_bwd(dx + t * F, a->dstate[b], dy + t * 2 * n, x + t * F,
                             level + t * n, (int)n, (REAL)a->node->attr.alpha);
    }
}

const dfn_op OP(op_unit_norm) = {
    .name = "unit_norm", .infer = infer, .fwd = fwd, .bwd = bwd, .reset = reset};
