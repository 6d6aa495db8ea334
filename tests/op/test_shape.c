/* reshape, concat, slice and permute. */
#include "op_check.h"
#include "op_values.h"

typedef struct layout {
    const char *name;
    dfn_op_kind op;
    dfn_attr attr;
    int n_in;
    dfn_shape in[3];
    const char *refusal;
} layout;

static void build(dfn_graph *g, const void *context)
{
    static const char *const names[] = {"a", "b", "c"};
    const layout *l = context;
    dfn_value in[3];
    for (int i = 0; i < l->n_in; i++)
        in[i] = dfn_graph_input(g, names[i], l->in[i]);
    dfn_graph_output(g, "y", dfn_graph_add(g, l->op, NULL, &l->attr, l->n_in, in));
}

/* A view of a view of a product, also read as it was: the memory is shared, so is the
 * gradient. */
static void build_views(dfn_graph *g, const void *context)
{
    (void)context;
    const dfn_value x = dfn_graph_input(g, "x", (dfn_shape){1, {1, 2, 6}});
    const dfn_value p = dfn_graph_add(g, DFN_OP_MUL, NULL, NULL, 2, (dfn_value[]){x, x});
    const dfn_attr once = {.dims = {3, 4, 1}}, twice = {.dims = {1, 2, 6}};
    const dfn_value a = dfn_graph_add(g, DFN_OP_RESHAPE, NULL, &once, 1, &p);
    const dfn_value b = dfn_graph_add(g, DFN_OP_RESHAPE, NULL, &twice, 1, &a);
    dfn_graph_output(g, "y",
                     dfn_graph_add(g, DFN_OP_ADD, NULL, NULL, 2, (dfn_value[]){b, p}));
    dfn_graph_output(g, "view", a);
}

/* The same value twice in one concat, and overlapping slices of one value. */
static void build_shared(dfn_graph *g, const void *context)
{
    (void)context;
    const dfn_value x = dfn_graph_input(g, "x", (dfn_shape){1, {1, 2, 6}});
    const dfn_attr low = {.axis = 2, .start = 0, .length = 4};
    const dfn_attr high = {.axis = 2, .start = 2, .length = 4}, join = {.axis = 2};
    const dfn_value a = dfn_graph_add(g, DFN_OP_SLICE, NULL, &low, 1, &x);
    const dfn_value b = dfn_graph_add(g, DFN_OP_SLICE, NULL, &high, 1, &x);
    dfn_graph_output(
        g, "y", dfn_graph_add(g, DFN_OP_CONCAT, NULL, &join, 4, (dfn_value[]){a, x, b, x}));
}

static const layout good[] = {
    {"reshape", DFN_OP_RESHAPE, {.dims = {4, 1, 3}}, 1, {{1, {1, 2, 6}}}, NULL},
    {"concat 0", DFN_OP_CONCAT, {.axis = 0}, 2, {{1, {1, 2, 3}}, {1, {2, 2, 3}}}, NULL},
    {"concat 1",
     DFN_OP_CONCAT,
     {.axis = 1},
     3,
     {{1, {2, 2, 3}}, {1, {2, 1, 3}}, {1, {2, 4, 3}}},
     NULL},
    {"concat 2",
     DFN_OP_CONCAT,
     {.axis = 2},
     3,
     {{2, {2, 2, 3}}, {2, {2, 2, 1}}, {2, {2, 2, 2}}},
     NULL},
    {"slice 0",
     DFN_OP_SLICE,
     {.axis = 0, .start = 1, .length = 2},
     1,
     {{1, {3, 2, 2}}},
     NULL},
    {"slice 1",
     DFN_OP_SLICE,
     {.axis = 1, .start = 0, .length = 2},
     1,
     {{2, {3, 3, 2}}},
     NULL},
    {"slice 2",
     DFN_OP_SLICE,
     {.axis = 2, .start = 3, .length = 1},
     1,
     {{1, {2, 3, 5}}},
     NULL},
    {"permute 021", DFN_OP_PERMUTE, {.perm = {0, 2, 1}}, 1, {{1, {2, 3, 4}}}, NULL},
    {"permute 102", DFN_OP_PERMUTE, {.perm = {1, 0, 2}}, 1, {{1, {2, 3, 4}}}, NULL},
    {"permute 120", DFN_OP_PERMUTE, {.perm = {1, 2, 0}}, 1, {{2, {2, 3, 4}}}, NULL},
    {"permute 201", DFN_OP_PERMUTE, {.perm = {2, 0, 1}}, 1, {{1, {2, 3, 4}}}, NULL},
};

static const layout bad[] = {
    {"", DFN_OP_RESHAPE, {.dims = {4, 1, 4}}, 1, {{1, {1, 2, 6}}}, "do not hold"},
    {"", DFN_OP_RESHAPE, {.dims = {4, 1, 1}}, 1, {{1, {1, 2, 6}}}, "do not hold"},
    {"", DFN_OP_RESHAPE, {.dims = {12, 1, 0}}, 1, {{1, {1, 2, 6}}}, "do not hold"},
    {"", DFN_OP_RESHAPE, {.dims = {-4, -1, 3}}, 1, {{1, {1, 2, 6}}}, "do not hold"},
    {"",
     DFN_OP_RESHAPE,
     {.dims = {1, 2, 6}},
     2,
     {{1, {1, 2, 6}}, {1, {1, 2, 6}}},
     "one input"},
    {"", DFN_OP_CONCAT, {.axis = 2}, 1, {{1, {1, 2, 6}}}, "two to eight"},
    {"", DFN_OP_CONCAT, {.axis = 3}, 2, {{1, {1, 2, 3}}, {1, {1, 2, 3}}}, "axis must be"},
    {"", DFN_OP_CONCAT, {.axis = -1}, 2, {{1, {1, 2, 3}}, {1, {1, 2, 3}}}, "axis must be"},
    {"", DFN_OP_CONCAT, {.axis = 2}, 2, {{1, {1, 2, 3}}, {1, {1, 3, 3}}}, "another axis"},
    {"", DFN_OP_CONCAT, {.axis = 2}, 2, {{1, {1, 2, 3}}, {2, {1, 2, 3}}}, "frames"},
    {"",
     DFN_OP_CONCAT,
     {.axis = 2},
     2,
     {{1, {1, 1, INT32_MAX}}, {1, {1, 1, 1}}},
     "too large"},
    {"", DFN_OP_SLICE, {.axis = 3, .length = 1}, 1, {{1, {1, 2, 6}}}, "axis must be"},
    {"",
     DFN_OP_SLICE,
     {.axis = 2, .start = -1, .length = 1},
     1,
     {{1, {1, 2, 6}}},
     "outside"},
    {"",
     DFN_OP_SLICE,
     {.axis = 2, .start = 3, .length = 4},
     1,
     {{1, {1, 2, 6}}},
     "outside"},
    {"", DFN_OP_SLICE, {.axis = 2, .length = 0}, 1, {{1, {1, 2, 6}}}, "outside"},
    {"",
     DFN_OP_SLICE,
     {.axis = 2, .start = INT32_MAX, .length = INT32_MAX},
     1,
     {{1, {1, 2, 6}}},
     "outside"},
    {"", DFN_OP_PERMUTE, {.perm = {0, 1, 1}}, 1, {{1, {1, 2, 6}}}, "once each"},
    {"", DFN_OP_PERMUTE, {.perm = {0, 1, 3}}, 1, {{1, {1, 2, 6}}}, "once each"},
    {"", DFN_OP_PERMUTE, {.perm = {0, 1, -2}}, 1, {{1, {1, 2, 6}}}, "once each"},
};

static void check_values(void)
{
    const layout permute = {"", DFN_OP_PERMUTE,   {.perm = {2, 0, 1}},
                            1,  {{1, {1, 2, 3}}}, NULL};
    const layout concat = {
        "", DFN_OP_CONCAT, {.axis = 1}, 2, {{1, {2, 1, 2}}, {1, {2, 2, 2}}}, NULL};
    const layout slice = {"", DFN_OP_SLICE,     {.axis = 1, .start = 1, .length = 1},
                          1,  {{1, {2, 2, 2}}}, NULL};
    const layout reshape = {"", DFN_OP_RESHAPE,   {.dims = {1, 3, 2}},
                            1,  {{1, {1, 2, 3}}}, NULL};
    static const double x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    static const double permuted[] = {1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12};
    static const double joined[] = {1, 2, 5, 6, 7, 8, 3, 4, 9, 10, 11, 12};
    static const double cut[] = {3, 4, 7, 8};
    op_values("permute", build, &permute, 2, x, NULL, permuted);
    op_values("concat", build, &concat, 1, x, NULL, joined);
    op_values("slice", build, &slice, 1, x, NULL, cut);
    op_values("reshape", build, &reshape, 2, x, NULL, x);
}

int main(void)
{
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        op_check(&(op_case){
            .name = good[i].name, .build = build, .context = &good[i], .terms = 1});
    op_check(&(op_case){.name = "views of views", .build = build_views, .terms = 4});
    op_check(&(op_case){.name = "shared inputs", .build = build_shared, .terms = 1});
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        op_refused(build, &bad[i], bad[i].refusal);
    check_values();
    return op_check_report() | check_report();
}
