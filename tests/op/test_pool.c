/* avg_pool1d and reflect_pad: the discriminators' ways to look at a waveform. */
#include "op_check.h"
#include "op_values.h"

typedef struct pool_case {
    const char *name;
    int L, C, T;
    dfn_op_kind op;
    dfn_attr attr;
} pool_case;

static void build(dfn_graph *g, const void *context)
{
    const pool_case *c = context;
    const dfn_value x = dfn_graph_input(g, "x", (dfn_shape){1, {1, c->L, c->C}});
    dfn_graph_output(g, "y", dfn_graph_add(g, c->op, NULL, &c->attr, 1, &x));
}

static const pool_case good[] = {
    {"pool 4, hop 2, padded",
     1,
     2,
     9,
     DFN_OP_AVG_POOL1D,
     {.size = 4, .hop = 2, .pad_t = 2}},
    {"pool 3", 2, 1, 5, DFN_OP_AVG_POOL1D, {.size = 3}},
    {"pool 2, hop 5", 3, 2, 7, DFN_OP_AVG_POOL1D, {.size = 2, .hop = 5, .pad_t = 1}},
    {"pool, short", 1, 1, 3, DFN_OP_AVG_POOL1D, {.size = 5}},
    {"reflect 3", 1, 2, 5, DFN_OP_REFLECT_PAD, {.length = 3}},
    {"reflect 9 of 4", 2, 1, 4, DFN_OP_REFLECT_PAD, {.length = 9}},
    {"reflect to a multiple of 4", 3, 2, 3, DFN_OP_REFLECT_PAD, {.size = 4}},
    {"fold without padding", 1, 2, 6, DFN_OP_REFLECT_PAD, {.size = 3}},
};

static const pool_case bad[] = {
    {"impossible size", 2, 1, 1, DFN_OP_AVG_POOL1D, {.hop = 2}},
    {"impossible size", 2, 1, 1, DFN_OP_AVG_POOL1D, {.size = INT32_MAX}},
    {"impossible hop", 2, 1, 1, DFN_OP_AVG_POOL1D, {.size = 2, .hop = -1}},
    {"more than half", 2, 1, 1, DFN_OP_AVG_POOL1D, {.size = 3, .pad_t = 2}},
    {"more than half", 2, 1, 1, DFN_OP_AVG_POOL1D, {.size = 3, .pad_t = -1}},
    {"too long", INT32_MAX, 1, 1, DFN_OP_AVG_POOL1D, {.size = 2}},
    {"a length or a size", 2, 1, 1, DFN_OP_REFLECT_PAD, {.start = 1}},
    {"a length or a size", 2, 1, 1, DFN_OP_REFLECT_PAD, {.length = 1, .size = 2}},
    {"a length or a size", 2, 1, 1, DFN_OP_REFLECT_PAD, {.length = -1}},
    {"a length or a size", 2, 1, 1, DFN_OP_REFLECT_PAD, {.size = INT32_MAX}},
    {"too long", INT32_MAX, 1, 1, DFN_OP_REFLECT_PAD, {.length = 2}},
};

static void check_values(void)
{
    static const double x[] = {1, 2, 3, 4, 5};
    static const double pooled[] = {0.75, 2.5, 3}, valid[] = {1.5, 3.5};
    static const double longer[] = {1, 2, 3, 4, 5, 4, 3}, mirrors[] = {1, 2, 1, 2, 1};
    static const double folded[] = {1, 2, 3, 4, 5, 4};
    const pool_case pool = {
        .L = 1, .C = 1, .op = DFN_OP_AVG_POOL1D, .attr = {.size = 4, .hop = 2, .pad_t = 2}};
    const pool_case pairs = {.L = 1, .C = 1, .op = DFN_OP_AVG_POOL1D, .attr = {.size = 2}};
    const pool_case pad = {.L = 1, .C = 1, .op = DFN_OP_REFLECT_PAD, .attr = {.length = 2}};
    const pool_case pad3 = {
        .L = 1, .C = 1, .op = DFN_OP_REFLECT_PAD, .attr = {.length = 3}};
    const pool_case fold = {.L = 1, .C = 1, .op = DFN_OP_REFLECT_PAD, .attr = {.size = 3}};
    op_values("pool, zeros count", build, &pool, 5, x, NULL, pooled);
    op_values("pool, rest dropped", build, &pairs, 5, x, NULL, valid);
    op_values("reflect", build, &pad, 5, x, NULL, longer);
    op_values("reflect twice", build, &pad3, 2, x, NULL, mirrors);
    op_values("fold", build, &fold, 5, x, NULL, folded);
}

int main(void)
{
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        op_check(&(op_case){.name = good[i].name,
                            .build = build,
                            .context = &good[i],
                            .T = good[i].T,
                            .terms = 8});
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        op_refused(build, &bad[i], bad[i].name);
    check_values();
    return op_check_report() | check_report();
}
