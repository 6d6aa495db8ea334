/* pack_bound.c - how far a packed layer may be from the plain one. The plain graph itself
 * adds up what the roundings of weights and inputs may come to.
 *
 *   f32    a rounding per input of sum |w x|
 *   bf16   w and x each to 2^-8 of themselves, which is half a step
 *   int8   w and x each to half a step: 1/254 of the largest of its output or vector
 *
 * An activation makes it larger by its steepest slope. */
#include "pack_rig.h"
#include "rig.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double absolute(dfn_value in, int stream, int frame, size_t i, size_t n)
{
    return fabs(pack_usual(in, stream, frame, i, n));
}

/* Half a step of a vector that is a frame or a part of one. */
static double step(dfn_value in, int stream, int frame, size_t i, size_t n)
{
    double top = 0;
    (void)i;
    for (size_t j = 0; j < n; j++)
        top = fmax(top, absolute(in, stream, frame, j, n));
    return top / 254;
}

/* The same of one that reaches over up to three frames, this one among them. */
static double step_in_time(dfn_value in, int stream, int frame, size_t i, size_t n)
{
    double top = 0;
    for (int t = frame - 2; t <= frame + 2; t++)
        top = fmax(top, t < -PACK_WARM ? 0 : step(in, stream, t, i, n));
    return top;
}

/* |w| and |b|, or half a step of each weight's output and no bias. */
static void turn_weights(const pack_case *c, const dfn_graph *g, const dfn_weights *from,
                         dfn_weights *to, bool steps)
{
    if (dfn_weights_new(to, g, DFN_F64, NULL))
        abort();
    for (int i = 0; i < g->n_weight; i++) {
        const dfn_weight *w = &g->weight[i];
        const double *x = from->data[i];
        double *y = to->data[i];
        const bool grouped = c->op == DFN_OP_GROUPED_LINEAR && w->rank == 3;
        const size_t O = grouped ? (size_t)w->dim[2] : 1;
        const size_t per = w->count / (size_t)w->dim[0]; /* of one output, or one group */
        for (size_t j = 0; j < w->count; j++) {
            double top = 0;
            for (size_t k = j / per * per + j % O; k < (j / per + 1) * per; k += O)
                top = fmax(top, fabs(x[k]));
            if (c->op == DFN_OP_SELECTIVE_SCAN && i == 0)
                y[j] = x[j]; /* a logarithm */
            else
                y[j] = !steps ? fabs(x[j]) : i == 0 ? top / 254 : 0;
        }
    }
}

/* One of the sums of the bound, for all streams and frames. */
static double *sum(const dfn_graph *g, const dfn_weights *w, pack_signal x)
{
    pack_result r = pack_play(&(pack_run){.g = g,
                                          .w = (const void *const *)w->data,
                                          .precision = DFN_F64,
                                          .B = PACK_STREAMS,
                                          .start = -PACK_WARM,
                                          .end = PACK_FRAMES,
                                          .len = {1},
                                          .n_len = 1,
                                          .signal = x});
    const size_t per = (size_t)PACK_FRAMES * r.n, all = per + (size_t)PACK_WARM * r.n;
    double *y = rig_zeros((size_t)PACK_STREAMS * per * sizeof *y);
    for (int b = 0; b < PACK_STREAMS; b++)
        memcpy(y + (size_t)b * per, r.y + (size_t)b * all + (size_t)PACK_WARM * r.n,
               per * sizeof *y);
    pack_free(&r);
    return y;
}

static double steepest(const pack_case *c)
{
    switch (c->act) {
    case DFN_ACT_LEAKY_RELU: return fmax(1, fabs(c->alpha));
    case DFN_ACT_GELU: return 1.13;
    case DFN_ACT_SILU: return 1.1;
    case DFN_ACT_SIGMOID: return 0.25;
    default: return 1;
    }
}

/* Roundings of one sum. A scan's go through all frames, with 8 in each: of rate, decay and
 * drive. */
static int inputs(const pack_case *c, const dfn_graph *g)
{
    if (c->op == DFN_OP_SELECTIVE_SCAN)
        return c->attr.size + 8 * (PACK_WARM + PACK_FRAMES);
    const dfn_weight *w = &g->weight[0];
    return c->op == DFN_OP_GROUPED_LINEAR ? w->dim[1] : (int)(w->count / (size_t)w->dim[0]);
}

double *pack_bounds(const pack_case *c, const dfn_weights *f64, dfn_weight_format f,
                    const double *y, size_t n)
{
    dfn_graph *g = pack_build(c, false);
    dfn_weights size, half;
    turn_weights(c, g, f64, &size, false);
    turn_weights(c, g, f64, &half, true);
    pack_signal steps = c->attr.kernel_t > 1 ? step_in_time : step;
    double *all = sum(g, &size, absolute), *by_w = sum(g, &half, absolute);
    double *by_x = sum(g, &size, steps), *by_both = sum(g, &half, steps);
    const double eps = (double)FLT_EPSILON, bf16 = 2 * 0x1p-8 + 0x1p-16;
    for (size_t i = 0; i < n; i++) {
        const double lost = f == DFN_WEIGHTS_F32    ? 0
                            : f == DFN_WEIGHTS_BF16 ? bf16 * all[i]
                                                    : by_w[i] + by_x[i] + by_both[i];
        all[i] = steepest(c) * (1.0001 * lost + (inputs(c, g) + 3) * eps * all[i]);
        if (c->act > DFN_ACT_LEAKY_RELU) /* the function itself */
            all[i] += 8 * eps * (1 + fabs(y[i]));
    }
    free(by_w), free(by_x), free(by_both);
    dfn_weights_free(&size);
    dfn_weights_free(&half);
    dfn_graph_free(g);
    return all;
}
