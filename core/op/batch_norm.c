/* batch_norm.c - every channel (last axis) to mean 0 and variance 1, then scaled.
 *
 *   z = (x - m) r,  r = 1 / sqrt(v + eps),  y = w z + b
 *   db += sum dy     dw += sum dy z     over all rows N of batch, time and other axes
 *
 * DFN_INFER, DFN_EVAL: m and v are the running statistics;  dx += w r dy
 * DFN_TRAIN: m and v = sum (x - m)^2 / N of this run;
 *            dx += w r (dy - sum dy / N - z sum(dy z) / N)
 * update: running += momentum (batch - running), with the unbiased variance N / (N - 1) v
 *
 * A plan may give it the ReLU behind it (dfn_args.relu): y = max(w z + b, 0), and dy counts
 * where that is above 0.
 *
 * Ioffe and Szegedy, "Batch normalization", ICML 2015; details as in PyTorch.
 *
 * attr: alpha (eps, 0: 1e-5), beta (momentum, 0: 0.1). save: m[C], v[C] of DFN_TRAIN */
#include "op/op.h"

/* Channels are taken 16 at a time: one cache line of floats, and sums in double cost no
 * memory. */
enum { LANES = 16 };

static int lanes(int C, int c) { return C - c < LANES ? C - c : LANES; }

void OP(batch_norm_stats)(REAL *restrict mean, REAL *restrict var, const REAL *restrict x,
                          int N, int C)
{
    for (int c = 0; c < C; c += LANES) {
        const int m = lanes(C, c);
        double sum[LANES] = {0}, square[LANES] = {0};
        for (int n = 0; n < N; n++)
            for (int j = 0; j < m; j++)
                sum[j] += (double)x[n * C + c + j];
        for (int j = 0; j < m; j++)
            sum[j] /= N;
        for (int n = 0; n < N; n++)
            for (int j = 0; j < m; j++) {
                const double d = (double)x[n * C + c + j] - sum[j];
                square[j] += d * d;
            }
        for (int j = 0; j < m; j++) {
            mean[c + j] = (REAL)sum[j];
            var[c + j] = (REAL)(square[j] / N);
        }
    }
}

void OP(batch_norm_fwd)(REAL *restrict y, const REAL *restrict x, const REAL *restrict mean,
                        const REAL *restrict var, const REAL *restrict w,
                        const REAL *restrict b, REAL eps, bool relu, int N, int C)
{
    for (int c = 0; c < C; c += LANES) {
        const int m = lanes(C, c);
        REAL scale[LANES];
        for (int j = 0; j < m; j++)
            scale[j] = w[c + j] / SQRT(var[c + j] + eps);
        for (int n = 0; n < N; n++)
            for (int j = c; j < c + m; j++) {
                const REAL v = (x[n * C + j] - mean[j]) * scale[j - c] + b[j];
                y[n * C + j] = relu && 0 > v ? 0 : v; /* NaN stays */
            }
    }
}

/* Numbers of up to LANES channels: 1 / sqrt(var + eps), and that times w. */
typedef struct scales {
    REAL r[LANES], gain[LANES];
} scales;

/* dy of row n, channel c + j, where the ReLU lets it pass. */
static REAL passed(const REAL *dy, const REAL *x, const REAL *mean, const REAL *b,
                   const scales *s, bool relu, int i, int c, int j)
{
    return !relu || (x[i] - mean[c + j]) * s->gain[j] + b[c + j] > 0 ? dy[i] : 0;
}

void OP(batch_norm_bwd)(REAL *dx, REAL *restrict dw, REAL *restrict db, const REAL *dy,
                        const REAL *restrict x, const REAL *restrict mean,
                        const REAL *restrict var, const REAL *restrict w,
                        const REAL *restrict b, REAL eps, bool batch, bool add, bool relu,
                        int N, int C)
{
    for (int c = 0; c < C; c += LANES) {
        const int m = lanes(C, c);
        double sum[LANES] = {0}, dot[LANES] = {0};
        REAL level[LANES] = {0}, slope[LANES] = {0};
        scales s;
        for (int j = 0; j < m; j++) {
            const REAL root = SQRT(var[c + j] + eps);
            s.r[j] = 1 / root;
            s.gain[j] = w[c + j] / root;
        }
        for (int n = 0; n < N; n++)
            for (int j = 0; j < m; j++) {
                const int i = n * C + c + j;
                const REAL z = (x[i] - mean[c + j]) * s.r[j];
                const REAL g = passed(dy, x, mean, b, &s, relu, i, c, j);
                sum[j] += (double)g;
                dot[j] += (double)(g * z);
            }
        for (int j = 0; j < m; j++) {
            if (db)
                db[c + j] += (REAL)sum[j];
            if (dw)
                dw[c + j] += (REAL)dot[j];
            if (batch) {
                level[j] = (REAL)(sum[j] / N);
                slope[j] = (REAL)(dot[j] / N);
            }
        }
        for (int n = 0; n < N; n++)
            for (int j = 0; j < m; j++) {
                const int i = n * C + c + j;
                const REAL z = (x[i] - mean[c + j]) * s.r[j];
                const REAL g = passed(dy, x, mean, b, &s, relu, i, c, j);
                dx[i] =
                    (add ? dx[i] : 0) + w[c + j] * s.r[j] * (g - level[j] - z * slope[j]);
            }
    }
}

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    (void)B;
    const int C = in[0].d[2];
    if (n_in != 1)
        return "takes one input";
    if (!(n->attr.alpha >= 0 && n->attr.alpha <= 1))
        return "epsilon (alpha) must be between 0 and 1";
    if (!(n->attr.beta >= 0 && n->attr.beta <= 1))
        return "momentum (beta) must be between 0 and 1";
    s->out = in[0];
    dfn_spec_weight(s, "weight", false, 1, C, 0, 0, 0);
    dfn_spec_weight(s, "bias", false, 1, C, 0, 0, 0);
    dfn_spec_weight(s, "running_mean", true, 1, C, 0, 0, 0);
    dfn_spec_weight(s, "running_var", true, 1, C, 0, 0, 0);
    s->save = 2 * (size_t)C;
    s->macs = (uint64_t)in[0].t * dfn_shape_frame(in[0]);
    return NULL;
}

static void fwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const int N = dfn_args_rows(a), C = a->out_shape.d[2];
    const REAL *mean = a->w[2], *var = a->w[3];
    if (a->mode == DFN_TRAIN) {
        REAL *save = a->save;
        k->batch_norm_stats(save, save + C, a->in[0], N, C);
        mean = save;
        var = save + C;
    }
    k->batch_norm_fwd(a->out, a->in[0], mean, var, a->w[0], a->w[1],
                      (REAL)dfn_norm_epsilon(a->node), a->relu, N, C);
}

static void bwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const int N = dfn_args_rows(a), C = a->out_shape.d[2];
    const bool batch = a->mode == DFN_TRAIN;
    const REAL *save = a->save;
    k->batch_norm_bwd(a->din[0], a->dw[0], a->dw[1], a->dout, a->in[0],
                      batch ? save : a->w[2], batch ? save + C : a->w[3], a->w[0], a->w[1],
                      (REAL)dfn_norm_epsilon(a->node), batch, !a->fresh[0], a->relu, N, C);
}

static void update(const dfn_args *a, void *const *w)
{
    const int N = dfn_args_rows(a), C = a->out_shape.d[2];
    const REAL momentum = (REAL)(a->node->attr.beta > 0 ? a->node->attr.beta : 0.1);
    const REAL unbias = N > 1 ? (REAL)N / (REAL)(N - 1) : 1;
    const REAL *mean = a->save, *var = mean + C;
    REAL *running_mean = w[2], *running_var = w[3];
    for (int c = 0; c < C; c++) {
        running_mean[c] += momentum * (mean[c] - running_mean[c]);
        running_var[c] += momentum * (unbias * var[c] - running_var[c]);
    }
}

const dfn_op OP(op_batch_norm) = {.name = "batch_norm",
                                  .infer = infer,
                                  .fwd = fwd,
                                  .bwd = bwd,
                                  .update = update,
                                  .fresh = true,
                                  .in_place = true,
                                  .forgets = true,
                                  .relu = true};
