#include "op_check.h"

#include "check.h"
#include "rig.h"

#include <dfnet4/cpu.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>

/* ---- gradient -------------------------------------------------------------------------
 */

static double dout(dfn_value v, size_t i) { return rig_number(5000 + (uint64_t)v, i); }

static double loss(rig *r, void *const *start)
{
    double sum = 0;
    for (int b = 0; b < r->B; b++)
        memcpy(r->state[b], start[b], r->state_bytes);
    rig_run(r, r->T);
    for (int p = 0; p < r->g->n_port; p++) {
        const dfn_value v = r->g->port[p].value;
        for (size_t i = 0; !rig_is_input(r->g, v) && i < rig_value_size(r, v); i++)
            sum += dout(v, i) * rig_get(dfn_plan_data(r->plan, v), DFN_F64, i);
    }
    return sum;
}

/* Fourth-order central difference of the loss for one number. */
static double difference(rig *r, void *const *start, double *x, double h)
{
    const double keep = *x;
    double f[4];
    for (int k = 0; k < 4; k++) {
        *x = keep + h * (k < 2 ? k - 2 : k - 1);
        f[k] = loss(r, start);
    }
    *x = keep;
    return (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h);
}

/* dx[0..n) against differences of the loss; returns the worst error relative to the largest
 * entry of the gradient. Where a relu bends within a step, a smaller step tells: a wrong
 * gradient is wrong at every step. */
static double compare(rig *r, void *const *start, double *x, const double *dx, size_t n,
                      double bias)
{
    double worst = 0, top = 1e-3;
    for (size_t i = 0; i < n; i++) {
        const double got = dx[i] - bias;
        double err = INFINITY;
        for (double h = 1e-4; h > 1e-7 && !(err <= 1e-8 * (1 + fabs(got))); h /= 10)
            err = fmin(err, fabs(got - difference(r, start, &x[i], h)));
        top = fmax(top, fabs(got));
        worst = check_worse(worst, isfinite(got) ? err : NAN);
    }
    return worst / top;
}

static void seed_outputs(rig *r)
{
    dfn_plan_zero_grad(r->plan);
    for (int p = 0; p < r->g->n_port; p++) {
        const dfn_value v = r->g->port[p].value;
        double *d = dfn_plan_grad(r->plan, v);
        for (size_t i = 0; i < rig_value_size(r, v); i++)
            d[i] += rig_is_input(r->g, v) ? 1 : dout(v, i); /* 1: backward must add */
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
    rig_warm_up(&r, 0);
    void **start = rig_zeros((size_t)B * sizeof *start);
    for (int b = 0; b < B; b++)
        start[b] = memcpy(rig_zeros(r.state_bytes), r.state[b], r.state_bytes);
    rig_feed(&r, 0, 0, T);
    loss(&r, start);
    seed_outputs(&r);
    for (int i = 0; i < g->n_weight; i++)
        for (size_t j = 0; j < g->weight[i].count; j++)
            ((double *)dw.data[i])[j] = 1;
    dfn_backward(r.plan, (const void *const *)r.w.data, dw.data, NULL);
    for (int p = 0; p < g->n_port; p++) {
        const dfn_value v = g->port[p].value;
        if (rig_is_input(g, v))
            worst = check_worse(worst, compare(&r, start, dfn_plan_data(r.plan, v),
                                               dfn_plan_grad(r.plan, v),
                                               rig_value_size(&r, v), 1));
    }
    for (int i = 0; i < g->n_weight; i++)
        if (!g->weight[i].buffer)
            worst = check_worse(
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
    rig_feed(&whole, 0, 0, T);
    rig_run(&whole, T);
    seed_outputs(&whole);
    dfn_backward(whole.plan, (const void *const *)whole.w.data, NULL, NULL);
    for (int k = 0; k < 2; k++) {
        rig_open(&part[k], c, g, DFN_F64, DFN_EVAL, B, len[k], true);
        for (int b = 0; b < B && k; b++)
            memcpy(part[1].state[b], part[0].state[b], part[0].state_bytes);
        rig_feed(&part[k], 0, from[k], len[k]);
        rig_run(&part[k], len[k]);
    }
    void **dstate = rig_zeros((size_t)B * sizeof *dstate);
    for (int b = 0; b < B; b++)
        dstate[b] = rig_zeros(whole.state_bytes);
    for (int k = 1; k >= 0; k--) {
        dfn_plan_zero_grad(part[k].plan);
        for (int p = 0; p < g->n_port; p++) {
            const dfn_value v = g->port[p].value;
            const size_t n = rig_frame_size(g, v);
            double *d = dfn_plan_grad(part[k].plan, v);
            for (int b = 0; b < B; b++)
                for (size_t i = 0; i < (size_t)len[k] * n; i++)
                    d[(size_t)b * (size_t)len[k] * n + i] +=
                        rig_is_input(g, v)
                            ? 1
                            : dout(v, ((size_t)b * (size_t)T + (size_t)from[k]) * n + i);
        }
        dfn_backward(part[k].plan, (const void *const *)part[k].w.data, NULL, dstate);
        for (int p = 0; p < g->n_port; p++) {
            const dfn_value v = g->port[p].value;
            const size_t n = rig_frame_size(g, v);
            const double *d = dfn_plan_grad(part[k].plan, v),
                         *want = dfn_plan_grad(whole.plan, v);
            for (int b = 0; b < B && rig_is_input(g, v); b++)
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

static double worst_error(const double *a, const double *b, size_t n)
{
    double worst = 0;
    for (size_t i = 0; i < n; i++) {
        worst = check_worse(worst, fabs(a[i] - b[i]));
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

/* Any split of a run gives the same as the whole run `y`. */
static double check_splits(const op_case *c, const dfn_graph *g, dfn_value v, int B, int T,
                           const double *y)
{
    const int ones[] = {1}, odd[] = {2, 1, 3};
    double worst = 0;
    for (int split = 0; split < 2; split++) {
        rig r;
        rig_open(&r, c, g, DFN_F32, DFN_INFER, B, T, true);
        const size_t n = rig_value_size(&r, v);
        double *pieces = rig_collect(&r, v, 0, T, split ? odd : ones, split ? 3 : 1);
        const double e = worst_error(pieces, y, n) / fmax(1, largest(y, n));
        CHECK(e <= 1e-5, "%s, cpu %u: run(T) is not T times run(1): %.3g", c->name, c->cpu,
              e);
        worst = check_worse(worst, e);
        rig_close(&r);
        free(pieces);
    }
    return worst;
}

/* A stream gives the same alone as among others. */
static void check_streams(const op_case *c, const dfn_graph *g, dfn_value v, int B, int T,
                          const double *y)
{
    const int all[] = {T};
    for (int b = 0; b < B; b++) {
        rig r;
        rig_open(&r, c, g, DFN_F32, DFN_INFER, 1, T, true);
        const size_t per = rig_value_size(&r, v);
        double *alone = rig_collect(&r, v, b, T, all, 1);
        CHECK(worst_error(alone, y + (size_t)b * per, per) == 0,
              "%s, cpu %u: stream %d depends on its neighbours", c->name, c->cpu, b);
        rig_close(&r);
        free(alone);
    }
}

/* Another input in the last frame leaves every frame before it as it was, bit for bit. */
static void check_causality(const op_case *c, const dfn_graph *g, dfn_value v, int B, int T,
                            const double *y)
{
    rig r;
    rig_open(&r, c, g, DFN_F32, DFN_INFER, B, T, true);
    rig_warm_up(&r, 0);
    rig_feed(&r, 0, 0, T);
    for (int p = 0; p < g->n_port; p++) {
        const dfn_value in = g->port[p].value;
        const size_t m = rig_frame_size(g, in);
        float *x = dfn_plan_data(r.plan, in);
        for (int b = 0; rig_is_input(g, in) && b < B; b++)
            for (size_t i = 0; i < m; i++)
                x[((size_t)b * (size_t)T + (size_t)T - 1) * m + i] *= -0.75f;
    }
    rig_run(&r, T);
    const size_t per = rig_value_size(&r, v) / (size_t)B;
    const float *late = dfn_plan_data(r.plan, v);
    for (int b = 0; b < B; b++)
        for (size_t i = 0; i < per - per / (size_t)T; i++)
            CHECK((double)late[(size_t)b * per + i] == y[(size_t)b * per + i],
                  "%s: the future changes the past", c->name);
    rig_close(&r);
}

static void check_output(const op_case *c, const dfn_graph *g, dfn_value v, int B, int T,
                         figures *f)
{
    const int all[] = {T};
    const dfn_mode mode = c->train ? DFN_TRAIN : DFN_INFER;
    rig r;
    rig_open(&r, c, g, DFN_F64, mode, B, T, true);
    double *oracle = rig_collect(&r, v, 0, T, all, 1);
    const size_t n = rig_value_size(&r, v);
    rig_close(&r);
    rig_open(&r, c, g, DFN_F32, mode, B, T, true);
    double *y = rig_collect(&r, v, 0, T, all, 1);
    rig_close(&r);

    const int terms = c->terms ? c->terms : 64;
    const double bound = terms * (double)FLT_EPSILON *
                         fmax(largest(oracle, n), (c->scale > 0 ? c->scale : 1) * 0.1);
    const double err = worst_error(y, oracle, n);
    CHECK(err <= bound, "%s, cpu %u: float differs from double by %.3g, bound %.3g",
          c->name, c->cpu, err, bound);
    f->precision = check_worse(f->precision, err / bound);

    rig_open(&r, c, g, DFN_F32, mode, B, T, false); /* buffers shared by lifetime */
    double *shared = rig_collect(&r, v, 0, T, all, 1);
    CHECK(worst_error(shared, y, n) == 0, "%s: sharing buffers changes the result",
          c->name);
    rig_close(&r);
    free(shared);

    if (!g->offline && !c->train) { /* batch statistics depend on the whole batch */
        f->split = check_worse(f->split, check_splits(c, g, v, B, T, y));
        check_streams(c, g, v, B, T, y);
        check_causality(c, g, v, B, T, y);
    }
    free(y);
    free(oracle);
}

static const unsigned cpu_levels[] = {
    0,
    DFN_CPU_AVX2,
    DFN_CPU_AVX2 | DFN_CPU_AVX512,
    DFN_CPU_AVX2 | DFN_CPU_AVX512 | DFN_CPU_VNNI | DFN_CPU_BF16,
    DFN_CPU_NEON,
    DFN_CPU_NEON | DFN_CPU_DOTPROD,
};

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
    for (size_t i = 0; i < sizeof cpu_levels / sizeof *cpu_levels; i++) {
        op_case at_level = *c;
        at_level.cpu = cpu_levels[i];
        if ((at_level.cpu & dfn_cpu_detect()) != at_level.cpu)
            continue;
        for (int p = 0; p < g->n_port; p++)
            if (!rig_is_input(g, g->port[p].value))
                check_output(&at_level, g, g->port[p].value, B, T, &f);
    }
    printf("%-36s gradient %.1e relative, float %.3f of its bound, splits %.1e\n", c->name,
           gradient, f.precision, f.split);
    dfn_graph_free(g);
}

int op_check_report(void) { return check_report(); }
