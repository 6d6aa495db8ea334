#include "conv_direct.h"
#include "op_check.h"

typedef struct conv_case {
    const char *name;
    int L, C, T; /* samples and channels of a frame, frames */
    dfn_attr attr;
} conv_case;

static void build(dfn_graph *g, const void *context)
{
    const conv_case *c = context;
    const dfn_value x = dfn_graph_input(g, "x", (dfn_shape){1, {1, c->L, c->C}});
    dfn_graph_output(g, "y", dfn_graph_add(g, DFN_OP_CONV1D, "conv", &c->attr, 1, &x));
}

static const conv_case good[] = {
    {"causal, kernel 3", 5, 2, 4, {.out = 3, .kernel_t = 3, .bias = true, .causal = true}},
    {"causal, kernel 1", 5, 2, 4, {.out = 3, .causal = true}},
    {"causal, kernel 10, stride 5",
     10,
     1,
     3,
     {.out = 4, .kernel_t = 10, .stride_t = 5, .bias = true, .causal = true}},
    {"causal, kernel 7, stride 2",
     2,
     2,
     7,
     {.out = 2, .kernel_t = 7, .stride_t = 2, .causal = true}},
    {"causal, kernel 4, stride 4",
     8,
     2,
     3,
     {.out = 2, .kernel_t = 4, .stride_t = 4, .causal = true}},
    {"causal, grouped",
     3,
     4,
     4,
     {.out = 6, .kernel_t = 4, .groups = 2, .bias = true, .causal = true}},
    {"causal, depthwise",
     4,
     3,
     4,
     {.out = 3, .kernel_t = 5, .stride_t = 2, .groups = 3, .bias = true, .causal = true}},
    {"causal, many samples", 40, 1, 3, {.out = 2, .kernel_t = 5, .causal = true}},
    {"offline, padded", 3, 2, 4, {.out = 3, .kernel_t = 5, .pad_t = 2, .bias = true}},
    {"offline, strided", 1, 2, 11, {.out = 3, .kernel_t = 4, .stride_t = 3, .pad_t = 1}},
    {"offline, grouped, strided",
     4,
     4,
     3,
     {.out = 2, .kernel_t = 7, .stride_t = 4, .pad_t = 3, .groups = 2}},
    {"offline, shorter than the kernel", 1, 2, 3, {.out = 2, .kernel_t = 6}},
};

static const conv_case bad[] = {
    {"number of output channels", 4, 4, 1, {.kernel_t = 3}},
    {"has no padding", 4, 4, 1, {.out = 4, .pad_t = 1, .causal = true}},
    {"longer than the kernel",
     4,
     4,
     1,
     {.out = 4, .kernel_t = 1, .stride_t = 2, .causal = true}},
    {"does not divide the frame",
     5,
     4,
     1,
     {.out = 4, .kernel_t = 4, .stride_t = 2, .causal = true}},
    {"groups do not divide", 4, 3, 1, {.out = 4, .groups = 2, .causal = true}},
    {"impossible kernel", 4, 3, 1, {.out = 4, .kernel_t = 1000}},
    {"only along samples", 4, 3, 1, {.out = 4, .kernel_f = 3}},
};

static int one(int n) { return n ? n : 1; }

static conv_size size(const conv_case *c)
{
    const dfn_attr *a = &c->attr;
    conv_size s = {.T = c->T * c->L,
                   .F = 1,
                   .C = c->C,
                   .Fo = 1,
                   .O = a->out,
                   .groups = one(a->groups),
                   .kt = one(a->kernel_t),
                   .kf = 1,
                   .stride_t = one(a->stride_t),
                   .stride_f = 1,
                   .bias = a->bias};
    s.before = a->causal ? s.kt - s.stride_t : a->pad_t;
    s.To = a->causal ? s.T / s.stride_t : (s.T + 2 * a->pad_t - s.kt) / s.stride_t + 1;
    s.To = s.To > 0 ? s.To : 1;
    return s;
}

int main(void)
{
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const conv_size s = size(&good[i]);
        op_check(&(op_case){.name = good[i].name,
                            .build = build,
                            .context = &good[i],
                            .T = good[i].T,
                            .terms = s.C / s.groups * s.kt + 2});
        conv_compare(good[i].name, build, &good[i], good[i].T, &s);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        op_refused(build, &bad[i], bad[i].name);
    return op_check_report() | check_report();
}
