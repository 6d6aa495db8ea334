/* erb_feature.c - band energies in dB, minus their running mean.
 *
 *   p[e] = mean over the band of |x|^2        d = 10 log10(p + 1e-10)
 *   s'   = (1 - a) d + a s                    y = (d - s') / 40
 *   dd = dy/40 + (1 - a) ds'     ds = a ds',  ds' including -dy/40
 *
 * s starts at -60 dB in the lowest band, falling to -90 dB in the highest. Energies are
 * limited to 300 dB, so that no finite input can put an infinity into the state.
 * Source: libDF.
 *
 * in: spectrum {1,F,2}; out: {1,1,E}. attr: list (widths of the bands), alpha (a) */
#include "op/bands.h"

static const double FLOOR = 1e-10, CEILING = 1e30, SCALE = 1.0 / 40;

static REAL mean_power(const REAL *x, int width)
{
    REAL sum = 0;
    for (int i = 0; i < 2 * width; i++)
        sum += x[i] * x[i];
    return sum / (REAL)width;
}

void OP(erb_feature_fwd)(REAL *restrict y, REAL *restrict s, const REAL *restrict x,
                         const int *widths, int E, REAL alpha)
{
    for (int e = 0; e < E; x += 2 * widths[e++]) {
        const REAL p = FMIN(mean_power(x, widths[e]), (REAL)CEILING);
        const REAL d = 10 * LOG10(p + (REAL)FLOOR);
        s[e] = (1 - alpha) * d + alpha * s[e];
        y[e] = (d - s[e]) * (REAL)SCALE;
    }
}

void OP(erb_feature_bwd)(REAL *restrict dx, REAL *restrict ds, const REAL *restrict dy,
                         const REAL *restrict x, const int *widths, int E, REAL alpha)
{
    const REAL ten_over_ln10 = (REAL)4.34294481903251827651;
    for (int e = 0; e < E; x += 2 * widths[e], dx += 2 * widths[e], e++) {
        const REAL p = mean_power(x, widths[e]);
        const REAL after = ds[e] - dy[e] * (REAL)SCALE;
        const REAL dd = dy[e] * (REAL)SCALE + (1 - alpha) * after;
        const REAL dp = p < (REAL)CEILING ? dd * ten_over_ln10 / (p + (REAL)FLOOR) : 0;
        ds[e] = alpha * after;
        for (int i = 0; i < 2 * widths[e]; i++)
            dx[i] += dp * 2 * x[i] / (REAL)widths[e];
    }
}

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    (void)B;
    if (n_in != 1 || !is_spectrum(in[0]))
        return "takes one spectrum";
    if (!(n->attr.alpha >= 0 && n->attr.alpha <= 1))
        return "the smoothing factor is not in 0 .. 1";
    s->out = (dfn_shape){in[0].t, {1, 1, n->attr.list_len}};
    s->state = (size_t)n->attr.list_len;
    s->macs = (uint64_t)in[0].t * (dfn_shape_frame(in[0]) + 2 * (uint64_t)s->state);
    return bands_refuse(&n->attr, in[0].d[1]);
}

static void reset(const dfn_node *n, void *state)
{
    const int E = n->attr.list_len;
    REAL *s = state;
    for (int e = 0; e < E; e++)
        s[e] = (REAL)(-60 - (E > 1 ? 30.0 * e / (E - 1) : 0));
}

static void fwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const dfn_attr *attr = &a->node->attr;
    const REAL *x = a->in[0];
    REAL *y = a->out;
    const int E = attr->list_len;
    const size_t n = dfn_shape_frame(a->in_shape[0]);
    for (int b = 0; b < a->B; b++)
        for (int t = 0; t < a->out_shape.t; t++, x += n, y += E)
            k->erb_feature_fwd(y, a->state[b], x, attr->list, E, (REAL)attr->alpha);
}

static void bwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const dfn_attr *attr = &a->node->attr;
    const size_t n = dfn_shape_frame(a->in_shape[0]), E = (size_t)attr->list_len;
    for (int b = 0; b < a->B; b++) {
        const REAL *x = DFN_AT((const REAL *)a->in[0], a->in_shape[0], b);
        const REAL *dy = DFN_AT((const REAL *)a->dout, a->out_shape, b);
        REAL *dx = DFN_AT((REAL *)a->din[0], a->in_shape[0], b);
        for (size_t t = (size_t)a->out_shape.t; t-- > 0;)
            k->erb_feature_bwd(dx + t * n, a->dstate[b], dy + t * E, x + t * n, attr->list,
                               (int)E, (REAL)attr->alpha);
    }
}

const dfn_op OP(op_erb_feature) = {
    .name = "erb_feature", .infer = infer, .fwd = fwd, .bwd = bwd, .reset = reset};
