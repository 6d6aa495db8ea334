#include "op_check.h"
#include "op_values.h"

typedef struct gain_case {
    int F, E, gains, last; /* last: of the spectrum's shape */
    int width[6], start;
} gain_case;

static void build(dfn_graph *g, const void *context)
{
    const gain_case *c = context;
    const dfn_value in[] = {dfn_graph_input(g, "x", (dfn_shape){1, {1, c->F, c->last}}),
                            dfn_graph_input(g, "g", (dfn_shape){1, {1, 1, c->gains}})};
    dfn_attr attr = {.list_len = c->E, .start = c->start};
    memcpy(attr.list, c->width, sizeof c->width);
    dfn_graph_output(g, "y", dfn_graph_add(g, DFN_OP_ERB_GAIN, NULL, &attr, 2, in));
}

static void build_alone(dfn_graph *g, const void *context)
{
    const dfn_value x = dfn_graph_input(g, "x", (dfn_shape){1, {1, 4, 2}});
    dfn_graph_output(g, "y", dfn_graph_add(g, DFN_OP_ERB_GAIN, NULL, context, 1, &x));
}

static void refuse(gain_case c, const char *text) { op_refused(build, &c, text); }

int main(void)
{
    static const gain_case cases[] = {{1, 1, 1, 2, {1}, 0},
                                      {9, 3, 3, 2, {2, 3, 4}, 0},
                                      {21, 5, 5, 2, {1, 1, 2, 5, 12}, 0},
                                      {9, 3, 3, 2, {2, 3, 4}, 3},
                                      {9, 3, 3, 2, {2, 3, 4}, 5},
                                      {9, 3, 3, 2, {2, 3, 4}, 8}};
    static const char *const names[] = {"erb_gain 1",      "erb_gain 2 3 4",
                                        "erb_gain 21",     "erb_gain from 3",
                                        "erb_gain from 5", "erb_gain from 8"};
    for (int i = 0; i < 6; i++)
        op_check(
            &(op_case){.name = names[i], .build = build, .context = &cases[i], .terms = 1});

    static const gain_case known = {4, 2, 2, 2, {1, 3}, 0};
    static const double x[] = {1,
                               2,
                               3,
                               4,
                               5,
                               6,
                               7,
                               8,
                               -1,
                               0,
                               1,
                               0,
                               0,
                               1,
                               0,
                               2,
                               /* gains */ 2,
                               10,
                               0.5,
                               -3};
    static const double y[] = {2, 4, 30, 40, 50, 60, 70, 80, -0.5, 0, -3, 0, 0, -3, 0, -6};
    op_values("erb_gain", build, &known, 2, x, NULL, y);

    static const gain_case upper = {4, 2, 2, 2, {1, 3}, 2};
    static const double top[] = {50, 60, 70, 80, 0, -3, 0, -6};
    op_values("erb_gain from 2", build, &upper, 2, x, NULL, top);

    refuse((gain_case){4, 2, 2, 2, {1, 3}, 4}, "leaves out");
    refuse((gain_case){4, 2, 2, 2, {1, 3}, -1}, "leaves out");
    refuse((gain_case){4, 2, 2, 2, {1, 2}, 0}, "add up");
    refuse((gain_case){4, 2, 2, 2, {2, 3}, 0}, "add up");
    refuse((gain_case){4, 2, 2, 2, {INT32_MAX, INT32_MAX}, 0}, "add up");
    refuse((gain_case){4, 3, 3, 2, {2, 0, 2}, 0}, "empty");
    refuse((gain_case){4, 3, 3, 2, {3, 2, -1}, 0}, "empty");
    refuse((gain_case){4, 2, 3, 2, {2, 2}, 0}, "one gain per band");
    refuse((gain_case){4, 2, 2, 1, {2, 2}, 0}, "no spectrum");
    refuse((gain_case){4, 65, 65, 2, {2, 2}, 0}, "list of band widths");
    op_refused(build_alone, &(dfn_attr){.list = {4}, .list_len = 1}, "and gains");
    return op_check_report() | check_report();
}
