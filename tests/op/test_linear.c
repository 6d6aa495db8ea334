#include "op_check.h"

static void build(dfn_graph *g, const void *context)
{
    const int *size = context; /* d0, d1, I, O */
    const dfn_value x =
        dfn_graph_input(g, "x", (dfn_shape){1, {size[0], size[1], size[2]}});
    const dfn_attr attr = {.out = size[3], .bias = size[3] % 2};
    dfn_graph_output(g, "y", dfn_graph_add(g, DFN_OP_LINEAR, "fc", &attr, 1, &x));
}

int main(void)
{
    static const int sizes[][4] = {
        {1, 1, 1, 1}, {1, 1, 17, 3}, {2, 3, 5, 4}, {1, 2, 33, 7}};
    static const char *const names[] = {"linear 1x1", "linear 17x3",
                                        "linear 2x3 rows of 5x4", "linear 33x7"};
    for (int i = 0; i < 4; i++)
        op_check(
            &(op_case){.name = names[i], .build = build, .context = sizes[i], .terms = 40});
    return op_check_report();
}
