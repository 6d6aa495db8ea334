#include "conv_direct.h"
#include "op_check.h"

typedef struct conv_case {
    const char *name;
    int F, C, T;
    dfn_attr attr;
} conv_case;

static void build(dfn_graph *g, const void *context)
{
    const conv_case *c = context;
    const dfn_value x = dfn_graph_input(g, "x", (dfn_shape){1, {1, c->F, c->C}});
    dfn_graph_output(g, "y", dfn_graph_add(g, DFN_OP_CONV2D, "conv", &c->attr, 1, &x));
}

static void build_deep(dfn_graph *g, const void *context)
{
    (void)context;
    const dfn_value x = dfn_graph_input(g, "x", (dfn_shape){1, {2, 3, 4}});
    const dfn_attr attr = {.out = 1};
    dfn_graph_output(g, "y", dfn_graph_add(g, DFN_OP_CONV2D, "conv", &attr, 1, &x));
}

static const conv_case causal[] = {
    {"pointwise", 5, 3, 7, {.out = 4, .bias = true}},
    {"pointwise, odd stride", 7, 3, 4, {.out = 4, .stride_f = 3}},
    {"pointwise, padded", 3, 2, 4, {.out = 2, .pad_f = 2, .bias = true}},
    {"scale per channel", 5, 6, 4, {.out = 6, .groups = 6, .bias = true}},
    {"one channel", 9, 1, 7, {.out = 1, .kernel_t = 2, .kernel_f = 3, .pad_f = 1}},
    {"dense 3x3", 6, 2, 7, {.out = 5, .kernel_t = 3, .kernel_f = 3, .pad_f = 1}},
    {"dense 2x3, bias", 5, 3, 7, {.out = 2, .kernel_t = 2, .kernel_f = 3, .bias = true}},
    {"dense 5x1, short run", 3, 4, 3, {.out = 3, .kernel_t = 5, .bias = true}},
    {"dense 1x3, stride 2, odd",
     9,
     3,
     4,
     {.out = 2, .kernel_f = 3, .stride_f = 2, .pad_f = 1}},
    {"dense 1x4, stride 3", 11, 2, 4, {.out = 3, .kernel_f = 4, .stride_f = 3, .pad_f = 1}},
    {"dense, many bins", 40, 2, 3, {.out = 2, .kernel_t = 2, .kernel_f = 3, .pad_f = 1}},
    {"grouped 3x3",
     6,
     2,
     7,
     {.out = 6, .kernel_t = 3, .kernel_f = 3, .pad_f = 1, .groups = 2}},
    {"grouped 4x1, bias", 4, 6, 7, {.out = 4, .kernel_t = 4, .groups = 2, .bias = true}},
    {"widening, many groups",
     2,
     48,
     3,
     {.out = 96, .kernel_f = 3, .pad_f = 1, .groups = 48}},
    {"grouped 5x1, wide window",
     3,
     8,
     7,
     {.out = 6, .kernel_t = 5, .groups = 2, .bias = true}},
    {"narrow window, many outputs",
     3,
     2,
     4,
     {.out = 38, .kernel_f = 2, .groups = 2, .bias = true}},
    {"widening",
     7,
     4,
     3,
     {.out = 8, .kernel_f = 3, .stride_f = 2, .pad_f = 1, .groups = 4}},
    {"three outputs per channel, stride 2, bias",
     5,
     6,
     7,
     {.out = 18, .kernel_f = 3, .stride_f = 2, .pad_f = 1, .groups = 6, .bias = true}},
    {"depthwise 1x3", 7, 5, 4, {.out = 5, .kernel_f = 3, .pad_f = 1, .groups = 5}},
    {"depthwise 3x3, stride 2, bias",
     7,
     4,
     7,
     {.out = 4,
      .kernel_t = 3,
      .kernel_f = 3,
      .stride_f = 2,
      .pad_f = 1,
      .groups = 4,
      .bias = true}},
    {"depthwise 5x1, short run", 2, 3, 3, {.out = 3, .kernel_t = 5, .groups = 3}},
    {"flat depthwise (Mamba)",
     1,
     9,
     7,
     {.out = 9, .kernel_t = 4, .groups = 9, .bias = true, .variant = 1}},
    {"flat dense", 3, 4, 7, {.out = 2, .kernel_t = 3, .variant = 1}},
};

static const conv_case offline[] = {
    {"offline 3x1, padded", 3, 2, 7, {.out = 3, .kernel_t = 3, .pad_t = 1, .bias = true}},
    {"offline 5x1, stride 3",
     4,
     2,
     11,
     {.out = 3, .kernel_t = 5, .stride_t = 3, .pad_t = 2}},
    {"offline 3x1, valid", 2, 3, 7, {.out = 2, .kernel_t = 3, .variant = 2}},
    {"offline 1x3, stride 2",
     5,
     2,
     8,
     {.out = 2, .kernel_f = 3, .pad_f = 1, .stride_t = 2}},
    {"offline depthwise",
     3,
     4,
     7,
     {.out = 4, .kernel_t = 4, .stride_t = 2, .pad_t = 1, .groups = 4, .bias = true}},
    {"offline flat",
     1,
     4,
     9,
     {.out = 4, .kernel_t = 3, .pad_t = 1, .groups = 2, .variant = 1}},
    {"offline, shorter than the kernel", 2, 2, 2, {.out = 2, .kernel_t = 4, .variant = 2}},
};

static const conv_case bad[] = {
    {"number of output channels", 4, 4, 1, {.kernel_t = 1}},
    {"number of output channels", 4, 4, 1, {.out = -3}},
    {"impossible kernel", 4, 4, 1, {.out = 2, .kernel_t = -1}},
    {"impossible kernel", 4, 4, 1, {.out = 2, .kernel_t = 257}},
    {"impossible kernel", 4, 4, 1, {.out = 2, .kernel_f = INT32_MAX}},
    {"impossible stride", 4, 4, 1, {.out = 2, .stride_f = -2}},
    {"impossible stride", 4, 4, 1, {.out = 2, .stride_t = INT32_MIN}},
    {"impossible padding", 4, 4, 1, {.out = 2, .pad_f = -1}},
    {"impossible padding", 4, 4, 1, {.out = 2, .pad_t = INT32_MAX}},
    {"groups do not divide", 4, 4, 1, {.out = 4, .groups = 3}},
    {"groups do not divide", 4, 4, 1, {.out = 3, .groups = 2}},
    {"groups do not divide", 4, 4, 1, {.out = 4, .groups = -2}},
    {"unknown variant", 4, 4, 1, {.out = 4, .variant = 3}},
    {"no bins", 4, 4, 1, {.out = 4, .kernel_f = 3, .variant = 1}},
    {"larger than the padded bins", 2, 4, 1, {.out = 4, .kernel_f = 5, .pad_f = 1}},
    {"impossible shape", INT32_MAX, 4, 1, {.out = 4}},
    {"frame is too large", 1 << 20, 1, 1, {.out = 1 << 20}},
    {"kernel is too large",
     1 << 20,
     8,
     1,
     {.out = 1, .kernel_f = 1 << 20, .pad_f = 1 << 20}},
    {"impossible shape", 1, 1 << 18, 1, {.out = 1 << 14}},
};

/* Kernels, strides and groups of 0 mean 1. */
static int one(int n) { return n ? n : 1; }

static conv_size size(const conv_case *c, bool causal_in_time)
{
    const dfn_attr *a = &c->attr;
    conv_size s = {.T = c->T,
                   .F = c->F,
                   .C = c->C,
                   .O = a->out,
                   .groups = one(a->groups),
                   .kt = one(a->kernel_t),
                   .kf = one(a->kernel_f),
                   .stride_t = one(a->stride_t),
                   .stride_f = one(a->stride_f),
                   .pad_f = a->pad_f,
                   .bias = a->bias};
    s.before = causal_in_time ? s.kt - 1 : a->pad_t;
    s.To = causal_in_time ? s.T : (s.T + 2 * a->pad_t - s.kt) / s.stride_t + 1;
    s.To = s.To > 0 ? s.To : 1;
    s.Fo = (s.F + 2 * a->pad_f - s.kf) / s.stride_f + 1;
    return s;
}

static void check(const conv_case *c, bool causal_in_time)
{
    const conv_size s = size(c, causal_in_time);
    op_check(&(op_case){.name = c->name,
                        .build = build,
                        .context = c,
                        .T = c->T,
                        .terms = s.C / s.groups * s.kt * s.kf + 2});
    conv_compare(c->name, build, c, c->T, &s);
}

/* 4 outputs of 4 bins, 9 taps, one channel each; two frames of history. */
static void check_cost(void)
{
    const conv_case c = {"cost",
                         7,
                         4,
                         1,
                         {.out = 4,
                          .kernel_t = 3,
                          .kernel_f = 3,
                          .stride_f = 2,
                          .pad_f = 1,
                          .groups = 4,
                          .bias = true}};
    dfn_graph *g = dfn_graph_new();
    build(g, &c);
    CHECK(!dfn_graph_finish(g, NULL), "the graph is refused");
    CHECK(dfn_graph_macs(g) == 4 * 4 * 9, "%d multiply-adds", (int)dfn_graph_macs(g));
    CHECK(dfn_graph_parameters(g) == 4 * 9 + 4, "%d weights", (int)dfn_graph_parameters(g));
    const dfn_node_info info = dfn_graph_node(g, dfn_graph_find(g, "y"));
    CHECK(info.state == 1 + 2 * 7 * 4, "%d numbers of state", (int)info.state);
    dfn_graph_free(g);
}

int main(void)
{
    for (size_t i = 0; i < sizeof causal / sizeof *causal; i++)
        check(&causal[i], true);
    for (size_t i = 0; i < sizeof offline / sizeof *offline; i++)
        check(&offline[i], false);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        op_refused(build, &bad[i], bad[i].name);
    op_refused(build_deep, NULL, "one input {1,F,C}");
    check_cost();
    return op_check_report() | check_report();
}
