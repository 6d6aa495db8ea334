#include "op_check.h"
#include "op_values.h"

typedef struct scan_case {
    int M, N, wrong; /* wrong: input whose size does not fit, plus 1 */
} scan_case;

static void build(dfn_graph *g, const void *context)
{
    static const char *const names[] = {"u", "delta", "B", "C"};
    const scan_case *c = context;
    dfn_value in[4];
    for (int i = 0; i < 4; i++)
        in[i] = dfn_graph_input(
            g, names[i],
            (dfn_shape){1, {1, 1, (i < 2 ? c->M : c->N) + (i + 1 == c->wrong)}});
    in[1] = dfn_graph_add(g, DFN_OP_ACTIVATION, NULL, &(dfn_attr){.act = DFN_ACT_SOFTPLUS},
                          1, &in[1]);
    dfn_graph_output(g, "y", dfn_graph_add(g, DFN_OP_SELECTIVE_SCAN, "ssm", NULL, 4, in));
}

/* One value in two places: its gradient is the sum of both. */
static void build_shared(dfn_graph *g, const void *context)
{
    (void)context;
    const dfn_value u = dfn_graph_input(g, "u", (dfn_shape){1, {1, 1, 3}});
    const dfn_value b = dfn_graph_input(g, "b", (dfn_shape){1, {1, 1, 2}});
    const dfn_value up = dfn_graph_add(g, DFN_OP_ACTIVATION, NULL,
                                       &(dfn_attr){.act = DFN_ACT_SOFTPLUS}, 1, &u);
    const dfn_value in[] = {up, up, b, b};
    dfn_graph_output(g, "y", dfn_graph_add(g, DFN_OP_SELECTIVE_SCAN, "ssm", NULL, 4, in));
}

int main(void)
{
    op_check(&(op_case){
        .name = "scan 1x1", .build = build, .context = &(scan_case){1, 1, 0}, .terms = 20});
    op_check(&(op_case){
        .name = "scan 5x3", .build = build, .context = &(scan_case){5, 3, 0}, .terms = 30});
    op_check(&(op_case){.name = "scan 2x2, three chunks",
                        .build = build,
                        .context = &(scan_case){2, 2, 0},
                        .T = 133,
                        .B = 2,
                        .terms = 40});
    op_check(&(op_case){.name = "scan 3x4, long and short steps",
                        .build = build,
                        .context = &(scan_case){3, 4, 0},
                        .scale = 25,
                        .w_scale = 3,
                        .terms = 120});
    op_check(&(op_case){.name = "scan, shared inputs", .build = build_shared, .terms = 30});
    for (int wrong = 1; wrong <= 4; wrong++)
        op_refused(build, &(scan_case){3, 2, wrong}, "need equal sizes");
    op_refused(build, &(scan_case){1 << 20, 1 << 10, 0}, "state is too large");
    return op_check_report() || check_report();
}
