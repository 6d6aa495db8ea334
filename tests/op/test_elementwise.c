/* add, mul and affine. */
#include "op_check.h"
#include "op_values.h"

typedef struct pair {
    dfn_op_kind op;
    const char *name;
    dfn_shape a, b;
} pair;

static void build(dfn_graph *g, const void *context)
{
    const pair *p = context;
    const dfn_value in[] = {dfn_graph_input(g, "a", p->a), dfn_graph_input(g, "b", p->b)};
    dfn_graph_output(g, "y", dfn_graph_add(g, p->op, NULL, NULL, 2, in));
}

static void build_twice(dfn_graph *g, const void *context)
{
    const dfn_value x = dfn_graph_input(g, "x", (dfn_shape){1, {1, 2, 3}});
    const dfn_value in[] = {x, x};
    dfn_graph_output(g, "y",
                     dfn_graph_add(g, *(const dfn_op_kind *)context, NULL, NULL, 2, in));
}

static void build_three(dfn_graph *g, const void *context)
{
    const dfn_value x = dfn_graph_input(g, "x", (dfn_shape){1, {1, 2, 3}});
    const dfn_value in[] = {x, x, x};
    dfn_graph_output(g, "y",
                     dfn_graph_add(g, *(const dfn_op_kind *)context, NULL, NULL, 3, in));
}

static void build_affine(dfn_graph *g, const void *context)
{
    const double *k = context;
    const dfn_value x = dfn_graph_input(g, "x", (dfn_shape){1, {2, 1, 3}});
    const dfn_attr attr = {.alpha = k[0], .beta = k[1]};
    dfn_graph_output(g, "y", dfn_graph_add(g, DFN_OP_AFFINE, NULL, &attr, 1, &x));
}

static void check_pairs(void)
{
    static const pair pairs[] = {
        {DFN_OP_ADD, "add", {1, {2, 3, 4}}, {1, {2, 3, 4}}},
        {DFN_OP_ADD, "add one number", {1, {2, 3, 4}}, {1, {1, 1, 1}}},
        {DFN_OP_ADD, "add a row", {1, {1, 1, 4}}, {1, {2, 3, 4}}},
        {DFN_OP_ADD, "add a column to a row", {2, {1, 5, 1}}, {2, {2, 1, 3}}},
        {DFN_OP_MUL, "mul", {2, {2, 1, 5}}, {2, {2, 1, 5}}},
        {DFN_OP_MUL, "mul by one number", {1, {1, 1, 1}}, {1, {2, 3, 4}}},
        {DFN_OP_MUL, "mul by a gain per bin", {1, {1, 5, 2}}, {1, {1, 5, 1}}},
        {DFN_OP_MUL, "mul of column and row", {1, {3, 1, 2}}, {1, {1, 4, 1}}},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        op_check(&(op_case){
            .name = pairs[i].name, .build = build, .context = &pairs[i], .terms = 4});
    for (dfn_op_kind op = DFN_OP_ADD; op <= DFN_OP_MUL; op++)
        op_check(&(op_case){.name = op == DFN_OP_ADD ? "add x to x" : "mul x by x",
                            .build = build_twice,
                            .context = &op,
                            .terms = 4});
}

static void check_values(void)
{
    /* two frames of a column {2,1} and of a row {1,3}; the inputs lie one behind the other
     */
    static const double x[] = {1, 2, 3, 4, /* a */ 10, 20, 30, 40, 50, 60 /* b */};
    static const double sum[] = {11, 21, 31, 12, 22, 32, 43, 53, 63, 44, 54, 64};
    static const double product[] = {10, 20, 30, 20, 40, 60, 120, 150, 180, 160, 200, 240};
    static const double k[] = {-2, 0.5}, z[] = {1, 2, 3, 4, 5, 6},
                        line[] = {-1.5, -3.5, -5.5, -7.5, -9.5, -11.5};
    const pair add = {DFN_OP_ADD, "", {1, {1, 2, 1}}, {1, {1, 1, 3}}};
    const pair mul = {DFN_OP_MUL, "", {1, {1, 2, 1}}, {1, {1, 1, 3}}};
    op_values("add", build, &add, 2, x, NULL, sum);
    op_values("mul", build, &mul, 2, x, NULL, product);
    op_values("affine", build_affine, k, 1, z, NULL, line);
    op_cost(build, &mul, 2 * 3);
    op_cost(build_affine, k, 2 * 3);
}

static void check_refusals(void)
{
    static const dfn_op_kind op = DFN_OP_MUL;
    const double bad[] = {1e300, 0}; /* not a float */
    op_refused(build, &(pair){DFN_OP_ADD, "", {1, {2, 3, 4}}, {1, {2, 2, 4}}},
               "neither has size 1");
    op_refused(build, &(pair){DFN_OP_ADD, "", {2, {2, 3, 4}}, {1, {2, 3, 4}}}, "frames");
    op_refused(build, &(pair){DFN_OP_MUL, "", {1, {1, 65536, 1}}, {1, {1, 1, 65536}}},
               "too large");
    op_refused(build_three, &op, "two inputs");
    op_refused(build_affine, bad, "finite");
}

int main(void)
{
    static const double k[][2] = {{0.5, 0}, {-3, 1}};
    check_pairs();
    for (int i = 0; i < 2; i++)
        op_check(&(op_case){
            .name = "affine", .build = build_affine, .context = k[i], .terms = 12});
    check_values();
    check_refusals();
    return op_check_report() | check_report();
}
