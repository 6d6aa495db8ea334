/* permute.c - the axes of a frame in another order.
 *
 *   y[i0][i1][i2] = x[j0][j1][j2] with j[perm[k]] = i[k]: new axis k is old axis perm[k]
 *
 * attr: perm */
#include "op/op.h"

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    (void)B;
    bool seen[3] = {false};
    if (n_in != 1)
        return "takes one input";
    s->out.t = in[0].t;
    for (int i = 0; i < 3; i++) {
        const int from = n->attr.perm[i];
        if (from < 0 || from > 2 || seen[from])
            return "perm must hold 0, 1 and 2 once each";
        seen[from] = true;
        s->out.d[i] = in[0].d[from];
    }
    return NULL;
}

/* Numbers between neighbours along each new axis, in the old order. */
static void steps(const dfn_args *a, int step[3])
{
    const int *d = a->in_shape[0].d, old[3] = {d[1] * d[2], d[2], 1};
    for (int i = 0; i < 3; i++)
        step[i] = old[a->node->attr.perm[i]];
}

static void fwd(const dfn_args *a)
{
    const int *d = a->out_shape.d, frame = (int)dfn_shape_frame(a->out_shape);
    const REAL *x = a->in[0];
    REAL *y = a->out;
    int s[3];
    steps(a, s);
    for (int t = 0; t < a->B * a->out_shape.t; t++, x += frame)
        for (int i = 0; i < d[0]; i++)
            for (int j = 0; j < d[1]; j++, y += d[2])
                for (int k = 0; k < d[2]; k++)
                    y[k] = x[i * s[0] + j * s[1] + k * s[2]];
}

static void bwd(const dfn_args *a)
{
    const int *d = a->out_shape.d, frame = (int)dfn_shape_frame(a->out_shape);
    const REAL *dy = a->dout;
    REAL *dx = a->din[0];
    int s[3];
    steps(a, s);
    for (int t = 0; t < a->B * a->out_shape.t; t++, dx += frame)
        for (int i = 0; i < d[0]; i++)
            for (int j = 0; j < d[1]; j++, dy += d[2])
                for (int k = 0; k < d[2]; k++)
                    dx[i * s[0] + j * s[1] + k * s[2]] += dy[k];
}

const dfn_op OP(op_permute) = {.name = "permute", .infer = infer, .fwd = fwd, .bwd = bwd};
