#include "op_check.h"
#include "op_values.h"

typedef struct layer {
    const char *name;
    int I, K, out;
    bool closing; /* about half of the gates are exactly 0 */
} layer;

static void build(dfn_graph *g, const void *context)
{
    const layer *l = context;
    const dfn_attr relu = {.act = DFN_ACT_RELU}, attr = {.out = l->out};
    dfn_value in[] = {dfn_graph_input(g, "x", (dfn_shape){1, {1, 1, l->I}}),
                      dfn_graph_input(g, "gate", (dfn_shape){1, {1, 1, l->K}})};
    if (l->closing)
        in[1] = dfn_graph_add(g, DFN_OP_ACTIVATION, NULL, &relu, 1, &in[1]);
    dfn_graph_output(g, "y", dfn_graph_add(g, DFN_OP_GATED_LINEAR, "fc", &attr, 2, in));
}

static const layer two = {"", 2, 3, 6, false};

/* Three blocks of two rows. What a closed gate guards is not even looked at: no number
 * spoils the others, and its own rows are exactly 0. */
static void known(void)
{
    const double in[] = {1, 2, /* frame 1: */ -1, 1, /* gates: */ 1, 0.5, 0, 0, -2, 0};
    double w[] = {1, 0, 0, 1, 2, 3, -4, 1, NAN, INFINITY, NAN, -INFINITY};
    const double y[] = {1, 2, 4, -1, 0, 0, 0, 0, -2, -10, 0, 0};
    op_values("gated_linear", build, &two, 2, in, w, y);
    for (int i = 0; i < 4; i++)
        w[i] = NAN;
    const double first[] = {1, 2, 0, 0.5, 0}, want[] = {0, 0, 4, -1, 0, 0};
    op_values("gated_linear, first gate closed", build, &two, 1, first, w, want);
    const double none[] = {1e300, NAN, 0, 0, 0}, zero[6] = {0};
    op_values("gated_linear, all gates closed", build, &two, 1, none, w, zero);
}

static void build_shapes(dfn_graph *g, const void *context)
{
    const dfn_shape *s = context;
    const dfn_value in[] = {dfn_graph_input(g, "x", s[0]),
                            dfn_graph_input(g, "gate", s[1])};
    const dfn_attr attr = {.out = s[2].t};
    dfn_graph_output(g, "y",
                     dfn_graph_add(g, DFN_OP_GATED_LINEAR, "fc", &attr, s[2].d[0], in));
}

static void refuse(dfn_shape x, dfn_shape gate, int out, int n_in, const char *text)
{
    op_refused(build_shapes, (dfn_shape[]){x, gate, {out, {n_in, 0, 0}}}, text);
}

int main(void)
{
    static const layer layers[] = {
        {"gated_linear 1 gate", 5, 1, 3, false},
        {"gated_linear 3 gates of 2 rows", 4, 3, 6, false},
        {"gated_linear 4 gates of 1 row", 17, 4, 4, false},
        {"gated_linear 5 gates, some closed", 18, 5, 15, true},
    };
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        op_check(&(op_case){
            .name = layers[i].name, .build = build, .context = &layers[i], .terms = 24});
    known();
    op_cost(build, &layers[1], 4 * 6);

    const dfn_shape x = {1, {1, 1, 4}}, gate = {1, {1, 1, 3}};
    refuse(x, gate, 6, 1, "and its gates");
    refuse(x, gate, 0, 2, "divide");
    refuse(x, gate, -3, 2, "divide");
    refuse(x, gate, 7, 2, "divide");
    refuse(x, (dfn_shape){2, {1, 1, 3}}, 6, 2, "number of frames");
    refuse(x, (dfn_shape){1, {1, 3, 1}}, 6, 2, "no vector");
    refuse((dfn_shape){1, {2, 1, 2}}, gate, 6, 2, "no vector");
    return op_check_report() | check_report();
}
