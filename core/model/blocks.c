#include "model/blocks.h"

#include "model/layers.h"

#include <stdio.h>

enum { WIDEST = 1 << 20 }; /* so that sums of a few sizes stay in an int */

static dfn_name part(const char *name, const char *suffix)
{
    return dfn_join(dfn_join(name, ".").text, suffix);
}

/* The i-th member of a list of modules. */
static dfn_name item(const char *name, const char *list, int i)
{
    char suffix[32];
    snprintf(suffix, sizeof suffix, "%s.%d", list, i);
    return part(name, suffix);
}

static dfn_value linear(dfn_graph *g, dfn_name name, dfn_value x, int out, bool bias)
{
    return dfn_unary(g, DFN_OP_LINEAR, name.text, x, (dfn_attr){.out = out, .bias = bias});
}

static dfn_value norm(dfn_graph *g, dfn_name name, dfn_value x)
{
    return dfn_unary(g, DFN_OP_LAYER_NORM, name.text, x, (dfn_attr){0});
}

static dfn_value slice(dfn_graph *g, dfn_value x, int start, int length)
{
    return dfn_unary(g, DFN_OP_SLICE, NULL, x,
                     (dfn_attr){.axis = 2, .start = start, .length = length});
}

static int width(const dfn_graph *g, dfn_value x)
{
    return x < 0 ? 0 : dfn_graph_shape(g, x).d[2];
}

dfn_value dfn_block_mamba_mixer(dfn_graph *g, const char *name, dfn_value x,
                                dfn_mamba_config c)
{
    const int D = width(g, x), N = c.states, R = (D + 15) / 16;
    if (c.expand < 1 || c.expand > 64 || N < 1 || N > WIDEST || D > WIDEST) {
        dfn_graph_refuse(g, "mamba '%s': impossible expansion, states or width", name);
        return -1;
    }
    const int M = c.expand * D;
    dfn_value both = linear(g, part(name, "in_proj"), x, 2 * M, false);
    dfn_value u = dfn_unary(
        g, DFN_OP_CONV2D, part(name, "conv1d").text, slice(g, both, 0, M),
        (dfn_attr){.out = M, .kernel_t = c.taps, .groups = M, .bias = true, .variant = 1});
    u = dfn_act(g, u, DFN_ACT_SILU);
    dfn_value rbc = linear(g, part(name, "x_proj"), u, R + 2 * N, false);
    dfn_value delta = linear(g, part(name, "dt_proj"), slice(g, rbc, 0, R), M, true);
    delta = dfn_act(g, delta, DFN_ACT_SOFTPLUS);
    const dfn_value in_b = slice(g, rbc, R, N);
    const dfn_value in[] = {u, delta, in_b, slice(g, rbc, R + N, N)};
    dfn_value y = dfn_graph_add(g, DFN_OP_SELECTIVE_SCAN, name, NULL, 4, in);
    dfn_value gate = dfn_act(g, slice(g, both, M, M), DFN_ACT_SILU);
    y = dfn_binary(g, DFN_OP_MUL, y, gate, (dfn_attr){0});
    return linear(g, part(name, "out_proj"), y, D, false);
}

dfn_value dfn_block_mamba(dfn_graph *g, const char *name, dfn_value x, dfn_mamba_config c)
{
    dfn_value y = norm(g, part(name, "norm"), x);
    return dfn_add(g, x, dfn_block_mamba_mixer(g, part(name, "mamba").text, y, c));
}

static dfn_value project(dfn_graph *g, dfn_name name, dfn_value x, int out, int groups)
{
    if (groups > 1)
        return dfn_grouped_linear(g, name.text, x, out, groups, DFN_ACT_NONE);
    return linear(g, name, x, out, true);
}

dfn_value dfn_block_squeezed_mamba(dfn_graph *g, const char *name, dfn_value x,
                                   dfn_squeezed_mamba_config c)
{
    dfn_value y = project(g, part(name, "linear_in.0"), x, c.hidden, c.groups);
    for (int i = 0; i < c.layers; i++)
        y = dfn_block_mamba(g, item(name, "mamba_layers", i).text, y, c.mamba);
    if (c.out)
        y = project(g, part(name, "linear_out.0"), y, c.out, c.groups);
    if (c.skip)
        y = dfn_add(g, y, linear(g, part(name, "gru_skip"), x, width(g, y), true));
    return y;
}

dfn_value dfn_block_attention(dfn_graph *g, const char *name, dfn_value q, dfn_value kv,
                              dfn_attention_config c)
{
    dfn_value in[3];
    in[0] = linear(g, part(name, "q_proj"), q, c.size, true);
    in[1] = linear(g, part(name, "k_proj"), kv, c.size, true);
    in[2] = linear(g, part(name, "v_proj"), kv, c.size, true);
    const dfn_attr attr = {.heads = c.heads, .window = c.window, .recency = c.recency};
    return linear(g, part(name, "out_proj"),
                  dfn_graph_add(g, DFN_OP_ATTENTION, name, &attr, 3, in), c.size, true);
}

dfn_value dfn_block_fuse_attention(dfn_graph *g, const char *name, dfn_value time,
                                   dfn_value mag, dfn_value phase, dfn_attention_config c)
{
    if (c.size < 1 || c.size > WIDEST) {
        dfn_graph_refuse(g, "fusion '%s': impossible size", name);
        return -1;
    }
    const dfn_value t = linear(g, part(name, "time_proj"), time, c.size, true);
    const dfn_value m = linear(g, part(name, "mag_proj"), mag, c.size, true);
    const dfn_value p = linear(g, part(name, "phase_proj"), phase, c.size, true);
    dfn_value tm = dfn_block_attention(g, part(name, "time_mag_attn").text, t, m, c);
    dfn_value mp = dfn_block_attention(g, part(name, "mag_phase_attn").text, m, p, c);
    tm = norm(g, part(name, "norm_tm"), dfn_add(g, t, tm));
    mp = norm(g, part(name, "norm_mp"), dfn_add(g, m, mp));
    const dfn_value all[] = {tm, mp, p};
    dfn_value y = dfn_graph_add(g, DFN_OP_CONCAT, NULL, &(dfn_attr){.axis = 2}, 3, all);
    y = dfn_act(g, linear(g, part(name, "fusion.0"), y, 2 * c.size, true), DFN_ACT_GELU);
    return norm(g, part(name, "norm_out"),
                linear(g, part(name, "fusion.3"), y, c.size, true));
}

dfn_value dfn_block_fuse_simple(dfn_graph *g, const char *name, int n, const dfn_value *x,
                                int size, double temperature)
{
    dfn_value in[8];
    if (n < 2 || n > 8) {
        dfn_graph_refuse(g, "fusion '%s' takes 2 to 8 branches", name);
        return -1;
    }
    for (int i = 0; i < n; i++)
        in[i] = linear(g, item(name, "projections", i), x[i], size, true);
    dfn_value y = dfn_graph_add(g, DFN_OP_WEIGHTED_SUM, part(name, "domain_weights").text,
                                &(dfn_attr){.alpha = temperature}, n, in);
    y = linear(g, part(name, "out_proj.0"), y, size, true);
    return norm(g, part(name, "out_proj.1"), y);
}
