/* layer_norm.c - every row (last axis) to mean 0 and variance 1, then scaled per column.
 *
 *   z = (x - mean x) r,  r = 1 / sqrt(mean (x - mean x)^2 + eps),  y = w z + b
 *   db += dy     dw += dy z
 *   dx += r (g - mean g - z mean(g z)),  g = w dy
 *
 * eps keeps rows of equal numbers finite: they give b. Ba, Kiros and Hinton, "Layer
 * normalization", 2016.
 *
 * attr: alpha (eps, 0: 1e-5) */
#include "op/op.h"

typedef struct moments {
    REAL mean, r;
} moments;

static moments measure(const REAL *x, REAL eps, int D)
{
    double sum = 0, square = 0;
    for (int i = 0; i < D; i++)
        sum += (double)x[i];
    const double mean = sum / D;
    for (int i = 0; i < D; i++)
        square += ((double)x[i] - mean) * ((double)x[i] - mean);
    return (moments){.mean = (REAL)mean, .r = (REAL)(1 / sqrt(square / D + (double)eps))};
}

void OP(layer_norm_fwd)(REAL *restrict y, const REAL *restrict x, const REAL *restrict w,
                        const REAL *restrict b, REAL eps, int N, int D)
{
    for (int n = 0; n < N; n++, x += D, y += D) {
        const moments m = measure(x, eps, D);
        for (int i = 0; i < D; i++)
            y[i] = (x[i] - m.mean) * m.r * w[i] + b[i];
    }
}

void OP(layer_norm_bwd)(REAL *restrict dx, REAL *restrict dw, REAL *restrict db,
                        const REAL *restrict dy, const REAL *restrict x,
                        const REAL *restrict w, REAL eps, int N, int D)
{
    for (int n = 0; n < N; n++, x += D, dx += D, dy += D) {
        const moments m = measure(x, eps, D);
        double sum = 0, dot = 0;
        for (int i = 0; i < D; i++) {
            const double g = (double)(w[i] * dy[i]);
            sum += g;
            dot += g * (double)((x[i] - m.mean) * m.r);
        }
        const REAL level = (REAL)(sum / D), slope = (REAL)(dot / D);
        for (int i = 0; i < D; i++) {
            const REAL z = (x[i] - m.mean) * m.r;
            dx[i] += m.r * (w[i] * dy[i] - level - z * slope);
            if (dw)
                dw[i] += dy[i] * z;
            if (db)
                db[i] += dy[i];
        }
    }
}

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    (void)B;
    const int D = in[0].d[2];
    if (n_in != 1)
        return "takes one input";
    if (!(n->attr.alpha >= 0 && n->attr.alpha <= 1))
        return "epsilon (alpha) must be between 0 and 1";
    s->out = in[0];
    dfn_spec_weight(s, "weight", false, 1, D, 0, 0, 0);
    dfn_spec_weight(s, "bias", false, 1, D, 0, 0, 0);
    s->macs = 4 * (uint64_t)in[0].t * dfn_shape_frame(in[0]); /* sum, square, z, w z + b */
    return NULL;
}

static void fwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    k->layer_norm_fwd(a->out, a->in[0], a->w[0], a->w[1], (REAL)dfn_norm_epsilon(a->node),
                      dfn_args_rows(a), a->out_shape.d[2]);
}

static void bwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    k->layer_norm_bwd(a->din[0], a->dw[0], a->dw[1], a->dout, a->in[0], a->w[0],
                      (REAL)dfn_norm_epsilon(a->node), dfn_args_rows(a), a->out_shape.d[2]);
}

const dfn_op OP(op_layer_norm) = {
    .name = "layer_norm", .infer = infer, .fwd = fwd, .bwd = bwd};
