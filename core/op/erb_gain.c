/* erb_gain.c - every bin of a band is multiplied by the gain of the band.
 *
 *   y[f] = g[e(f)] x[f]        x, y complex [F], g real [E]
 *   dx[f] = g[e] dy[f]         dg[e] = sum over the band of dy . x
 *
 * in: spectrum {1,F,2}, gains {1,1,E}. out: {1,F - start,2}
 * attr: list (widths of the bands), start (bins from the bottom that are left out) */
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
    enum { SUMS = 8 }; /* independent ones: an addition waits for the one before */
    for (int e = 0, first = 0; e < E; first += 2 * widths[e++]) {
        const int end = first + 2 * widths[e];
        REAL sum[SUMS] = {0};
        int i = first;
        for (; i + SUMS <= end; i += SUMS)
            for (int j = 0; j < SUMS; j++)
                sum[j] += dy[i + j] * x[i + j];
        for (int j = 0; i < end; i++, j++)
            sum[j] += dy[i] * x[i];
        for (int j = 0; j < SUMS; j++)
            dg[e] += sum[j];
        for (i = first; dx && i < end; i++)
            dx[i] += g[e] * dy[i];
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
    if (n->attr.start < 0 || n->attr.start >= in[0].d[1])
        return "leaves out more bins than there are";
    s->out = in[0];
    s->out.d[1] -= n->attr.start;
    s->macs = (uint64_t)in[0].t * dfn_shape_frame(s->out);
    return bands_refuse(&n->attr, in[0].d[1]);
}

/* What is left of the bands: the first one that reaches above `start`, and widths from
 * there. */
typedef struct upper {
    int first, E, width[DFN_LIST_MAX];
} upper;

static upper upper_bands(const dfn_attr *a)
{
    upper u = {0};
    int below = a->start;
    for (; below >= a->list[u.first]; u.first++)
        below -= a->list[u.first];
    for (int e = u.first; e < a->list_len; e++)
        u.width[u.E++] = a->list[e];
    u.width[0] -= below;
    return u;
}

static void fwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const upper u = upper_bands(&a->node->attr);
    const size_t n = dfn_shape_frame(a->out_shape), whole = dfn_shape_frame(a->in_shape[0]);
    const size_t E = (size_t)a->node->attr.list_len;
    const REAL *x = (const REAL *)a->in[0] + (whole - n);
    const REAL *g = (const REAL *)a->in[1] + u.first;
    REAL *y = a->out;
    for (int i = 0; i < a->B * a->out_shape.t; i++, x += whole, y += n, g += E)
        k->erb_gain_fwd(y, x, g, u.width, u.E);
}

static void bwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const upper u = upper_bands(&a->node->attr);
    const size_t n = dfn_shape_frame(a->out_shape), whole = dfn_shape_frame(a->in_shape[0]);
    const size_t E = (size_t)a->node->attr.list_len;
    const REAL *x = (const REAL *)a->in[0] + (whole - n), *dy = a->dout;
    const REAL *g = (const REAL *)a->in[1] + u.first;
    REAL *dx = a->din[0], *dg = (REAL *)a->din[1] + u.first;
    dx = dx ? dx + (whole - n) : NULL;
    for (int i = 0; i < a->B * a->out_shape.t; i++) {
        k->erb_gain_bwd(dx, dg, dy, x, g, u.width, u.E);
        x += whole, dy += n;
        dx = dx ? dx + whole : NULL;
        g += E, dg += E;
    }
}

const dfn_op OP(op_erb_gain) = {
    .name = "erb_gain", .infer = infer, .fwd = fwd, .bwd = bwd, .skips = true};
