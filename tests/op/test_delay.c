#include "op_check.h"
#include "op_values.h"

typedef struct line {
    int frames;
    dfn_shape in;
} line;

static void build(dfn_graph *g, const void *context)
{
    const line *l = context;
    const dfn_value x = dfn_graph_input(g, "x", l->in);
    const dfn_attr attr = {.frames = l->frames};
    dfn_graph_output(g, "y", dfn_graph_add(g, DFN_OP_DELAY, NULL, &attr, 1, &x));
}

static void build_two(dfn_graph *g, const void *context)
{
    const dfn_value in[] = {dfn_graph_input(g, "a", (dfn_shape){1, {1, 1, 1}}),
                            dfn_graph_input(g, "b", (dfn_shape){1, {1, 1, 1}})};
    dfn_graph_output(g, "y", dfn_graph_add(g, DFN_OP_DELAY, NULL, context, 2, in));
}

int main(void)
{
    static const line lines[] = {{0, {1, {1, 2, 3}}}, {1, {1, {1, 2, 3}}},
                                 {3, {1, {2, 1, 1}}}, {2, {2, {1, 1, 3}}},
                                 {5, {1, {1, 1, 2}}}, {12, {1, {1, 1, 2}}}};
    static const char *const names[] = {"delay 0",      "delay 1", "delay 3",
                                        "delay 2 of 2", "delay 5", "delay past the run"};
    for (int i = 0; i < 6; i++)
        op_check(
            &(op_case){.name = names[i], .build = build, .context = &lines[i], .terms = 1});

    static const double x[] = {1, 2, 3, 4, 5, 6, 7, 8}, y[] = {0, 0, 0, 0, 1, 2, 3, 4};
    static const dfn_attr attr;
    op_values("delay", build, &(line){2, {1, {1, 1, 2}}}, 4, x, NULL, y);
    op_refused(build, &(line){-1, {1, {1, 1, 2}}}, "look ahead");
    op_refused(build, &(line){INT32_MAX, {1, {1, 1, 2}}}, "too long");
    op_refused(build, &(line){INT32_MAX, {1, {1, 1, 1}}}, "too long");
    op_refused(build_two, &attr, "one input");
    return op_check_report() | check_report();
}
