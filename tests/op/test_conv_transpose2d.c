#include "conv_direct.h"
#include "op_check.h"

typedef struct conv_case {
    const char *name;
    int F, C;
    dfn_attr attr;
} conv_case;

enum { T = 4 };

static void build(dfn_graph *g, const void *context)
{
    const conv_case *c = context;
    const dfn_value x = dfn_graph_input(g, "x", (dfn_shape){1, {1, c->F, c->C}});
    dfn_graph_output(g, "y",
                     dfn_graph_add(g, DFN_OP_CONV_TRANSPOSE2D, "conv", &c->attr, 1, &x));
}

static const conv_case good[] = {
    {"1x1", 5, 3, {.out = 4, .bias = true}},
    {"dense 1x3, stride 2",
     4,
     3,
     {.out = 2, .kernel_f = 3, .stride_f = 2, .pad_f = 1, .out_pad_f = 1, .bias = true}},
    {"dense 1x4, stride 3, odd",
     5,
     2,
     {.out = 3, .kernel_f = 4, .stride_f = 3, .pad_f = 2}},
    {"dense 1x3, many bins", 40, 2, {.out = 2, .kernel_f = 3, .pad_f = 1}},
    {"one to one channel", 5, 1, {.out = 1, .kernel_f = 3, .stride_f = 2, .bias = true}},
    {"grouped 1x3, stride 2",
     5,
     4,
     {.out = 6, .kernel_f = 3, .stride_f = 2, .pad_f = 1, .groups = 2, .bias = true}},
    {"grouped 1x3, wide window",
     4,
     2,
     {.out = 12, .kernel_f = 3, .stride_f = 2, .groups = 2, .bias = true}},
    {"narrowing", 5, 6, {.out = 3, .kernel_f = 2, .stride_f = 2, .groups = 3}},
    {"depthwise 1x3, stride 2",
     5,
     4,
     {.out = 4,
      .kernel_f = 3,
      .stride_f = 2,
      .pad_f = 1,
      .out_pad_f = 1,
      .groups = 4,
      .bias = true}},
    {"depthwise 1x1, stride 3: gaps",
     3,
     2,
     {.out = 2, .stride_f = 3, .out_pad_f = 2, .groups = 2}},
};

static const conv_case bad[] = {
    {"number of output channels", 4, 4, {.kernel_f = 3}},
    {"no extent in time", 4, 4, {.out = 4, .kernel_t = 2}},
    {"no extent in time", 4, 4, {.out = 4, .stride_t = 2}},
    {"no extent in time", 4, 4, {.out = 4, .pad_t = 1}},
    {"fewer than the stride", 4, 4, {.out = 4, .stride_f = 2, .out_pad_f = 2}},
    {"fewer than the stride", 4, 4, {.out = 4, .out_pad_f = -1}},
    {"number of output bins", 1, 4, {.out = 4, .kernel_f = 2, .pad_f = 1}},
    {"number of output bins", 1 << 20, 4, {.out = 4, .stride_f = 1 << 20}},
    {"groups do not divide", 4, 4, {.out = 2, .groups = 4}},
    {"impossible stride", 4, 4, {.out = 2, .stride_f = -1}},
    {"frame is too large", 1 << 10, 4, {.out = 1 << 20, .stride_f = 1 << 10}},
};

static int one(int n) { return n ? n : 1; }

/* y[t][f s - p + k][o] += x[t][f][c] w[c][o][k], o over the outputs of c's group */
static void check_direct(const conv_case *c)
{
    enum { MAX = 1 << 12 };
    static double x[MAX], w[MAX], y[MAX];
    const dfn_attr *a = &c->attr;
    const int groups = one(a->groups), kf = one(a->kernel_f), s = one(a->stride_f);
    const int no = a->out / groups, nc = c->C / groups, n_w = c->C * no * kf;
    const int Fo = (c->F - 1) * s - 2 * a->pad_f + kf + a->out_pad_f;
    check_fill(x, T * c->F * c->C, 1);
    check_fill(w, n_w + a->out, 2);
    for (int i = 0; i < T * Fo * a->out; i++)
        y[i] = a->bias ? w[n_w + i % a->out] : 0;
    for (int t = 0; t < T; t++)
        for (int f = 0; f < c->F; f++)
            for (int i = 0; i < c->C; i++)
                for (int o = 0; o < no; o++)
                    for (int k = 0; k < kf; k++) {
                        const int bin = f * s - a->pad_f + k, out = i / nc * no + o;
                        if (bin >= 0 && bin < Fo)
                            y[(t * Fo + bin) * a->out + out] +=
                                x[(t * c->F + f) * c->C + i] * w[(i * no + o) * kf + k];
                    }
    op_values(c->name, build, c, T, x, w, y);
}

int main(void)
{
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const dfn_attr *a = &good[i].attr;
        const int terms = good[i].C / one(a->groups) * one(a->kernel_f) + 2;
        op_check(&(op_case){.name = good[i].name,
                            .build = build,
                            .context = &good[i],
                            .T = T,
                            .terms = terms});
        check_direct(&good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        op_refused(build, &bad[i], bad[i].name);
    return op_check_report() | check_report();
}
