#include "op_check.h"
#include "op_values.h"
#include "rig.h"

static void build(dfn_graph *g, const void *context)
{
    const dfn_attr *a = context; /* start: numbers of the input, if not one per order */
    const int M = a->start ? a->start : a->size - a->order + 1;
    const dfn_value x = dfn_graph_input(g, "x", (dfn_shape){1, {1, 1, M}});
    dfn_graph_output(g, "y", dfn_graph_add(g, DFN_OP_ORDER_GATE, NULL, a, 1, &x));
}

static void known_soft(void)
{
    /* a quarter, a half, a quarter */
    const double x[] = {7, 7 + log(2), 7}, y[] = {1, 0.75, 0.25},
                 late[] = {1, 1, 0.75, 0.25};
    op_values("order_gate, orders 1 to 3", build,
              &(dfn_attr){.order = 1, .size = 3, .variant = 1}, 1, x, NULL, y);
    op_values("order_gate, orders 2 to 4", build,
              &(dfn_attr){.order = 2, .size = 4, .variant = 1}, 1, x, NULL, late);
    op_values("order_gate, one order", build, &(dfn_attr){.order = 2, .size = 2}, 1, x,
              NULL, (double[]){1, 1});
}

/* One tap that may be dropped, kept with these probabilities. */
static void known_hysteresis(void)
{
    static const double p[] = {0.49, 0.54, 0.56, 0.46, 0.51, 0.44, 0.46, 0.54, 0.56};
    static const int kept[] = {0, 0, 1, 1, 1, 0, 0, 0, 1};
    enum { T = sizeof p / sizeof *p };
    double x[2 * T] = {0}, y[2 * T];
    for (int t = 0; t < T; t++) {
        x[2 * t + 1] = log(p[t] / (1 - p[t]));
        y[2 * t] = 1;
        y[2 * t + 1] = kept[t];
    }
    const dfn_attr a = {.order = 1, .size = 2};
    op_values("order_gate, hysteresis", build, &a, T, x, NULL, y);
    /* without a frame before, the limit is a half, and a half is enough */
    op_values("order_gate, first frame", build, &a, 1, (double[]){3, 3}, NULL,
              (double[]){1, 1});
}

/* Orders 1 to 4; several taps come and go at once, and each has the limit of its own. */
static void known_orders(void)
{
    const double x[] = {
        log(0.02), log(0.02), log(0.02), log(0.94), /* 4 */
        log(0.52), log(0.01), log(0.01), log(0.46), /* 0.48 0.47 0.46: still 4 */
        log(0.94), log(0.02), log(0.02), log(0.02), /* 1 */
        log(0.4),  log(0.06), log(0.27), log(0.27), /* 0.6 0.54 0.27: 2 */
        log(0.54), log(0.02), log(0.22), log(0.22), /* 0.46 0.44: 2 */
        0,         0,         0,         300 /* 4 */};
    const double y[] = {1, 1, 1, 1, /* */ 1, 1, 1, 1, /* */ 1, 0, 0, 0,
                        1, 1, 0, 0, /* */ 1, 1, 0, 0, /* */ 1, 1, 1, 1};
    op_values("order_gate, orders 1 to 4", build, &(dfn_attr){.order = 1, .size = 4}, 6, x,
              NULL, y);
}

static dfn_graph *finished(const dfn_attr *a)
{
    dfn_graph *g = dfn_graph_new();
    build(g, a);
    if (dfn_graph_finish(g, NULL))
        abort();
    return g;
}

static double *collect(const op_case *c, const dfn_graph *g, dfn_mode mode)
{
    const int whole[] = {20};
    rig r;
    rig_open(&r, c, g, DFN_F64, mode, 2, 20, true);
    double *y = rig_collect(&r, dfn_graph_find(g, "y"), 0, 20, whole, 1);
    rig_close(&r);
    return y;
}

/* Training sees the soft form; looking at a model (DFN_EVAL) gives what its use gives. */
static void modes(void)
{
    const dfn_attr attr[2] = {{.order = 1, .size = 4},
                              {.order = 1, .size = 4, .variant = 1}};
    dfn_graph *hard = finished(&attr[0]), *soft = finished(&attr[1]);
    const op_case c = {.name = "modes", .build = build, .scale = 4};
    double *train = collect(&c, hard, DFN_TRAIN), *eval = collect(&c, hard, DFN_EVAL),
           *infer = collect(&c, hard, DFN_INFER), *want = collect(&c, soft, DFN_INFER);
    int kept = 0, left = 0;
    for (int i = 0; i < 2 * 20 * 4; i++) {
        CHECK(train[i] == want[i], "training is not soft: %g, want %g", train[i], want[i]);
        CHECK(eval[i] == infer[i], "DFN_EVAL gives %g, DFN_INFER %g", eval[i], infer[i]);
        CHECK(eval[i] == 0 || eval[i] == 1, "neither kept nor left out: %g", eval[i]);
        kept += i % 4 && eval[i] == 1;
        left += eval[i] == 0;
    }
    CHECK(kept >= 10 && left >= 10, "the order hardly moves: %d kept, %d not", kept, left);
    free(train);
    free(eval);
    free(infer);
    free(want);
    dfn_graph_free(hard);
    dfn_graph_free(soft);
}

int main(void)
{
    static const dfn_attr all = {.order = 1, .size = 5}, few = {.order = 3, .size = 5},
                          one = {.order = 4, .size = 4},
                          soft = {.order = 2, .size = 6, .variant = 1};
    op_check(&(op_case){.name = "soft, training",
                        .build = build,
                        .context = &all,
                        .train = true,
                        .terms = 16});
    op_check(&(op_case){.name = "soft from 3",
                        .build = build,
                        .context = &few,
                        .train = true,
                        .terms = 16});
    op_check(
        &(op_case){.name = "soft in use", .build = build, .context = &soft, .terms = 16});
    /* decisions have no gradient: these show that backward says so, too */
    op_check(&(op_case){
        .name = "hard, 1 to 5", .build = build, .context = &all, .T = 20, .scale = 4});
    op_check(&(op_case){
        .name = "hard, 3 to 5", .build = build, .context = &few, .T = 20, .scale = 4});
    op_check(&(op_case){.name = "hard, 4 only", .build = build, .context = &one});
    known_soft();
    known_hysteresis();
    known_orders();
    modes();

    op_refused(build, &(dfn_attr){.order = 0, .size = 3}, "orders");
    op_refused(build, &(dfn_attr){.order = 3, .size = 2, .start = 1}, "orders");
    op_refused(build, &(dfn_attr){.order = 60, .size = 65}, "orders");
    op_refused(build, &(dfn_attr){.order = 1, .size = 3, .start = 2},
               "one number per order");
    op_refused(build, &(dfn_attr){.order = 1, .size = 3, .start = 4},
               "one number per order");
    op_refused(build, &(dfn_attr){.order = 1, .size = 3, .variant = 2}, "variant");
    return op_check_report() | check_report();
}
