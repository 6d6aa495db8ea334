/* gated_linear.c - y = x W^T in K blocks of rows, each times its gate.
 *
 *   x[I]  gate[K]  W[K][R][I]  ->  y[K][R],   y_k = gate_k W_k x
 *   u_k = W_k^T dy_k     dx = sum_k gate_k u_k     dgate_k = u_k x
 *   dW_k = gate_k dy_k x^T
 *
 * A block whose gate is exactly 0 is not computed: its rows are 0, its weights are not even
 * read. Put the blocks that are gated off together last, and what is read is one piece.
 *
 * in: {1,1,I}, {1,1,K}. attr: out (K R) */
#include "op/op.h"

#include <string.h>

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    const int O = n->attr.out;
    (void)B;
    if (n_in != 2)
        return "takes an input and its gates";
    for (int i = 0; i < 2; i++)
        if (in[i].d[0] != 1 || in[i].d[1] != 1 || in[i].t != in[0].t)
            return "an input is no vector, or they differ in their number of frames";
    if (O < 1 || O % in[1].d[2])
        return "the gates must divide the outputs";
    s->out = (dfn_shape){in[0].t, {1, 1, O}};
    dfn_spec_weight(s, "weight", false, 2, O, in[0].d[2], 0, 0);
    s->scratch = (size_t)in[0].d[2] + (size_t)(O / in[1].d[2]);
    s->macs = (uint64_t)in[0].t * (uint64_t)in[0].d[2] * (uint64_t)O; /* all gates open */
    return NULL;
}

static void fwd(const dfn_args *a)
{
    const KERNELS *kernels = a->kernels;
    const int I = a->in_shape[0].d[2], K = a->in_shape[1].d[2], R = a->out_shape.d[2] / K;
    const REAL *x = a->in[0], *gate = a->in[1];
    REAL *y = a->out;
    for (int n = 0; n < a->B * a->out_shape.t; n++, x += I, gate += K)
        for (int k = 0; k < K; k++, y += R) {
            if (gate[k] == 0) {
                memset(y, 0, (size_t)R * sizeof *y);
                continue;
            }
            const REAL *w = (const REAL *)a->w[0] + (size_t)k * (size_t)R * (size_t)I;
            OP(linear_forward)(kernels, y, x, w, NULL, 1, I, R);
            for (int r = 0; r < R; r++)
                y[r] *= gate[k];
        }
}

/* One block of one frame. u[I] and gdy[R] are scratch; dw may be NULL. */
static REAL bwd_block(const KERNELS *kernels, REAL *u, REAL *gdy, REAL *dx, REAL *dw,
                      const REAL *dy, const REAL *x, REAL gate, const REAL *w, int I, int R)
{
    REAL dgate = 0;
    memset(u, 0, (size_t)I * sizeof *u);
    OP(linear_backward)(kernels, u, NULL, NULL, dy, x, w, true, 1, I, R);
    for (int i = 0; i < I; i++) {
        dx[i] += gate * u[i];
        dgate += u[i] * x[i];
    }
    for (int r = 0; r < R; r++)
        gdy[r] = gate * dy[r];
    if (dw)
        OP(linear_backward)(kernels, NULL, dw, NULL, gdy, x, w, true, 1, I, R);
    return dgate;
}

static void bwd(const dfn_args *a)
{
    const int I = a->in_shape[0].d[2], K = a->in_shape[1].d[2], R = a->out_shape.d[2] / K;
    const size_t block = (size_t)R * (size_t)I;
    const REAL *x = a->in[0], *gate = a->in[1], *dy = a->dout, *w = a->w[0];
    REAL *dx = a->din[0], *dgate = a->din[1], *dw = a->dw[0], *u = a->scratch;
    for (int n = 0; n < a->B * a->out_shape.t; n++) {
        for (int k = 0; k < K; k++, dy += R)
            *dgate++ += bwd_block(a->kernels, u, u + I, dx, dw ? dw + k * block : NULL, dy,
                                  x, *gate++, w + k * block, I, R);
        x += I;
        dx += I;
    }
}

const dfn_op OP(op_gated_linear) = {
    .name = "gated_linear", .infer = infer, .fwd = fwd, .bwd = bwd};
