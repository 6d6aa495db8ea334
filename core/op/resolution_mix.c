/* resolution_mix.c - several deep filters over each other, folded into one.
 *
 *   y[f][k] = sum_i p_i(f) c_i[f][k - O + O_i]      O = max O_i
 *   p_i(f)  = e^w_i / sum e^w_j, over the inputs j that have bin f
 *
 * Tap 0 is the oldest, the last one the current frame: shorter filters are aligned to the
 * newest tap, their missing old taps are zero. As the weights of every bin add up to one,
 * zero coefficients mean silence and full ones full gain, however many filters see a bin.
 *
 *   dc_i = p_i dy     dw_i = sum_f p_i (g_i - sum_j p_j g_j),     g_i(f) = sum_k dy c_i
 *
 * in: 2 to 4 of {bins, order, 2}, in any order. out: {most bins, most taps, 2} */
#include "op/op.h"

#include <string.h>

enum { IN_MAX = 4 };

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    (void)n;
    (void)B;
    if (n_in < 2 || n_in > IN_MAX)
        return "takes two to four inputs";
    s->out = in[0];
    for (int i = 0; i < n_in; i++) {
        if (in[i].d[2] != 2 || in[i].t != in[0].t)
            return "an input is no complex filter, or not as long as the first";
        if (s->out.d[0] < in[i].d[0])
            s->out.d[0] = in[i].d[0];
        if (s->out.d[1] < in[i].d[1])
            s->out.d[1] = in[i].d[1];
        s->macs += (uint64_t)in[i].t * dfn_shape_frame(in[i]);
    }
    if (!dfn_shape_fits(s->out)) /* many bins and many taps may meet here */
        return "the result is too large";
    dfn_spec_weight(s, "resolution_weights", false, 1, n_in, 0, 0, 0);
    return NULL;
}

/* The weights of bin `from`, 0 where an input does not have it. They hold up to the bin
 * that is returned. */
static int weights(const dfn_args *a, int from, REAL p[IN_MAX])
{
    const REAL *w = a->w[0];
    REAL top = -INFINITY, sum = 0;
    int to = a->out_shape.d[0];
    for (int i = 0; i < a->n_in; i++)
        if (a->in_shape[i].d[0] > from) {
            top = FMAX(top, w[i]);
            to = a->in_shape[i].d[0] < to ? a->in_shape[i].d[0] : to;
        }
    for (int i = 0; i < a->n_in; i++)
        sum += p[i] = a->in_shape[i].d[0] > from ? EXP(w[i] - top) : 0;
    for (int i = 0; i < a->n_in; i++)
        p[i] /= sum;
    return to;
}

/* Where the newest taps of bin f of a frame stand: in input i, and in the output. */
static size_t in_at(const dfn_args *a, int i, int frame, int f)
{
    const dfn_shape s = a->in_shape[i];
    return (size_t)frame * dfn_shape_frame(s) + 2 * (size_t)f * (size_t)s.d[1];
}

static size_t out_at(const dfn_args *a, int i, int frame, int f)
{
    const dfn_shape s = a->out_shape;
    return (size_t)frame * dfn_shape_frame(s) +
           2 * ((size_t)f * (size_t)s.d[1] + (size_t)(s.d[1] - a->in_shape[i].d[1]));
}

static void fwd(const dfn_args *a)
{
    const int frames = a->B * a->out_shape.t, bins = a->out_shape.d[0];
    REAL *out = a->out, p[IN_MAX];
    memset(out, 0, (size_t)frames * dfn_shape_frame(a->out_shape) * sizeof *out);
    for (int from = 0, to; from < bins; from = to) {
        to = weights(a, from, p);
        for (int i = 0; i < a->n_in; i++)
            for (int t = 0; t < frames && a->in_shape[i].d[0] > from; t++)
                for (int f = from; f < to; f++) {
                    const REAL *c = (const REAL *)a->in[i] + in_at(a, i, t, f);
                    REAL *y = out + out_at(a, i, t, f);
                    for (int k = 0; k < 2 * a->in_shape[i].d[1]; k++)
                        y[k] += p[i] * c[k];
                }
    }
}

/* Bins [from, to) of input i; returns the sum of dy c. */
static REAL bwd_input(const dfn_args *a, int i, int from, int to, REAL p)
{
    REAL sum = 0;
    for (int t = 0; t < a->B * a->out_shape.t; t++)
        for (int f = from; f < to; f++) {
            const REAL *c = (const REAL *)a->in[i] + in_at(a, i, t, f);
            const REAL *dy = (const REAL *)a->dout + out_at(a, i, t, f);
            REAL *dc = (REAL *)a->din[i] + in_at(a, i, t, f);
            for (int k = 0; k < 2 * a->in_shape[i].d[1]; k++) {
                dc[k] += p * dy[k];
                sum += dy[k] * c[k];
            }
        }
    return sum;
}

static void bwd(const dfn_args *a)
{
    REAL *dw = a->dw[0], p[IN_MAX];
    for (int from = 0, to; from < a->out_shape.d[0]; from = to) {
        REAL g[IN_MAX] = {0}, mean = 0;
        to = weights(a, from, p);
        for (int i = 0; i < a->n_in; i++)
            if (a->in_shape[i].d[0] > from) {
                g[i] = bwd_input(a, i, from, to, p[i]);
                mean += p[i] * g[i];
            }
        for (int i = 0; dw && i < a->n_in; i++)
            dw[i] += p[i] * (g[i] - mean);
    }
}

const dfn_op OP(op_resolution_mix) = {
    .name = "resolution_mix", .infer = infer, .fwd = fwd, .bwd = bwd};
