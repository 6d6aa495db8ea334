/* conv_along.c - convolutions along time alone, of few channels: no windows are made, as
 * every tap finds its frame where it is. F rows of G groups; x[d] is NULL for zeros.
 *
 *   fwd  y[f][g][o] = b[g][o] + sum_{d,i} x[d][f][g][i] w[d][i][g][o], or y += with `add`
 *   dw   dw[d][o][g][i] += sum_f x[d][f][g][i] dy[f][g][o]
 *
 * The gradient of x is a convolution along time, too: of the frames dy, with inputs and
 * outputs exchanged. */
#include "op/conv_along.h"

#include "op/history.h"

enum { TOGETHER = 4 /* frames in one call, so that kernels see them once, not kt times */ };

void OP(conv_along_fwd)(REAL *restrict y, const REAL *const *x, const REAL *restrict w,
                        const REAL *restrict b, int F, int G, int I, int O, int kt, int n,
                        bool add)
{
    for (int r = 0; r < n * F; r++, y += G * O) {
        const int t = r / F, f = r % F;
        for (int j = 0; j < G * O; j++)
            y[j] = (add ? y[j] : 0) + (b ? b[j] : 0);
        for (int d = 0; d < kt; d++)
            for (int g = 0; x[t + d] && g < G; g++)
                for (int i = 0; i < I; i++) {
                    const REAL s = x[t + d][(f * G + g) * I + i];
                    for (int o = 0; o < O; o++)
                        y[g * O + o] += s * w[((d * I + i) * G + g) * O + o];
                }
    }
}

void OP(conv_along_dw)(REAL *restrict dw, const REAL *restrict dy, const REAL *const *x,
                       int F, int G, int I, int O, int kt)
{
    for (int d = 0; d < kt; d++)
        for (int f = 0; x[d] && f < F; f++)
            for (int g = 0; g < G; g++)
                for (int o = 0; o < O; o++) {
                    const REAL s = dy[(f * G + g) * O + o];
                    for (int i = 0; i < I; i++)
                        dw[((d * O + o) * G + g) * I + i] += s * x[d][(f * G + g) * I + i];
                }
}

static size_t weights(const conv_shape *s)
{
    return (size_t)s->kt * (size_t)(s->C / s->groups) * (size_t)s->O;
}

size_t OP(conv_along_scratch)(const conv_shape *s) { return 2 * weights(s); }

/* Where weight [d][i][g][o] stands in those of the file, [G][O][I][kt]. */
static size_t in_file(const conv_shape *s, int d, int i, int g, int o)
{
    const int I = s->C / s->groups, O = s->O / s->groups;
    return (((size_t)g * (size_t)O + (size_t)o) * (size_t)I + (size_t)i) * (size_t)s->kt +
           (size_t)d;
}

void OP(conv_along_forward)(const conv_run *r, REAL *y)
{
    const conv_shape *s = r->s;
    const int G = s->groups, I = s->C / G, O = s->O / G;
    const REAL *x[CONV_KERNEL_MAX + TOGETHER];
    REAL *w = r->scratch;
    for (int d = 0; d < s->kt; d++)
        for (int i = 0; i < I; i++)
            for (int j = 0; j < s->O; j++)
                w[(d * I + i) * s->O + j] = r->w[in_file(s, d, i, j / O, j % O)];
    for (int t = 0; t < r->To; t += TOGETHER) {
        const int n = r->To - t < TOGETHER ? r->To - t : TOGETHER;
        for (int j = 0; j < n; j++)
            OP(conv_look)(x + j, r, t + j);
        r->k->conv_along_fwd(y + (size_t)t * (size_t)(s->F * s->O), x, w, r->b, s->F, G, I,
                             O, s->kt, n, false);
    }
}

/* Turned weights of the convolution that gives the gradient of x: [d][o][g][i], with taps in
 * the order in which it sees frames of dy, the last one first. */
static void turn(REAL *restrict to, const REAL *restrict w, const conv_shape *s)
{
    const int I = s->C / s->groups, O = s->O / s->groups;
    for (int d = 0; d < s->kt; d++)
        for (int o = 0; o < O; o++)
            for (int j = 0; j < s->C; j++)
                to[((s->kt - 1 - d) * O + o) * s->C + j] =
                    w[in_file(s, d, j % I, j / I, o)];
}

static void turn_back(REAL *restrict w, const REAL *restrict from, const conv_shape *s)
{
    const int I = s->C / s->groups, O = s->O / s->groups;
    for (int d = 0; d < s->kt; d++)
        for (int o = 0; o < O; o++)
            for (int j = 0; j < s->C; j++)
                w[in_file(s, d, j % I, j / I, o)] += from[(d * O + o) * s->C + j];
}

/* Whether something is added to the gradient of frame t: the state after the run shares it
 * (history_pop). */
static bool adds(const conv_run *r, const conv_grad *g, int t)
{
    return !g->fresh || t < 0 || t >= r->T - r->s->before;
}

/* Frames from t on, of x or of the state before, whose gradients lie one behind the other
 * and are treated alike. */
static int alike(const conv_run *r, const conv_grad *g, int t)
{
    int n = 1;
    while (t >= 0 && n < TOGETHER && t + n < r->T && adds(r, g, t) == adds(r, g, t + n))
        n++;
    return n;
}

/* The gradients of n frames from t on: tap d of output t sees frame t - before + d, and so
 * frame t is seen by output t + before - d. */
static void to_input(const conv_run *r, const conv_grad *g, const REAL *w, int t, int n)
{
    const conv_shape *s = r->s;
    const int G = s->groups;
    const size_t frame = (size_t)s->F * (size_t)s->C, m = (size_t)s->F * (size_t)s->O;
    const REAL *dy[CONV_KERNEL_MAX + TOGETHER];
    for (int d = 0; d < s->kt + n - 1; d++) {
        const int at = t + s->before - (s->kt - 1) + d;
        dy[d] = at >= 0 && at < r->To ? g->dy + (size_t)at * m : NULL;
    }
    r->k->conv_along_fwd(history_grad(g->dstate, r->state, s->before, frame, g->dx, t), dy,
                         w, NULL, s->F, G, s->O / G, s->C / G, s->kt, n, adds(r, g, t));
}

static void to_weights(const conv_run *r, const conv_grad *g, REAL *dw, int t)
{
    const conv_shape *s = r->s;
    const int G = s->groups;
    const REAL *x[CONV_KERNEL_MAX];
    OP(conv_look)(x, r, t);
    r->k->conv_along_dw(dw, g->dy + (size_t)t * (size_t)(s->F * s->O), x, s->F, G, s->C / G,
                        s->O / G, s->kt);
}

void OP(conv_along_backward)(const conv_run *r, const conv_grad *g)
{
    const conv_shape *s = r->s;
    const REAL *dy = g->dy;
    REAL *w = r->scratch, *dw = w + weights(s);
    turn(w, r->w, s);
    memset(dw, 0, weights(s) * sizeof *dw);
    for (int t = r->state ? -s->before : 0, n; g->dx && t < r->T; t += n)
        to_input(r, g, w, t, n = alike(r, g, t));
    for (int t = 0; g->dw && t < r->To; t++)
        to_weights(r, g, dw, t);
    if (g->dw)
        turn_back(g->dw, dw, s);
    for (int n = 0; g->db && n < r->To * s->F; n++, dy += s->O)
        for (int o = 0; o < s->O; o++)
            g->db[o] += dy[o];
}
