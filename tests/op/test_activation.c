#include "op_check.h"

static void build(dfn_graph *g, const void *context)
{
    const dfn_value x = dfn_graph_input(g, "x", (dfn_shape){1, {1, 3, 7}});
    const dfn_attr attr = {.act = *(const dfn_activation *)context, .alpha = 0.1};
    dfn_graph_output(g, "y", dfn_graph_add(g, DFN_OP_ACTIVATION, NULL, &attr, 1, &x));
}

int main(void)
{
    static const char *const names[DFN_ACT_COUNT] = {
        "", "relu", "leaky_relu", "gelu", "silu", "sigmoid", "tanh", "softplus"};
    for (dfn_activation act = DFN_ACT_RELU; act < DFN_ACT_COUNT; act++) {
        op_check(&(op_case){
            .name = names[act], .build = build, .context = &act, .scale = 3, .terms = 8});
        op_check(&(op_case){.name = names[act],
                            .build = build,
                            .context = &act,
                            .scale = 60,
                            .terms = 8}); /* both ends: saturated, and softplus past 20 */
    }
    return op_check_report();
}
