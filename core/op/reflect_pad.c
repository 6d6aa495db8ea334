/* reflect_pad.c - lengthen a sequence at its end by its mirror image. The t frames {1,L,C}
 * are one sequence of N = t L positions:
 *
 *   y[n] = x[n],  n < N      y[N + i] = x[N - 2 - i],  and on like between two mirrors
 *
 *   length  that many positions more:       out {1,1,C},    t = N + length
 *   size    up to the next multiple of it:  out {1,size,C}, t = ceil(N / size)
 *
 * The second folds a signal into rows of one period, as a multi-period discriminator does.
 * Needs the whole sequence (offline).
 *
 * attr: length or size */
#include "op/conv.h"

#include <string.h>

/* Position of the mirror image that stands at n: 0 1 .. N-1 N-2 .. 1 0 1 .. */
static int mirror(int n, int N)
{
    const int period = N > 1 ? 2 * (N - 1) : 1;
    n %= period;
    return n < N ? n : period - n;
}

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    (void)B;
    const dfn_attr *a = &n->attr;
    if (n_in != 1 || in[0].d[0] != 1)
        return "takes one input {1,L,C}";
    if (a->length < 0 || a->size < 0 || a->length > CONV_ATTR_MAX ||
        a->size > CONV_ATTR_MAX || (a->length > 0) == (a->size > 0))
        return "needs either a length or a size";
    const uint64_t N = (uint64_t)in[0].t * (uint64_t)in[0].d[1];
    if (N > INT_MAX / 2 - CONV_ATTR_MAX)
        return "the sequence is too long";
    if (a->size)
        s->out = (dfn_shape){((int)N + a->size - 1) / a->size, {1, a->size, in[0].d[2]}};
    else
        s->out = (dfn_shape){(int)N + a->length, {1, 1, in[0].d[2]}};
    s->offline = true;
    return NULL;
}

static void fwd(const dfn_args *a)
{
    const dfn_shape in = a->in_shape[0], out = a->out_shape;
    const int N = in.t * in.d[1], C = in.d[2];
    for (int b = 0; b < a->B; b++) {
        const REAL *x = DFN_AT((const REAL *)a->in[0], in, b);
        REAL *y = DFN_AT((REAL *)a->out, out, b);
        for (int n = 0; n < out.t * out.d[1]; n++, y += C)
            memcpy(y, x + mirror(n, N) * C, (size_t)C * sizeof *y);
    }
}

static void bwd(const dfn_args *a)
{
    const dfn_shape in = a->in_shape[0], out = a->out_shape;
    const int N = in.t * in.d[1], C = in.d[2];
    for (int b = 0; b < a->B; b++) {
        REAL *dx = DFN_AT((REAL *)a->din[0], in, b);
        const REAL *dy = DFN_AT((const REAL *)a->dout, out, b);
        for (int n = 0; n < out.t * out.d[1]; n++, dy += C)
            for (int c = 0; c < C; c++)
                dx[mirror(n, N) * C + c] += dy[c];
    }
}

const dfn_op OP(op_reflect_pad) = {
    .name = "reflect_pad", .infer = infer, .fwd = fwd, .bwd = bwd};
