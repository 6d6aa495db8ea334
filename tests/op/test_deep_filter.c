#include "op_check.h"
#include "op_values.h"

typedef struct filter_case {
    const char *name;
    int F;
    dfn_shape coefs;
    dfn_attr attr;
} filter_case;

static void build(dfn_graph *g, const void *context)
{
    const filter_case *c = context;
    const dfn_value in[] = {dfn_graph_input(g, "x", (dfn_shape){1, {1, c->F, 2}}),
                            dfn_graph_input(g, "c", c->coefs)};
    dfn_graph_output(g, "y", dfn_graph_add(g, DFN_OP_DEEP_FILTER, NULL, &c->attr, 2, in));
}

static const filter_case cases[] = {
    {"deep_filter order 1", 3, {1, {3, 1, 2}}, {.size = 3, .order = 1}},
    {"deep_filter 4 of 6 bins, order 2", 6, {1, {4, 2, 2}}, {.size = 4, .order = 2}},
    {"deep_filter order 5", 5, {1, {3, 5, 2}}, {.size = 3, .order = 5}},
    {"deep_filter order above the run", 2, {1, {2, 12, 2}}, {.size = 2, .order = 12}},
    {"deep_filter taps outside", 5, {1, {5, 3, 2}}, {.size = 3, .order = 5, .variant = 1}},
    {"deep_filter groups 5 3 1",
     8,
     {1, {1, 1, 2 * (2 * 5 + 3 * 3 + 1 * 1)}},
     {.list = {2, 5, 3, 3, 1, 1}, .list_len = 6}},
    {"deep_filter groups 1 4", 4, {1, {2, 9, 1}}, {.list = {1, 1, 2, 4}, .list_len = 4}},
};
enum { CASES = sizeof cases / sizeof *cases };

/* Two bins of three, order 2; then two groups of one bin with orders 1 and 2. */
static void known(void)
{
    static const double x[] = {1, 2, 3, 0, 9, 9, /* next frame */ 0, 1, -1, 1, 9, 9};
    static const double flat[] = {1, 0, 0, 1, 2, 0, 1,  0, /* [bin][tap] */
                                  1, 0, 2, 0, 0, 1, -1, 0};
    /* frame 0: tap 1 only: i (1+2i) and 1 * 3; frame 1: (1+2i) + 2 i, and i 3 - (-1+i) */
    static const double y[] = {-2, 1, 3, 0, 1, 4, 1, 2};
    static const double outer[] = {1, 0, 2, 0, 0, 1, 1,  0, /* [tap][bin] */
                                   1, 0, 0, 1, 2, 0, -1, 0};
    static const double groups[] = {0, 1, 2, 0, 1, 0, 2, 0, 0, 1, -1, 0};
    /* bin 0 sees only the newest frame: i (1+2i), then 2 i */
    static const double y_groups[] = {-2, 1, 3, 0, 0, 2, 1, 2};
    double in[28];
    memcpy(in, x, sizeof x);
    memcpy(in + 12, flat, sizeof flat);
    filter_case c = {"", 3, {1, {2, 2, 2}}, {.size = 2, .order = 2}};
    op_values("deep_filter", build, &c, 2, in, NULL, y);
    memcpy(in + 12, outer, sizeof outer);
    c.attr.variant = 1;
    op_values("deep_filter, taps outside", build, &c, 2, in, NULL, y);
    memcpy(in + 12, groups, sizeof groups);
    c = (filter_case){"", 3, {1, {1, 3, 2}}, {.list = {1, 1, 1, 2}, .list_len = 4}};
    op_values("deep_filter, groups", build, &c, 2, in, NULL, y_groups);
}

/* Zero coefficients let exactly nothing through, whatever is in the history. */
static void zero_coefficients(void)
{
    double in[4 * 16 + 4 * 40] = {0}, y[4 * 12] = {0};
    check_fill(in, 4 * 16, 3);
    for (int i = 0; i < 4 * 16; i++)
        in[i] *= 1e30;
    op_values("deep_filter with zeros", build, &cases[5], 4, in, NULL, y);
}

static void refuse(dfn_attr attr, const char *text)
{
    op_refused(build, &(filter_case){"", 4, {1, {2, 3, 2}}, attr}, text);
}

static void build_other(dfn_graph *g, const void *context)
{
    const dfn_shape *s = context;
    const dfn_value in[] = {dfn_graph_input(g, "x", s[0]), dfn_graph_input(g, "c", s[1])};
    const dfn_attr attr = {.size = 2, .order = 3};
    dfn_graph_output(g, "y", dfn_graph_add(g, DFN_OP_DEEP_FILTER, NULL, &attr, 2, in));
}

int main(void)
{
    for (int i = 0; i < CASES; i++)
        op_check(&(op_case){
            .name = cases[i].name, .build = build, .context = &cases[i], .terms = 8});
    known();
    zero_coefficients();

    refuse((dfn_attr){.size = 0, .order = 3}, "out of range");
    refuse((dfn_attr){.size = 5, .order = 3}, "out of range");
    refuse((dfn_attr){.size = 2, .order = 0}, "out of range");
    refuse((dfn_attr){.size = 2, .order = 65}, "out of range");
    refuse((dfn_attr){.size = 2, .order = 2}, "do not match");
    refuse((dfn_attr){.size = 2, .order = 3, .variant = 2}, "layout");
    refuse((dfn_attr){.list = {2, 3}, .list_len = 2, .variant = 1}, "layout");
    refuse((dfn_attr){.list = {2, 3, 1}, .list_len = 3}, "pairs");
    refuse((dfn_attr){.list = {2, 3}, .list_len = -2}, "pairs");
    refuse((dfn_attr){.list = {2, 3}, .list_len = 66}, "pairs");
    refuse((dfn_attr){.list = {3, 1, 2, 1}, .list_len = 4}, "more bins");
    refuse((dfn_attr){.list = {2, 2, 1, 1}, .list_len = 4}, "do not match");
    op_refused(build_other, (dfn_shape[]){{1, {1, 4, 2}}, {2, {2, 3, 2}}}, "as long");
    op_refused(build_other, (dfn_shape[]){{1, {1, 4, 1}}, {1, {2, 3, 2}}}, "no spectrum");
    op_refused(build_other, (dfn_shape[]){{1, {2, 4, 2}}, {1, {2, 3, 2}}}, "no spectrum");
    return op_check_report() | check_report();
}
