#include "model/layers.h"

#include <stdio.h>
#include <string.h>

dfn_name dfn_join(const char *prefix, const char *suffix)
{
    dfn_name n;
    if (snprintf(n.text, sizeof n.text, "%s%s", prefix, suffix) < 0)
        n.text[0] = '\0';
    return n;
}

dfn_value dfn_graph_port(dfn_graph *g, const char *name, dfn_shape shape)
{
    const dfn_value v = dfn_graph_find(g, name);
    if (v < 0)
        return dfn_graph_input(g, name, shape);
    const dfn_shape has = dfn_graph_shape(g, v);
    if (memcmp(&has, &shape, sizeof shape))
        dfn_graph_refuse(g, "'%s' has another shape than what reads it", name);
    return v;
}

dfn_attr dfn_bands(const int *widths, int n, double alpha)
{
    dfn_attr a = {.list_len = n, .alpha = alpha};
    memcpy(a.list, widths, (size_t)n * sizeof *widths);
    return a;
}

dfn_value dfn_head(dfn_graph *g, const char *name, dfn_value x)
{
    x = dfn_unary(g, DFN_OP_LINEAR, name, x, (dfn_attr){.out = 1, .bias = true});
    return dfn_act(g, x, DFN_ACT_SIGMOID);
}

static int gcd(int a, int b) { return b ? gcd(b, a % b) : a; }

/* The i-th module of a Sequential called `name`. */
static dfn_name item(const char *name, int i)
{
    char suffix[16];
    snprintf(suffix, sizeof suffix, ".%d", i);
    return dfn_join(name, suffix);
}

dfn_value dfn_conv_norm_act(dfn_graph *g, const char *name, dfn_value x, dfn_conv_config c)
{
    if (x < 0)
        return x;
    const int groups = c.separable ? gcd(dfn_graph_shape(g, x).d[2], c.out) : 1;
    const bool pointwise = groups > 1 && (c.kernel_t > 1 || c.kernel_f > 1);
    int i = c.kernel_t > 1; /* a padding module comes first */
    const dfn_attr conv = {.out = c.out,
                           .kernel_t = c.kernel_t,
                           .kernel_f = c.kernel_f,
                           .stride_f = c.stride_f,
                           .pad_f = c.kernel_f / 2,
                           /* transposed: F bins become stride F */
                           .out_pad_f = c.transposed ? c.stride_f - 1 : 0,
                           .groups = groups,
                           .bias = !c.batch_norm && !pointwise};
    x = dfn_unary(g, c.transposed ? DFN_OP_CONV_TRANSPOSE2D : DFN_OP_CONV2D,
                  item(name, i++).text, x, conv);
    if (pointwise)
        x = dfn_unary(g, DFN_OP_CONV2D, item(name, i++).text, x,
                      (dfn_attr){.out = c.out, .bias = !c.batch_norm});
    if (c.batch_norm)
        x = dfn_unary(g, DFN_OP_BATCH_NORM, item(name, i).text, x, (dfn_attr){0});
    return dfn_act(g, x, c.act);
}

dfn_value dfn_grouped_linear(dfn_graph *g, const char *name, dfn_value x, int out,
                             int groups, dfn_activation act)
{
    x = dfn_unary(g, DFN_OP_GROUPED_LINEAR, name, x,
                  (dfn_attr){.out = out, .groups = groups});
    return dfn_act(g, x, act);
}

dfn_value dfn_squeezed_gru(dfn_graph *g, const char *name, dfn_value x,
                           dfn_squeezed_gru_config c)
{
    const dfn_name skip = dfn_join(name, ".gru_skip");
    const int out = c.out ? c.out : c.hidden;
    const dfn_value y = dfn_grouped_linear(g, dfn_join(name, ".linear_in.0").text, x,
                                           c.hidden, c.groups_in, DFN_ACT_RELU);
    dfn_value h = y;
    for (int i = 0; i < c.layers; i++) /* all layers of one nn.GRU share its name */
        h = dfn_unary(g, DFN_OP_GRU, dfn_join(name, ".gru").text, h,
                      (dfn_attr){.out = c.hidden, .variant = i});
    if (c.skip == DFN_SKIP_HIDDEN)
        h = dfn_add(
            g, h,
            dfn_grouped_linear(g, skip.text, y, c.hidden, c.groups_out, DFN_ACT_NONE));
    if (c.out)
        h = dfn_grouped_linear(g, dfn_join(name, ".linear_out.0").text, h, c.out,
                               c.groups_out, DFN_ACT_RELU);
    if (c.skip == DFN_SKIP_IDENTITY)
        return dfn_add(g, h, x);
    if (c.skip == DFN_SKIP_GROUPED)
        return dfn_add(
            g, h, dfn_grouped_linear(g, skip.text, x, out, c.groups_out, DFN_ACT_NONE));
    return h;
}
