#include "op_check.h"

#include "check.h"
#include "graph/node.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

/* One compiled copy of the graph under test, with its weights and states. */
typedef struct rig {
    const op_case *c;
    const dfn_graph *g;
    dfn_plan *plan;
    dfn_weights w;
    dfn_precision precision;
    int B, T;
    void **state; /* [B] */
    size_t state_bytes;
} rig;

static double number(uint64_t seed, size_t i)
{
    uint64_t x = seed * 0x9e3779b97f4a7c15u + i * 0xbf58476d1ce4e5b9u + 0x94d049bb133111ebu;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    x ^= x >> 31;
    return (double)(float)((double)(x >> 11) / 4503599627370496.0 - 1); /* exact in float */
}

static double get(const void *p, dfn_precision f, size_t i)
{
    return f == DFN_F64 ? ((const double *)p)[i] : (double)((const float *)p)[i];
}

static void set(void *p, dfn_precision f, size_t i, double x)
{
    if (f == DFN_F64)
        ((double *)p)[i] = x;
    else
        ((float *)p)[i] = (float)x;
}

static void *zeros(size_t bytes)
{
    const size_t n = (bytes + 127) / 64 * 64;
    void *p = aligned_alloc(64, n);
    if (!p)
        abort();
    return memset(p, 0, n);
}

static void rig_open(rig *r, const op_case *c, const dfn_graph *g, dfn_precision f,
                     dfn_mode mode, int B, int T, bool guard)
{
    dfn_error err = {0};
    *r = (rig){.c = c, .g = g, .precision = f, .B = B, .T = T};
    const dfn_plan_config config = {
        .batch = B, .frames = T, .mode = mode, .precision = f, .guard = guard};
    if (dfn_plan_new(&r->plan, g, &config, &err) || dfn_weights_new(&r->w, g, f, &err)) {
        fprintf(stderr, "%s: %s\n", c->name, err.text);
        exit(1);
    }
    for (int i = 0; i < g->n_weight; i++)
        for (size_t j = 0; j < g->weight[i].count; j++) {
            const double x = number(1000 + (uint64_t)i, j);
            const bool var = strstr(g->weight[i].name, "running_var") != NULL;
            set(r->w.data[i], f, j,
                var ? (double)(float)(1 + x / 2)
                    : (double)(float)(x * (c->w_scale > 0 ? c->w_scale : 0.5) +
                                      c->w_shift));
        }
    r->state_bytes = dfn_state_bytes(g, f);
    r->state = zeros((size_t)B * sizeof *r->state);
    for (int b = 0; b < B; b++) {
        r->state[b] = zeros(r->state_bytes);
        dfn_state_reset(g, f, r->state[b]);
    }
}

static void rig_close(rig *r)
{
    CHECK(!dfn_plan_guard(r->plan), "%s: '%s' wrote past a buffer", r->c->name,
          dfn_plan_guard(r->plan));
    for (int b = 0; b < r->B; b++)
        free(r->state[b]);
    free(r->state);
    dfn_weights_free(&r->w);
    dfn_plan_free(r->plan);
}

static size_t frame_size(const dfn_graph *g, dfn_value v)
{
    return dfn_shape_frame(g->node[v].shape) * (size_t)g->node[v].shape.t;
}

static bool is_input(const dfn_graph *g, dfn_value v)
{
    return g->node[v].op == DFN_OP_INPUT;
}

/* Input of stream b, frame t of the whole signal: the same for every rig. */
static double signal(const op_case *c, dfn_value v, int b, long t, size_t i, size_t n)
{
    const double x = number(7 + 31 * (uint64_t)v + 977 * (uint64_t)b, (size_t)t * n + i);
    return (double)(float)(x * (c->scale > 0 ? c->scale : 1) + c->shift);
}

/* Fill every input with frames [start, start + frames) of the signal; stream 0 of the rig
 * is stream `first` of the signal. */
static void feed(rig *r, int first, long start, int frames)
{
    for (int p = 0; p < r->g->n_port; p++) {
        const dfn_value v = r->g->port[p].value;
        if (!is_input(r->g, v))
            continue;
        const size_t n = frame_size(r->g, v);
        for (int b = 0; b < r->B; b++)
            for (int t = 0; t < frames; t++)
                for (size_t i = 0; i < n; i++)
                    set(dfn_plan_data(r->plan, v), r->precision,
                        ((size_t)b * (size_t)frames + (size_t)t) * n + i,
                        signal(r->c, v, first + b, start + t, i, n));
    }
}

static void run(rig *r, int frames)
{
    dfn_run(r->plan, (const void *const *)r->w.data, r->state, frames);
}

enum { WARM = 3 }; /* frames before the ones that are looked at: a state that is in use */

static void warm_up(rig *r, int first)
{
    if (r->g->offline)
        return;
    for (int t = 0; t < WARM; t++) {
        feed(r, first, t - WARM, 1);
        run(r, 1);
    }
}

/* ---- gradient -------------------------------------------------------------------------
 */

static double dout(dfn_value v, size_t i) { return number(5000 + (uint64_t)v, i); }

static size_t value_size(const rig *r, dfn_value v)
{
    const dfn_shape s = dfn_plan_shape(r->plan, v);
    return (size_t)r->B * (size_t)s.t * dfn_shape_frame(s);
}

static double loss(rig *r, void *const *start)
{
    double sum = 0;
    for (int b = 0; b < r->B; b++)
        memcpy(r->state[b], start[b], r->state_bytes);
    run(r, r->T);
    for (int p = 0; p < r->g->n_port; p++) {
        const dfn_value v = r->g->port[p].value;
        for (size_t i = 0; !is_input(r->g, v) && i < value_size(r, v); i++)
            sum += dout(v, i) * get(dfn_plan_data(r->plan, v), DFN_F64, i);
    }
    return sum;
}

/* Fourth-order central differences of the loss for x[0..n) against dx; returns the worst
 * error relative to the largest entry of the gradient. */
static double compare(rig *r, void *const *start, double *x, const double *dx, size_t n,
                      double bias)
{
    const double h = 1e-4;
    double worst = 0, top = 1e-3;
    for (size_t i = 0; i < n; i++) {
        const double keep = x[i];
        double f[4];
        for (int k = 0; k < 4; k++) {
            x[i] = keep + h * (k < 2 ? k - 2 : k - 1);
            f[k] = loss(r, start);
        }
        x[i] = keep;
        const double want = (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h);
        const double err = fabs(dx[i] - bias - want);
        top = fmax(top, fabs(want));
        worst = err <= worst ? worst : err; /* NaN becomes the worst */
    }
    return worst / top;
}

static void seed_outputs(rig *r)
{
    dfn_plan_zero_grad(r->plan);
    for (int p = 0; p < r->g->n_port; p++) {
        const dfn_value v = r->g->port[p].value;
        double *d = dfn_plan_grad(r->plan, v);
        for (size_t i = 0; i < value_size(r, v); i++)
            d[i] += is_input(r->g, v) ? 1 : dout(v, i); /* 1: backward must add */
    }
}

static double check_gradient(const op_case *c, const dfn_graph *g, int B, int T)
{
    rig r;
    double worst = 0;
    dfn_weights dw = {0};
    rig_open(&r, c, g, DFN_F64, c->train ? DFN_TRAIN : DFN_EVAL, B, T, true);
    if (dfn_weights_new(&dw, g, DFN_F64, NULL))
        abort();
    warm_up(&r, 0);
    void **start = zeros((size_t)B * sizeof *start);
    for (int b = 0; b < B; b++)
        start[b] = memcpy(zeros(r.state_bytes), r.state[b], r.state_bytes);
    feed(&r, 0, 0, T);
    loss(&r, start);
    seed_outputs(&r);
    for (int i = 0; i < g->n_weight; i++)
        for (size_t j = 0; j < g->weight[i].count; j++)
            ((double *)dw.data[i])[j] = 1;
    dfn_backward(r.plan, (const void *const *)r.w.data, dw.data, NULL);
    for (int p = 0; p < g->n_port; p++) {
        const dfn_value v = g->port[p].value;
        if (is_input(g, v))
            worst = fmax(worst, compare(&r, start, dfn_plan_data(r.plan, v),
                                        dfn_plan_grad(r.plan, v), value_size(&r, v), 1));
    }
    for (int i = 0; i < g->n_weight; i++)
        if (!g->weight[i].buffer)
            worst = fmax(
                worst, compare(&r, start, r.w.data[i], dw.data[i], g->weight[i].count, 1));
    CHECK(worst <= 1e-6, "%s: backward is not the gradient: relative error %.3g", c->name,
          worst);
    for (int b = 0; b < B; b++)
        free(start[b]);
    free(start);
    dfn_weights_free(&dw);
    rig_close(&r);
    return worst;
}

/* Two runs with carried state and carried state gradient against one long run. */
static void check_chunks(const op_case *c, const dfn_graph *g, int B, int T)
{
    rig whole, part[2];
    const int len[2] = {T / 3, T - T / 3}, from[2] = {0, T / 3};
    rig_open(&whole, c, g, DFN_F64, DFN_EVAL, B, T, true);
    feed(&whole, 0, 0, T);
    run(&whole, T);
    seed_outputs(&whole);
    dfn_backward(whole.plan, (const void *const *)whole.w.data, NULL, NULL);
    for (int k = 0; k < 2; k++) {
        rig_open(&part[k], c, g, DFN_F64, DFN_EVAL, B, len[k], true);
        for (int b = 0; b < B && k; b++)
            memcpy(part[1].state[b], part[0].state[b], part[0].state_bytes);
        feed(&part[k], 0, from[k], len[k]);
        run(&part[k], len[k]);
    }
    void **dstate = zeros((size_t)B * sizeof *dstate);
    for (int b = 0; b < B; b++)
        dstate[b] = zeros(whole.state_bytes);
    for (int k = 1; k >= 0; k--) {
        dfn_plan_zero_grad(part[k].plan);
        for (int p = 0; p < g->n_port; p++) {
            const dfn_value v = g->port[p].value;
            const size_t n = frame_size(g, v);
            double *d = dfn_plan_grad(part[k].plan, v);
            for (int b = 0; b < B; b++)
                for (size_t i = 0; i < (size_t)len[k] * n; i++)
                    d[(size_t)b * (size_t)len[k] * n + i] +=
                        is_input(g, v)
                            ? 1
                            : dout(v, ((size_t)b * (size_t)T + (size_t)from[k]) * n + i);
        }
        dfn_backward(part[k].plan, (const void *const *)part[k].w.data, NULL, dstate);
        for (int p = 0; p < g->n_port; p++) {
            const dfn_value v = g->port[p].value;
            const size_t n = frame_size(g, v);
            const double *d = dfn_plan_grad(part[k].plan, v),
                         *want = dfn_plan_grad(whole.plan, v);
            for (int b = 0; b < B && is_input(g, v); b++)
                for (size_t i = 0; i < (size_t)len[k] * n; i++) {
                    const double a = d[(size_t)b * (size_t)len[k] * n + i];
                    const double z =
                        want[((size_t)b * (size_t)T + (size_t)from[k]) * n + i];
                    CHECK(fabs(a - z) <= 1e-11 * (1 + fabs(z)),
                          "%s: gradient across runs: chunk %d, stream %d, [%zu]: %.12g, "
                          "want %.12g",
                          c->name, k, b, i, a, z);
                }
        }
    }
    for (int b = 0; b < B; b++)
        free(dstate[b]);
    free(dstate);
    rig_close(&part[0]);
    rig_close(&part[1]);
    rig_close(&whole);
}

/* ---- outputs ----------------------------------------------------------------------------
 */

/* Run `frames` in pieces of len[0], len[1], ... (repeated), from a warm state, and gather
 * one output as [B][frames][n]. */
static double *collect(rig *r, dfn_value v, int first, int frames, const int *len,
                       int n_len)
{
    const size_t n = r->g->offline ? value_size(r, v) / (size_t)r->B / (size_t)frames
                                   : frame_size(r->g, v);
    const size_t per = r->g->offline ? value_size(r, v) / (size_t)r->B : n * (size_t)frames;
    double *y = zeros((size_t)r->B * per * sizeof *y);
    warm_up(r, first);
    for (int t = 0, k = 0; t < frames; k++) {
        const int piece = len[k % n_len] < frames - t ? len[k % n_len] : frames - t;
        feed(r, first, t, piece);
        run(r, piece);
        const size_t got = r->g->offline ? per : (size_t)piece * n;
        for (int b = 0; b < r->B; b++)
            for (size_t i = 0; i < got; i++)
                y[(size_t)b * per + (size_t)t * n + i] =
                    get(dfn_plan_data(r->plan, v), r->precision, (size_t)b * got + i);
        t += piece;
    }
    return y;
}

static double worst_error(const double *a, const double *b, size_t n)
{
    double worst = 0;
    for (size_t i = 0; i < n; i++) {
        const double err = fabs(a[i] - b[i]);
        worst = err <= worst ? worst : err;
    }
    return worst;
}

static double largest(const double *a, size_t n)
{
    double top = 0;
    for (size_t i = 0; i < n; i++)
        top = fmax(top, fabs(a[i]));
    return top;
}

typedef struct figures {
    double precision, split;
} figures;

static void check_output(const op_case *c, const dfn_graph *g, dfn_value v, int B, int T,
                         figures *f)
{
    const int all[] = {T}, ones[] = {1}, odd[] = {2, 1, 3};
    const dfn_mode mode = c->train ? DFN_TRAIN : DFN_INFER;
    rig r;
    rig_open(&r, c, g, DFN_F64, mode, B, T, true);
    double *oracle = collect(&r, v, 0, T, all, 1);
    const size_t n = value_size(&r, v), per = n / (size_t)B;
    rig_close(&r);
    rig_open(&r, c, g, DFN_F32, mode, B, T, true);
    double *y = collect(&r, v, 0, T, all, 1);
    rig_close(&r);

    const int terms = c->terms ? c->terms : 64;
    const double bound = terms * (double)FLT_EPSILON *
                         fmax(largest(oracle, n), (c->scale > 0 ? c->scale : 1) * 0.1);
    const double err = worst_error(y, oracle, n);
    CHECK(err <= bound, "%s: float differs from double by %.3g, bound %.3g", c->name, err,
          bound);
    f->precision = fmax(f->precision, err / bound);

    rig_open(&r, c, g, DFN_F32, mode, B, T, false); /* buffers shared by lifetime */
    double *shared = collect(&r, v, 0, T, all, 1);
    CHECK(worst_error(shared, y, n) == 0, "%s: sharing buffers changes the result",
          c->name);
    rig_close(&r);
    free(shared);

    if (!g->offline) {
        for (int split = 0; split < 2; split++) {
            rig_open(&r, c, g, DFN_F32, DFN_INFER, B, T, true);
            double *pieces = collect(&r, v, 0, T, split ? odd : ones, split ? 3 : 1);
            const double e = worst_error(pieces, y, n) / fmax(1, largest(y, n));
            CHECK(e <= 1e-5, "%s: run(T) is not T times run(1): %.3g", c->name, e);
            f->split = fmax(f->split, e);
            rig_close(&r);
            free(pieces);
        }
        for (int b = 0; b < B; b++) {
            rig_open(&r, c, g, DFN_F32, DFN_INFER, 1, T, true);
            double *alone = collect(&r, v, b, T, all, 1);
            CHECK(worst_error(alone, y + (size_t)b * per, per) == 0,
                  "%s: stream %d depends on its neighbours", c->name, b);
            rig_close(&r);
            free(alone);
        }
        rig_open(&r, c, g, DFN_F32, DFN_INFER, B, T,
                 true); /* other input in the last frame */
        warm_up(&r, 0);
        feed(&r, 0, 0, T);
        for (int p = 0; p < g->n_port; p++) {
            const dfn_value in = g->port[p].value;
            const size_t m = frame_size(g, in);
            float *x = dfn_plan_data(r.plan, in);
            for (int b = 0; is_input(g, in) && b < B; b++)
                for (size_t i = 0; i < m; i++)
                    x[((size_t)b * (size_t)T + (size_t)T - 1) * m + i] *= -0.75f;
        }
        run(&r, T);
        const float *late = dfn_plan_data(r.plan, v);
        for (int b = 0; b < B; b++)
            for (size_t i = 0; i < per - per / (size_t)T; i++)
                CHECK((double)late[(size_t)b * per + i] == y[(size_t)b * per + i],
                      "%s: the future changes the past", c->name);
        rig_close(&r);
    }
    free(y);
    free(oracle);
}

void op_check(const op_case *c)
{
    dfn_error err = {0};
    dfn_graph *g = dfn_graph_new();
    const int B = c->B ? c->B : 2, T = c->T ? c->T : 7;
    figures f = {0};
    c->build(g, c->context);
    if (dfn_graph_finish(g, &err)) {
        CHECK(false, "%s: %s", c->name, err.text);
        dfn_graph_free(g);
        return;
    }
    const double gradient = c->no_gradient ? 0 : check_gradient(c, g, B, T);
    if (!g->offline && !c->no_gradient && !c->train)
        check_chunks(c, g, B, T);
    for (int p = 0; p < g->n_port; p++)
        if (!is_input(g, g->port[p].value))
            check_output(c, g, g->port[p].value, B, T, &f);
    printf("%-36s gradient %.1e relative, float %.3f of its bound, splits %.1e\n", c->name,
           gradient, f.precision, f.split);
    dfn_graph_free(g);
}

int op_check_report(void) { return check_report(); }
