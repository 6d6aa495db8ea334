/* avg_pool1d.c - averages along samples. The t frames {1,L,C} are one sequence of N = t L
 * positions, with pad_t zeros on both sides that count like any other number:
 *
 *   y[j][c] = 1/size sum_k x[j hop - pad_t + k][c],  k < size
 *
 * out {1,1,C}, t = (N + 2 pad_t - size) / hop + 1, or 1 for a sequence shorter than `size`,
 * as if zeros followed. Needs the whole sequence (offline).
 *
 * attr: size, hop (0: size), pad_t (at most size / 2) */
#include "op/conv.h"

void OP(avg_pool_fwd)(REAL *restrict y, const REAL *restrict x, int To, int N, int C,
                      int size, int hop, int pad)
{
    for (int j = 0; j < To; j++, y += C) {
        for (int c = 0; c < C; c++)
            y[c] = 0;
        for (int k = 0; k < size; k++) {
            const int n = j * hop - pad + k;
            for (int c = 0; n >= 0 && n < N && c < C; c++)
                y[c] += x[n * C + c];
        }
        for (int c = 0; c < C; c++)
            y[c] /= (REAL)size;
    }
}

void OP(avg_pool_bwd)(REAL *restrict dx, const REAL *restrict dy, int To, int N, int C,
                      int size, int hop, int pad)
{
    for (int j = 0; j < To; j++, dy += C)
        for (int k = 0; k < size; k++) {
            const int n = j * hop - pad + k;
            for (int c = 0; n >= 0 && n < N && c < C; c++)
                dx[n * C + c] += dy[c] / (REAL)size;
        }
}

static int hop_of(const dfn_attr *a) { return a->hop ? a->hop : a->size; }

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    (void)B;
    const dfn_attr *a = &n->attr;
    if (n_in != 1 || in[0].d[0] != 1)
        return "takes one input {1,L,C}";
    if (a->size < 1 || a->size > CONV_ATTR_MAX)
        return "impossible size";
    if (a->hop < 0 || a->hop > CONV_ATTR_MAX)
        return "impossible hop";
    if (a->pad_t < 0 || a->pad_t > a->size / 2)
        return "the padding is more than half of the size";
    if ((uint64_t)in[0].t * (uint64_t)in[0].d[1] > INT_MAX - 2 * CONV_ATTR_MAX)
        return "the sequence is too long";
    const int To = conv_positions(in[0].t * in[0].d[1], a->pad_t, a->size, hop_of(a));
    s->out = (dfn_shape){To > 0 ? To : 1, {1, 1, in[0].d[2]}};
    s->offline = true;
    s->macs = (uint64_t)s->out.t * (uint64_t)a->size * (uint64_t)in[0].d[2];
    return NULL;
}

static void fwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const dfn_attr *attr = &a->node->attr;
    const dfn_shape in = a->in_shape[0];
    for (int b = 0; b < a->B; b++)
        k->avg_pool_fwd(DFN_AT((REAL *)a->out, a->out_shape, b),
                        DFN_AT((const REAL *)a->in[0], in, b), a->out_shape.t,
                        in.t * in.d[1], in.d[2], attr->size, hop_of(attr), attr->pad_t);
}

static void bwd(const dfn_args *a)
{
    const KERNELS *k = a->kernels;
    const dfn_attr *attr = &a->node->attr;
    const dfn_shape in = a->in_shape[0];
    for (int b = 0; b < a->B; b++)
        k->avg_pool_bwd(DFN_AT((REAL *)a->din[0], in, b),
                        DFN_AT((const REAL *)a->dout, a->out_shape, b), a->out_shape.t,
                        in.t * in.d[1], in.d[2], attr->size, hop_of(attr), attr->pad_t);
}

const dfn_op OP(op_avg_pool1d) = {
    .name = "avg_pool1d", .infer = infer, .fwd = fwd, .bwd = bwd};
