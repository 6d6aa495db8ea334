/* delay.c - y[t] = x[t - frames]; zeros before the first frame of the stream.
 *
 * attr: frames */
#include "op/history.h"

static const char *infer(const dfn_node *n, const dfn_shape *in, int n_in, int B,
                         dfn_spec *s)
{
    (void)B;
    if (n_in != 1)
        return "takes one input";
    if (n->attr.frames < 0)
        return "cannot look ahead";
    if ((size_t)n->attr.frames >= INT_MAX / dfn_shape_frame(in[0]))
        return "is too long";
    s->out = in[0];
    s->state = history_size(n->attr.frames, dfn_shape_frame(in[0]));
    return NULL;
}

static void fwd(const dfn_args *a)
{
    const int R = a->node->attr.frames, T = a->out_shape.t, old = T < R ? T : R;
    const size_t n = dfn_shape_frame(a->out_shape);
    for (int b = 0; b < a->B; b++) {
        const REAL *x = DFN_AT((const REAL *)a->in[0], a->in_shape[0], b);
        REAL *y = DFN_AT((REAL *)a->out, a->out_shape, b), *state = R ? a->state[b] : NULL;
        for (int t = 0; t < old; t++)
            memcpy(y + (size_t)t * n, state + history_at(state[0], R, n, t - R),
                   n * sizeof *y);
        memcpy(y + (size_t)old * n, x, (size_t)(T - old) * n * sizeof *y);
        history_push(state, R, n, x, T);
    }
}

static void bwd(const dfn_args *a)
{
    const int R = a->node->attr.frames, T = a->out_shape.t;
    const size_t n = dfn_shape_frame(a->out_shape);
    for (int b = 0; b < a->B; b++) {
        const REAL *dy = DFN_AT((const REAL *)a->dout, a->out_shape, b);
        REAL *dx = DFN_AT((REAL *)a->din[0], a->in_shape[0], b);
        const REAL *state = R ? a->state[b] : NULL;
        REAL *dstate = R ? a->dstate[b] : NULL;
        history_pop(dstate, state, R, n, dx, T);
        for (int t = 0; t < T; t++) {
            REAL *to = history_grad(dstate, state, R, n, dx, t - R);
            for (size_t i = 0; i < n; i++)
                to[i] += dy[(size_t)t * n + i];
        }
    }
}

const dfn_op OP(op_delay) = {.name = "delay", .infer = infer, .fwd = fwd, .bwd = bwd};
