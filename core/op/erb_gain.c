/* erb_gain.c - every bin of a band is multiplied by the gain of the band.
 *
 *   y[f] = g[e(f)] x[f]        x, y complex [F], g real [E]
 *   dx[f] = g[e] dy[f]         dg[e] = sum over the band of dy . x
 *
 * in: spectrum {1,F,2}, gains {1,1,E}. attr: list (widths of the bands) */
#include "op/bands.h"

void OP(erb_gain_fwd)(REAL *restrict y, const REAL *restrict x, const REAL *restrict g,
                      const int *widths, int E)
{
    for (int e = 0, i = 0; e < E; e++)
        for (const int end = i + 2 * widths[e]; i < end; i++)
            y[i] = g[e] * x[i];
}

void OP(erb_gain_bwd)(REAL *restrict dx, REAL *restrict dg, const REAL *restrict dy,
                      const REAL *restrict x, const REAL *restrict g, const int *widths,
                      int E)
{
    for (int e = 0, i = 0; e < E; e++) {
        REAL sum = 0;
        for (const int end = i + 2 * widths[e]; i < end; i++) {
            if (dx)
                dx[i] += g[e] * dy[i];
            sum += dy[i] * x[i];
        }
        dg[e] += sum;
    }
}

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    (void)B;
    if (n_in != 2)
        return "takes a spectrum and gains";
    if (!is_spectrum(in[0]))
        return "the first input is no spectrum";
    if (in[1].t != in[0].t || in[1].d[0] != 1 || in[1].d[1] != 1 ||
        in[1].d[2] != n->attr.list_len)
        return "needs one gain per band";
    s->out = in[0];
    s->macs = (uint64_t)in[0].t * dfn_shape_frame(in[0]);
    return bands_refuse(&n->attr, in[0].d[1]);
}

static void fwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const REAL *x = a->in[0], *g = a->in[1];
    REAL *y = a->out;
    const int E = a->node->attr.list_len;
    const size_t n = dfn_shape_frame(a->out_shape);
    for (int i = 0; i < a->B * a->out_shape.t; i++, x += n, y += n, g += E)
        k->erb_gain_fwd(y, x, g, a->node->attr.list, E);
}

static void bwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const REAL *x = a->in[0], *g = a->in[1], *dy = a->dout;
    REAL *dx = a->din[0], *dg = a->din[1];
    const int E = a->node->attr.list_len;
    const size_t n = dfn_shape_frame(a->out_shape);
    for (int i = 0; i < a->B * a->out_shape.t; i++) {
        k->erb_gain_bwd(dx, dg, dy, x, g, a->node->attr.list, E);
        x += n, dy += n;
        dx = dx ? dx + n : NULL;
        g += E, dg += E;
    }
}

const dfn_op OP(op_erb_gain) = {
    .name = "erb_gain", .infer = infer, .fwd = fwd, .bwd = bwd, .skips = true};
