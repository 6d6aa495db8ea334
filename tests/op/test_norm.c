/* batch_norm, layer_norm and softmax. */
#include "op_check.h"
#include "op_values.h"

typedef struct norm {
    const char *name;
    dfn_op_kind op;
    dfn_shape in;
    dfn_attr attr;
} norm;

static void build(dfn_graph *g, const void *context)
{
    const norm *n = context;
    const dfn_value x = dfn_graph_input(g, "x", n->in);
    dfn_graph_output(g, "y", dfn_graph_add(g, n->op, "norm", &n->attr, 1, &x));
}

static void build_two(dfn_graph *g, const void *context)
{
    const norm *n = context;
    const dfn_value x = dfn_graph_input(g, "x", n->in);
    const dfn_value in[] = {x, x};
    dfn_graph_output(g, "y", dfn_graph_add(g, n->op, "norm", &n->attr, 2, in));
}

static const norm batch = {"batch_norm", DFN_OP_BATCH_NORM, {1, {1, 2, 3}}, {0}};
static const norm layer = {"layer_norm", DFN_OP_LAYER_NORM, {1, {1, 3, 7}}, {0}};
static const norm soft = {"softmax", DFN_OP_SOFTMAX, {1, {2, 3, 6}}, {0}};

static void check_consistency(void)
{
    static const norm wide = {"", DFN_OP_BATCH_NORM, {2, {1, 1, 19}}, {.alpha = 1e-3}};
    static const norm eps = {"", DFN_OP_LAYER_NORM, {1, {2, 1, 5}}, {.alpha = 0.5}};
    const op_case cases[] = {
        {.name = "batch_norm", .build = build, .context = &batch, .terms = 8},
        {.name = "batch_norm train", .build = build, .context = &batch, .train = true},
        {.name = "batch_norm 19 channels", .build = build, .context = &wide, .terms = 8},
        {.name = "batch_norm 19 train", .build = build, .context = &wide, .train = true},
        /* the mean is 30 deviations: x itself is known to 30 roundings of a deviation */
        {.name = "batch_norm train, offset",
         .build = build,
         .context = &batch,
         .train = true,
         .shift = 20},
        {.name = "layer_norm", .build = build, .context = &layer, .terms = 16},
        {.name = "layer_norm eps 0.5", .build = build, .context = &eps, .terms = 16},
        {.name = "layer_norm offset", .build = build, .context = &layer, .shift = 20},
        {.name = "softmax", .build = build, .context = &soft, .terms = 16},
        {.name = "softmax x 30", .build = build, .context = &soft, .scale = 30},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        op_check(&cases[i]);
}

static void check_values(void)
{
    static const norm b = {"", DFN_OP_BATCH_NORM, {1, {1, 1, 2}}, {.alpha = 1}};
    static const norm l = {"", DFN_OP_LAYER_NORM, {1, {1, 1, 4}}, {.alpha = 0.75}};
    static const norm s = {"", DFN_OP_SOFTMAX, {1, {1, 1, 3}}, {0}};
    static const double x[] = {5, 7, 1, -2};
    static const double w[] = {3, 10, /* bias */ 1, 2, /* mean */ 1, 1, /* var */ 3, 8};
    static const double y[] = {7, 22, 1, -8}; /* deviations of 2 and 3 with eps 1 */
    op_values("batch_norm", build, &b, 2, x, w, y);
    static const double row[] = {1, 4, 4, 7, 6, 6, 6, 6}; /* variances 4.5 and 0 */
    static const double wb[] = {1, 2, 3, 4, 0, 0, 10, 1};
    const double r = 1 / sqrt(5.25);
    const double rows[] = {-3 * r, 0, 10, 12 * r + 1, 0, 0, 10, 1};
    op_values("layer_norm", build, &l, 2, row, wb, rows);
    /* far outside the range of exp on both sides */
    const double z[] = {1000, 1000 + log(2), 1000 + log(5), -2000, -2000, -1e300};
    static const double p[] = {0.125, 0.25, 0.625, 0.5, 0.5, 0};
    op_values("softmax", build, &s, 2, z, NULL, p);
}

/* Running statistics after one batch, against the definition. */
static void check_update(void)
{
    enum { N = 2 * 3, C = 2 };
    static const norm n = {"", DFN_OP_BATCH_NORM, {1, {1, 1, C}}, {.beta = 0.25}};
    static const double x[N][C] = {{1, 5}, {2, 5}, {3, 5}, {4, 5}, {5, 5}, {9, 5}};
    static const double mean[C] = {1, -1}, var[C] = {2, 4};
    static const double new_mean[C] = {1 + 0.25 * 3, -1 + 0.25 * 6};
    static const double new_var[C] = {2 + 0.25 * (8 - 2), 4 - 0.25 * 4}; /* 40 / 5 = 8 */
    dfn_graph *g = dfn_graph_new();
    dfn_plan *p = NULL;
    dfn_weights w = {0};
    build(g, &n);
    for (dfn_mode mode = DFN_EVAL; mode <= DFN_TRAIN; mode++) {
        const dfn_plan_config config = {
            .batch = 2, .frames = 4, .mode = mode, .precision = DFN_F64};
        if (dfn_graph_finish(g, NULL) || dfn_plan_new(&p, g, &config, NULL) ||
            dfn_weights_new(&w, g, DFN_F64, NULL))
            abort();
        memcpy(w.data[2], mean, sizeof mean);
        memcpy(w.data[3], var, sizeof var);
        memcpy(dfn_plan_data(p, 0), x, sizeof x);
        dfn_run(p, (const void *const *)w.data, NULL, 3); /* fewer than the plan's frames */
        dfn_update_statistics(p, w.data);
        for (int c = 0; c < C; c++) {
            const double m = ((double *)w.data[2])[c], v = ((double *)w.data[3])[c];
            const bool train = mode == DFN_TRAIN;
            CHECK(fabs(m - (train ? new_mean : mean)[c]) <= 1e-12, "running mean %g", m);
            CHECK(fabs(v - (train ? new_var : var)[c]) <= 1e-12, "running variance %g", v);
        }
        dfn_plan_free(p);
        dfn_weights_free(&w);
    }
    CHECK(dfn_graph_parameters(g) == 2 * C, "statistics are not parameters");
    dfn_graph_free(g);
}

static void check_refusals(void)
{
    norm bad = batch;
    bad.attr.alpha = -1;
    op_refused(build, &bad, "epsilon");
    bad.attr = (dfn_attr){.beta = 1.5};
    op_refused(build, &bad, "momentum");
    bad = layer;
    bad.attr.alpha = (double)NAN;
    op_refused(build, &bad, "epsilon");
    op_refused(build_two, &batch, "one input");
    op_refused(build_two, &layer, "one input");
    op_refused(build_two, &soft, "one input");
}

int main(void)
{
    check_consistency();
    check_values();
    check_update();
    op_cost(build, &batch, 1 * 2 * 3);
    op_cost(build, &layer, 4 * 3 * 7);
    check_refusals();
    return op_check_report() | check_report();
}
