/* blocks.h - the layers of DeepFilterNet4 that carry context over time or join branches,
 * as pieces of a graph. They work on vectors: x {1,1,D} of any number of frames.
 *
 * Weights are named `name`.<part> as in PyTorch's state_dict; only the packed input
 * projection of an attention is three matrices here (q_proj, k_proj, v_proj: its rows in
 * this order). Errors stay in the graph, as with all builders. */
#ifndef DFN_BLOCKS_H
#define DFN_BLOCKS_H

#include <dfnet4/graph.h>

typedef struct dfn_mamba_config {
    int states; /* N, per channel */
    int taps;   /* of the causal convolution */
    int expand; /* inner width M = expand D */
} dfn_mamba_config;

/** Selective state-space block of Mamba (Gu and Dao, 2023). R = ceil(D / 16).
 *
 *    [u|z] = in_proj x            u = silu(conv1d u)           [r|B|C] = x_proj u
 *    delta = softplus(dt_proj r)  y = selective_scan(u, delta, B, C; A_log, D)
 *    out = out_proj (y silu(z))   {1,1,D} */
dfn_value dfn_block_mamba_mixer(dfn_graph *g, const char *name, dfn_value x,
                                dfn_mamba_config c);

/** One layer of a stack: x + mixer(norm x), parts "norm" and "mamba". */
dfn_value dfn_block_mamba(dfn_graph *g, const char *name, dfn_value x, dfn_mamba_config c);

typedef struct dfn_squeezed_mamba_config {
    dfn_mamba_config mamba;
    int hidden, layers;
    int out;    /* 0: no output projection, the result is {1,1,hidden} */
    int groups; /* 1: projections are linear with bias; more: grouped, without */
    bool skip;  /* add gru_skip x, a linear with bias, at the end */
} dfn_squeezed_mamba_config;

/** linear_in.0, mamba_layers.0 ..., linear_out.0. */
dfn_value dfn_block_squeezed_mamba(dfn_graph *g, const char *name, dfn_value x,
                                   dfn_squeezed_mamba_config c);

typedef struct dfn_attention_config {
    int size, heads;
    int window;   /* frames a query sees, itself included */
    bool recency; /* older keys count less: see op/attention.c */
} dfn_attention_config;

/** Multi-head attention over the last frames: out_proj of attention(q_proj q, k_proj kv,
 *  v_proj kv), all with bias. {1,1,size} */
dfn_value dfn_block_attention(dfn_graph *g, const char *name, dfn_value q, dfn_value kv,
                              dfn_attention_config c);

/** Fusion of three branches by attention. With t, m, p the projected branches:
 *    t' = norm_tm(t + time_mag_attn(t, m))    m' = norm_mp(m + mag_phase_attn(m, p))
 *    out = norm_out(fusion.3 gelu(fusion.0 [t'|m'|p]))    {1,1,size} */
dfn_value dfn_block_fuse_attention(dfn_graph *g, const char *name, dfn_value time,
                                   dfn_value mag, dfn_value phase, dfn_attention_config c);

/** Fusion frame by frame: out_proj.1 (layer norm) of out_proj.0 of the projections' sum
 *  with weights softmax(domain_weights / temperature). n is 2 to 8. {1,1,size} */
dfn_value dfn_block_fuse_simple(dfn_graph *g, const char *name, int n, const dfn_value *x,
                                int size, double temperature);

#endif
