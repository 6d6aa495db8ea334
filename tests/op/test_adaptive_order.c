/* A filter whose order is chosen anew in every frame, put together from its ops, is in
 * every frame the plain filter of that order - and what it leaves out is never looked at.
 */
#include "check.h"
#include "op_check.h"
#include "rig.h"

#include <stdlib.h>
#include <string.h>

enum { F = 5, BINS = 3, I = 6, ORDERS = 5, T = 24, ROWS = BINS * 2 };

static dfn_value add(dfn_graph *g, dfn_op_kind op, const char *name, dfn_attr attr,
                     int n_in, const dfn_value *in)
{
    return dfn_graph_add(g, op, name, &attr, n_in, in);
}

/* Blocks of rows by age, the newest first -> taps with the oldest first. */
static dfn_value turn(dfn_graph *g, dfn_value x, int order)
{
    dfn_value part[ORDERS];
    for (int k = 0; k < order; k++) {
        const dfn_attr attr = {.axis = 2, .start = (order - 1 - k) * ROWS, .length = ROWS};
        part[k] = add(g, DFN_OP_SLICE, NULL, attr, 1, &x);
    }
    return order == 1 ? part[0]
                      : add(g, DFN_OP_CONCAT, NULL, (dfn_attr){.axis = 2}, order, part);
}

/* context: NULL for the adaptive filter, else its fixed order */
static void build(dfn_graph *g, const void *context)
{
    const int order = context ? *(const int *)context : ORDERS;
    const dfn_value spec = dfn_graph_input(g, "spec", (dfn_shape){1, {1, F, 2}});
    const dfn_value h = dfn_graph_input(g, "h", (dfn_shape){1, {1, 1, I}});
    const dfn_attr head = {.out = order * ROWS}, range = {.order = 1, .size = ORDERS};
    dfn_value keep = -1, x;
    if (context) {
        x = add(g, DFN_OP_LINEAR, "head", head, 1, &h);
    } else {
        keep = dfn_graph_input(g, "logits", (dfn_shape){1, {1, 1, ORDERS}});
        keep = add(g, DFN_OP_ORDER_GATE, NULL, range, 1, &keep);
        x = add(g, DFN_OP_GATED_LINEAR, "head", head, 2, (dfn_value[]){h, keep});
    }
    x = add(g, DFN_OP_ACTIVATION, NULL, (dfn_attr){.act = DFN_ACT_TANH}, 1, &x);
    x = turn(g, x, order);
    dfn_graph_output(g, "coefs", x);
    const dfn_attr filter = {.size = BINS, .order = order, .variant = 1};
    const dfn_value in[] = {spec, x, keep};
    dfn_graph_output(g, "y", add(g, DFN_OP_DEEP_FILTER, NULL, filter, context ? 2 : 3, in));
}

typedef struct scene {
    double spec[T * F * 2], h[T * I], logits[T * ORDERS], w[ORDERS * ROWS * I];
    int order[T];
} scene;

/* A predictor that is sure: e^-300 is nothing beside 1. */
static void choose(scene *s, int most)
{
    memset(s->logits, 0, sizeof s->logits);
    for (int t = 0; t < T; t++) {
        s->order[t] = 1 + t * 3 % 7 % most;
        s->logits[t * ORDERS + s->order[t] - 1] = 300;
    }
}

static void set(const rig *r, const char *input, const double *x, size_t n)
{
    const dfn_value v = dfn_graph_find(r->g, input);
    if (v >= 0)
        memcpy(dfn_plan_data(r->plan, v), x, n * sizeof *x);
}

/* y[T][BINS][2] of the filter of a fixed order, or with 0 of the adaptive one. */
static void run(double *y, const scene *s, int order, dfn_mode mode)
{
    const op_case c = {.name = "adaptive order", .build = build};
    dfn_graph *g = dfn_graph_new();
    rig r;
    build(g, order ? &order : NULL);
    if (dfn_graph_finish(g, NULL))
        abort();
    rig_open(&r, &c, g, DFN_F64, mode, 1, T, true);
    memcpy(r.w.data[0], s->w, dfn_graph_weight(g, 0)->count * sizeof *s->w);
    set(&r, "spec", s->spec, T * F * 2);
    set(&r, "h", s->h, T * I);
    set(&r, "logits", s->logits, T * ORDERS);
    rig_run(&r, T);
    const double *coefs = dfn_plan_data(r.plan, dfn_graph_find(g, "coefs"));
    for (int i = 0; i < T * ORDERS * ROWS && !order; i++)
        CHECK(isfinite(coefs[i]), "a row that is left out was computed");
    memcpy(y, dfn_plan_data(r.plan, dfn_graph_find(g, "y")), T * ROWS * sizeof *y);
    rig_close(&r);
    dfn_graph_free(g);
}

/* Every frame from `first` on against the filter of that frame's order, which is between
 * 1 and `most`: the same sums in the same order, so bit for bit. */
static void compare(const char *what, const scene *s, dfn_mode mode, int first, int most)
{
    double y[T * ROWS], want[T * ROWS];
    run(y, s, 0, mode);
    for (int order = 1; order <= most; order++) {
        int frames = 0;
        run(want, s, order, DFN_INFER);
        for (int t = first; t < T; t++) {
            frames += s->order[t] == order;
            for (int i = t * ROWS; i < (t + 1) * ROWS && s->order[t] == order; i++)
                CHECK(y[i] == want[i], "%s, frame %d, order %d: %.15g, want %.15g", what, t,
                      order, y[i], want[i]);
        }
        CHECK(frames >= 3, "%s: order %d is hardly tried", what, order);
    }
}

int main(void)
{
    scene s;
    check_fill(s.spec, T * F * 2, 1);
    check_fill(s.h, T * I, 2);
    check_fill(s.w, ORDERS * ROWS * I, 3);
    choose(&s, ORDERS);
    compare("in use", &s, DFN_INFER, 0, ORDERS);
    compare("looked at", &s, DFN_EVAL, 0, ORDERS);
    compare("in training", &s, DFN_TRAIN, 0, ORDERS);

    /* rows that no frame needs, and a frame older than any frame's filter reaches */
    choose(&s, 3);
    for (int i = 3 * ROWS * I; i < ORDERS * ROWS * I; i++)
        s.w[i] = NAN;
    for (int i = 0; i < F * 2; i++)
        s.spec[i] = NAN;
    compare("left out", &s, DFN_INFER, 3, 3);
    compare("left out, looked at", &s, DFN_EVAL, 3, 3);

    op_check(&(op_case){.name = "adaptive filter in training",
                        .build = build,
                        .train = true,
                        .scale = 2,
                        .terms = 64});
    op_check(&(op_case){.name = "adaptive filter in use",
                        .build = build,
                        .T = 12,
                        .scale = 3,
                        .terms = 64});
    return op_check_report();
}
