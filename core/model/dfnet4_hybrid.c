/* dfnet4_hybrid.c - branches that see what the magnitudes do not: samples and phases. */
#include "model/dfnet4_parts.h"

#include <stdio.h>

typedef dfn_dfnet4_config config;

static dfn_value linear(dfn_graph *g, const char *name, dfn_value x, int out)
{
    return dfn_unary(g, DFN_OP_LINEAR, name, x, (dfn_attr){.out = out, .bias = true});
}

/* Four causal convolutions whose strides make one hop: one vector per frame, from samples
 * up to the newest of that frame. */
static dfn_value time_branch(dfn_graph *g, const config *c, dfn_value x)
{
    static const int kernel[] = {7, 5, 5, 7}, stride[] = {5, 4, 4, 6};
    for (int i = 0; i < 4; i++) {
        char name[64];
        snprintf(name, sizeof name, "enc.time_encoder.encoder.%d.0", i);
        x = dfn_unary(g, DFN_OP_CONV1D, name, x,
                      (dfn_attr){.out = c->time_ch << i,
                                 .kernel_t = kernel[i],
                                 .stride_t = stride[i],
                                 .bias = true,
                                 .causal = true});
        snprintf(name, sizeof name, "enc.time_encoder.encoder.%d.1", i);
        if (c->batch_norm)
            x = dfn_unary(g, DFN_OP_BATCH_NORM, name, x, (dfn_attr){0});
        x = dfn_act(g, x, DFN_ACT_GELU);
    }
    return linear(g, "enc.time_encoder.proj", dfn_flatten(g, x), c->fusion_size);
}

static dfn_value bins(dfn_graph *g, dfn_value x, int start, int n)
{
    return dfn_unary(g, DFN_OP_SLICE, NULL, x,
                     (dfn_attr){.axis = 1, .start = start, .length = n});
}

/* x conj(y), its length taken away */
static dfn_value turn(dfn_graph *g, dfn_value x, dfn_value y)
{
    dfn_value z = dfn_binary(g, DFN_OP_COMPLEX_MUL, x, y, (dfn_attr){.variant = 1});
    return dfn_unary(g, DFN_OP_COMPLEX_UNIT, NULL, z, (dfn_attr){.alpha = 1e-12});
}

/* How far the phase of each bin turned since the last frame. A hop of half a transform
 * turns bin k by k half turns in any case: odd bins change sign. */
static dfn_value phase_advance(dfn_graph *g, dfn_value x, int F)
{
    dfn_value before =
        dfn_unary(g, DFN_OP_DELAY, "phase_advance", x, (dfn_attr){.frames = 1});
    dfn_value z = dfn_reshape(g, turn(g, x, before), 1, F / 2, 4); /* two bins in a row */
    dfn_value even =
        dfn_unary(g, DFN_OP_SLICE, NULL, z, (dfn_attr){.axis = 2, .length = 2});
    dfn_value odd =
        dfn_unary(g, DFN_OP_SLICE, NULL, z, (dfn_attr){.axis = 2, .start = 2, .length = 2});
    odd = dfn_unary(g, DFN_OP_AFFINE, NULL, odd, (dfn_attr){.alpha = -1});
    z = dfn_binary(g, DFN_OP_CONCAT, even, odd, (dfn_attr){.axis = 2});
    return dfn_reshape(g, z, 1, F, 2);
}

/* How far it turns from bin to bin; nothing precedes the first. */
static dfn_value group_delay(dfn_graph *g, dfn_value x, int F)
{
    dfn_value upper = bins(g, x, 1, F - 1), lower = bins(g, x, 0, F - 1);
    dfn_value z = turn(g, upper, lower);
    dfn_value none = dfn_unary(g, DFN_OP_AFFINE, NULL, bins(g, x, 0, 1), (dfn_attr){0});
    return dfn_binary(g, DFN_OP_CONCAT, none, z, (dfn_attr){.axis = 1});
}

static dfn_value phase_branch(dfn_graph *g, const config *c, dfn_value spec)
{
    dfn_value low = bins(g, spec, 0, c->nb_df);
    dfn_value x = phase_advance(g, low, c->nb_df);
    if (c->group_delay) {
        dfn_value delay = group_delay(g, low, c->nb_df);
        x = dfn_binary(g, DFN_OP_CONCAT, x, delay, (dfn_attr){.axis = 2});
    }
    for (int i = 0; i < 3; i++) {
        char name[64];
        snprintf(name, sizeof name, "enc.phase_encoder.conv_layers.%d", i);
        x = dfn_conv_norm_act(g, name, x,
                              (dfn_conv_config){.out = c->phase_ch << i,
                                                .kernel_t = i ? 1 : 3,
                                                .kernel_f = 3,
                                                .stride_f = i ? 2 : 1,
                                                .separable = true,
                                                .batch_norm = c->batch_norm,
                                                .act = DFN_ACT_RELU});
    }
    x = dfn_flatten(g, x);
    if (c->phase_groups > 1)
        return dfn_grouped_linear(g, "enc.phase_encoder.out_proj", x, c->fusion_size,
                                  c->phase_groups, DFN_ACT_NONE);
    return linear(g, "enc.phase_encoder.out_proj", x, c->fusion_size);
}

/* A branch that is off leaves its place to the magnitudes (attention) or goes (simple). */
static dfn_value fuse(dfn_graph *g, const config *c, dfn_value mag, dfn_value time,
                      dfn_value phase)
{
    if (c->fusion == DFN_FUSION_ATTENTION)
        return dfn_block_fuse_attention(
            g, "enc.fusion", c->time_branch ? time : mag, mag,
            c->phase_branch ? phase : mag,
            (dfn_attention_config){.size = c->fusion_size,
                                   .heads = c->fusion_heads,
                                   .window = c->fusion_window,
                                   .recency = c->fusion_recency});
    dfn_value all[3];
    int n = 0;
    if (c->time_branch)
        all[n++] = time;
    all[n++] = mag;
    if (c->phase_branch)
        all[n++] = phase;
    return dfn_block_fuse_simple(g, "enc.fusion", n, all, c->fusion_size, 1);
}

dfn_value dfn_dfnet4_hybrid(dfn_graph *g, const config *c, dfn_dfnet4_input in,
                            dfn_value mag)
{
    dfn_value time = c->time_branch ? time_branch(g, c, in.wave) : -1;
    dfn_value phase = c->phase_branch ? phase_branch(g, c, in.spec) : -1;
    dfn_value x = fuse(g, c, mag, time, phase);
    for (int i = 0; i < c->emb_layers; i++) {
        char name[64];
        snprintf(name, sizeof name, "enc.seq_layers.%d", i);
        x = c->backbone == DFN_BACKBONE_GRU
                ? dfn_unary(g, DFN_OP_GRU, name, x, (dfn_attr){.out = c->fusion_size})
                : dfn_block_mamba(g, name, x, c->mamba);
    }
    const dfn_conv_path path = dfn_dfnet4_convolutions(c);
    x = linear(g, "enc.out_proj", x, dfn_conv_path_width(&path));
    return dfn_dfnet4_skip(g, c, "enc.emb_skip", c->emb_skip_enc, mag, x);
}
