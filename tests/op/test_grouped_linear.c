#include "op_check.h"
#include "op_values.h"

typedef struct layer {
    const char *name;
    dfn_shape in;
    int out, groups;
    bool bias;
} layer;

static void build(dfn_graph *g, const void *context)
{
    const layer *l = context;
    const dfn_value x = dfn_graph_input(g, "x", l->in);
    const dfn_attr attr = {.out = l->out, .groups = l->groups, .bias = l->bias};
    dfn_graph_output(g, "y", dfn_graph_add(g, DFN_OP_GROUPED_LINEAR, "fc", &attr, 1, &x));
}

int main(void)
{
    static const layer layers[] = {
        {"one group", {1, {1, 1, 5}}, 3, 0, true},
        {"2 groups of 3 to 2", {1, {2, 3, 6}}, 4, 2, false},
        {"3 groups of 4 to 8", {1, {1, 2, 12}}, 24, 3, true},
        {"2 groups of 5 to 16", {2, {1, 1, 10}}, 32, 2, true},
        {"2 groups of 1 to 27", {1, {1, 1, 2}}, 54, 2, false},
        {"4 groups of 2 to 1", {1, {1, 1, 8}}, 4, 4, false},
    };
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        op_check(&(op_case){
            .name = layers[i].name, .build = build, .context = &layers[i], .terms = 16});

    /* group 0 sees 1 2 and has the matrix (1 2; 3 4), group 1 sees 3 4 and (5 6; 7 8) */
    static const double x[] = {1, 2, 3, 4}, y[] = {7.5, 10.5, 42, 51};
    static const double w[] = {1, 2, 3, 4, 5, 6, 7, 8, 0.5, 0.5, -1, 1};
    const layer two = {"", {1, {1, 1, 4}}, 4, 2, true};
    op_values("grouped_linear", build, &two, 1, x, w, y);

    op_cost(build, &two, 2 * 2 * 2);
    op_cost(build, &(layer){"", {2, {3, 1, 12}}, 8, 4, false}, 2 * 3 * 4 * 3 * 2);

    op_refused(build, &(layer){"", {1, {1, 1, 4}}, 0, 2, false}, "number of outputs");
    op_refused(build, &(layer){"", {1, {1, 1, 5}}, 4, 2, false}, "must divide");
    op_refused(build, &(layer){"", {1, {1, 1, 4}}, 5, 2, false}, "must divide");
    op_refused(build, &(layer){"", {1, {1, 1, 4}}, 4, -2, false}, "must divide");
    op_refused(build, &(layer){"", {1, {1, 1, 65536}}, 65536, 1, false}, "shape");
    return op_check_report() | check_report();
}
