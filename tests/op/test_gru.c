#include "op_check.h"
#include "op_values.h"

typedef struct gru_case {
    int I, H, layer, d1;
} gru_case;

static void build(dfn_graph *g, const void *context)
{
    const gru_case *c = context;
    const dfn_value x =
        dfn_graph_input(g, "x", (dfn_shape){1, {1, c->d1 ? c->d1 : 1, c->I}});
    const dfn_attr attr = {.out = c->H, .variant = c->layer};
    dfn_graph_output(g, "y", dfn_graph_add(g, DFN_OP_GRU, "gru", &attr, 1, &x));
}

/* Two layers under one name, as in a PyTorch module. */
static void build_stack(dfn_graph *g, const void *context)
{
    (void)context;
    dfn_value x = dfn_graph_input(g, "x", (dfn_shape){1, {1, 1, 3}});
    for (int layer = 0; layer < 2; layer++)
        x = dfn_graph_add(g, DFN_OP_GRU, "gru",
                          &(dfn_attr){.out = 4 + layer, .variant = layer}, 1, &x);
    dfn_graph_output(g, "y", x);
}

/* A plan whose buffers would need more numbers than an int can count. */
static void check_too_large(void)
{
    dfn_error err = {0};
    dfn_graph *g = dfn_graph_new();
    dfn_plan *plan;
    build(g, &(gru_case){.I = 1, .H = 1000});
    const dfn_plan_config config = {.batch = 1000, .frames = 1000};
    CHECK(!dfn_graph_finish(g, &err), "%s", err.text);
    CHECK(dfn_plan_new(&plan, g, &config, &err) == DFN_ERR_ARG &&
              strstr(err.text, "too many frames"),
          "'%s'", err.text);
    CHECK(dfn_graph_macs(g) == 3 * 1000 * 1001, "multiply-adds of one frame");
    dfn_graph_free(g);
}

int main(void)
{
    op_check(&(op_case){.name = "gru 1 to 1",
                        .build = build,
                        .context = &(gru_case){.I = 1, .H = 1},
                        .terms = 20});
    op_check(&(op_case){.name = "gru 5 to 3",
                        .build = build,
                        .context = &(gru_case){.I = 5, .H = 3, .layer = 7},
                        .terms = 30});
    op_check(&(op_case){.name = "gru 17 to 19, saturated gates",
                        .build = build,
                        .context = &(gru_case){.I = 17, .H = 19},
                        .scale = 20,
                        .B = 1,
                        .T = 4,
                        .terms = 100});
    op_check(
        &(op_case){.name = "gru, two layers", .build = build_stack, .B = 3, .terms = 30});
    op_refused(build, &(gru_case){.I = 2}, "needs a number of hidden units");
    op_refused(build, &(gru_case){.I = 2, .H = 2, .d1 = 2}, "one vector per frame");
    op_refused(build, &(gru_case){.I = 2, .H = 2, .layer = 8}, "layer number");
    op_refused(build, &(gru_case){.I = 2, .H = 2, .layer = -1}, "layer number");
    op_refused(build, &(gru_case){.I = 1, .H = 1 << 20}, "impossible shape");
    check_too_large();
    return op_check_report() || check_report();
}
