/* broadcast.h - two inputs whose frames may differ in an axis where one has size 1.
 *
 * The kernels see four axes, n = {B t, d0, d1, d2}, and for each input the distance of two
 * neighbours along each axis: 0 where the input is repeated. Along the last axis it is 0 or
 * 1. Inputs of the same shape are one long row. */
#ifndef DFN_BROADCAST_H
#define DFN_BROADCAST_H

#include "op/op.h"

#include <string.h>

typedef struct broadcast {
    int n[4], step[2][4];
    bool same; /* shapes */
} broadcast;

/* The infer of ops that only combine two inputs. */
static inline const char *broadcast_infer(const dfn_node *n, const dfn_shape *in, int n_in,
                                          int B, dfn_spec *s)
{
    (void)n;
    (void)B;
    if (n_in != 2)
        return "takes two inputs";
    if (in[0].t != in[1].t)
        return "the inputs differ in their number of frames";
    s->out = in[0];
    for (int i = 0; i < 3; i++) {
        if (in[0].d[i] != in[1].d[i] && in[0].d[i] != 1 && in[1].d[i] != 1)
            return "the inputs differ in an axis where neither has size 1";
        if (s->out.d[i] < in[1].d[i])
            s->out.d[i] = in[1].d[i];
    }
    if (!dfn_shape_fits(s->out)) /* two long axes may meet here for the first time */
        return "the result is too large";
    s->macs = (uint64_t)s->out.t * dfn_shape_frame(s->out);
    return NULL;
}

static inline broadcast broadcast_of(const dfn_args *a)
{
    const dfn_shape out = a->out_shape;
    const int frames = a->B * out.t;
    broadcast c = {.n = {frames, out.d[0], out.d[1], out.d[2]}};
    bool same = true;
    for (int k = 0; k < 2; k++) {
        int size = 1;
        for (int i = 2; i >= 0; i--) {
            const int d = a->in_shape[k].d[i];
            same = same && d == out.d[i];
            c.step[k][i + 1] = d > 1 ? size : 0;
            size *= d;
        }
        c.step[k][0] = size;
    }
    if (same)
        c = (broadcast){.n = {1, 1, 1, frames * (int)dfn_shape_frame(out)},
                        .step = {{0, 0, 0, 1}, {0, 0, 0, 1}},
                        .same = true};
    return c;
}

/* Zeros where `count` numbers of the gradient of input k from `at` on are to be
 * overwritten. */
static inline void broadcast_clear(const dfn_args *a, int k, size_t at, size_t count)
{
    if (a->fresh[k])
        memset((REAL *)a->din[k] + at, 0, count * sizeof(REAL));
}

/* The same for whole gradients. */
static inline void broadcast_clear_all(const dfn_args *a)
{
    for (int k = 0; k < 2; k++)
        broadcast_clear(a, k, 0,
                        (size_t)a->B * (size_t)a->in_shape[k].t *
                            dfn_shape_frame(a->in_shape[k]));
}

#endif
