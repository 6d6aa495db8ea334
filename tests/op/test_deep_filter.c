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
    {"deep_filter 1 late, order 1",
     3,
     {1, {3, 1, 2}},
     {.size = 3, .order = 1, .frames = 1}},
    {"deep_filter 2 late", 5, {1, {3, 3, 2}}, {.size = 3, .order = 3, .frames = 2}},
    {"deep_filter groups 1 4, 1 late",
     4,
     {1, {2, 9, 1}},
     {.list = {1, 1, 2, 4}, .list_len = 4, .frames = 1}},
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
    /* a frame late: nothing, then 2 (1+2i) and -1 3 */
    static const double late[] = {0, 0, 0, 0, 2, 4, -3, 0};
    c.attr.frames = 1;
    op_values("deep_filter, late", build, &c, 2, in, NULL, late);
    c.attr.frames = 0;
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

typedef struct keep_case {
    filter_case filter;
    int taps;
} keep_case;

/* As build(), with an input that tells how much of each tap is kept. */
static void build_keep(dfn_graph *g, const void *context)
{
    const filter_case *c = &((const keep_case *)context)->filter;
    const int taps = ((const keep_case *)context)->taps;
    const dfn_attr relu = {.act = DFN_ACT_RELU};
    dfn_value in[] = {dfn_graph_input(g, "x", (dfn_shape){1, {1, c->F, 2}}),
                      dfn_graph_input(g, "c", c->coefs),
                      dfn_graph_input(g, "keep", (dfn_shape){1, {1, 1, taps}})};
    in[2] = dfn_graph_add(g, DFN_OP_ACTIVATION, NULL, &relu, 1, &in[2]); /* exactly 0 */
    dfn_graph_output(g, "y", dfn_graph_add(g, DFN_OP_DEEP_FILTER, NULL, &c->attr, 3, in));
}

static const keep_case keep_cases[] = {
    {{"deep_filter, taps left out", 5, {1, {3, 4, 2}}, {.size = 3, .order = 4}}, 4},
    {{"the same, taps outside", 3, {1, {4, 3, 2}}, {.size = 3, .order = 4, .variant = 1}},
     4},
    {{"the same, in groups",
      4,
      {1, {1, 11, 2}},
      {.list = {1, 4, 2, 3, 1, 1}, .list_len = 6}},
     4},
};
enum { KEEP_CASES = sizeof keep_cases / sizeof *keep_cases };

/* One bin, order 3. Coefficients of taps that are left out are not read; a tap between
 * kept ones is. Keep does not multiply. */
static void known_keep(void)
{
    static const double in[] = {1,    0,   2,   0,   3,     0, 4,   0, /* 4 frames */
                                NAN,  NAN, NAN, NAN, 1,     1, NAN, NAN,
                                10,   0,   1,   0, /* coefficients of 2 frames */
                                100,  0,   10,  0,   1,     0, NAN, NAN,
                                NAN,  NAN, NAN, NAN, /* and of 2 more */
                                0.25, 0,   0,   1,   1e-30, 0, 0,   0,
                                7,    0,   0,   0 /* keep, newest first */};
    static const double y[] = {1, 1, 12, 0, 123, 0, 0, 0};
    const keep_case c = {{"", 1, {1, {1, 3, 2}}, {.size = 1, .order = 3}}, 3};
    op_values("deep_filter, keep", build_keep, &c, 4, in, NULL, y);
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
    for (int i = 0; i < KEEP_CASES; i++)
        op_check(&(op_case){.name = keep_cases[i].filter.name,
                            .build = build_keep,
                            .context = &keep_cases[i],
                            .terms = 8});
    known();
    known_keep();
    zero_coefficients();

    refuse((dfn_attr){.size = 2, .order = 3, .frames = -1}, "future");
    refuse((dfn_attr){.size = 2, .order = 3, .frames = 1000}, "too late");
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
    const filter_case three = {"", 4, {1, {2, 3, 2}}, {.size = 2, .order = 3}};
    const filter_case three_two = {
        "", 4, {1, {1, 5, 2}}, {.list = {1, 3, 1, 2}, .list_len = 4}};
    op_refused(build_keep, &(keep_case){three, 4}, "per tap of the largest order");
    op_refused(build_keep, &(keep_case){three, 2}, "per tap of the largest order");
    op_refused(build_keep, &(keep_case){three_two, 2}, "per tap of the largest order");
    return op_check_report() | check_report();
}
