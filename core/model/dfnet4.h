/* dfnet4.h - DeepFilterNet4 as a graph. */
#ifndef DFN_DFNET4_H
#define DFN_DFNET4_H

#include "model/blocks.h"
#include "model/builder.h"
#include "model/layers.h"

enum { DFN_RESOLUTIONS_MAX = 4 };

typedef enum dfn_backbone { DFN_BACKBONE_MAMBA, DFN_BACKBONE_GRU } dfn_backbone;
typedef enum dfn_fusion { DFN_FUSION_SIMPLE, DFN_FUSION_ATTENTION } dfn_fusion;

/* How bins below nb_df are made. */
typedef enum dfn_filter {
    DFN_FILTER_GROUPS,   /* an order per group of bins: DF_RESOLUTIONS */
    DFN_FILTER_WEIGHTED, /* several filters over each other, with learnt weights */
    DFN_FILTER_SINGLE,   /* one order for all; order 1 is a complex gain */
    DFN_FILTER_ADAPTIVE, /* one order for all, chosen anew in every frame */
    DFN_FILTER_NONE,     /* gains only */
} dfn_filter;

typedef struct dfn_resolution {
    int bins, order; /* the lowest `bins` bins */
} dfn_resolution;

typedef struct dfn_dfnet4_config {
    int sample_rate, fft_size, hop_size;
    int nb_erb, min_nb_erb, nb_df, df_order, conv_lookahead, df_lookahead;
    double norm_tau, lsnr_min, lsnr_max;
    int lite; /* variant: other defaults, nothing else */
    int conv_ch, conv_depthwise, convt_depthwise;
    int kernel[2], kernel_t[2], kernel_inp[2]; /* time, frequency */
    int emb_hidden, emb_layers, emb_skip, emb_skip_enc, df_hidden, df_layers, df_skip;
    int df_path_kernel_t, enc_concat, enc_groups, linear_groups;
    int backbone; /* dfn_backbone */
    dfn_mamba_config mamba;
    int time_branch, phase_branch, group_delay, fusion; /* fusion: dfn_fusion */
    int fusion_size, fusion_heads, fusion_window, fusion_recency;
    int time_ch, phase_ch; /* width of the branches */
    int phase_groups;      /* of the phase branch's linear */
    int multi_res, resolution_weights, adaptive, order_max, order_min, use_df, vad;
    bool batch_norm;
    /* derived */
    double alpha;
    int erb_widths[64];
    dfn_filter filter;
    dfn_resolution resolution[DFN_RESOLUTIONS_MAX]; /* widest first, as written */
    int n_resolution;
    char resolutions_text[128];
} dfn_dfnet4_config;

/** Defaults of the variant (full or lite), then what an INI text says in the seed's
 *  sections and keys ([DF], [deepfilternet4]), then the derived values. Unknown keys,
 *  unsupported values and impossible combinations are errors. */
dfn_status dfn_dfnet4_parse(dfn_dfnet4_config *c, const char *text, const char *name,
                            dfn_error *err);

/* What the network reads, in one frame. */
typedef struct dfn_dfnet4_input {
    dfn_value erb;  /* {1,1,nb_erb}: levels, normalised */
    dfn_value df;   /* {1,nb_df,2}: spectrum, normalised */
    dfn_value spec; /* {1,bins,2}: spectrum; only for the phase branch, else -1 */
    dfn_value wave; /* {1,hop,1}: samples; only for the time branch, else -1 */
} dfn_dfnet4_input;

/* What it makes of it; -1 where the configuration leaves a part out. */
typedef struct dfn_dfnet4_output {
    dfn_value emb;   /* {1,1,conv_ch nb_erb / 4} */
    dfn_value lsnr;  /* {1,1,1}, dB */
    dfn_value vad;   /* {1,1,1}, probability of voice */
    dfn_value mask;  /* {1,1,nb_erb} */
    dfn_value coefs; /* {nb_df,order,2}, or {1,1,n} group by group (DFN_FILTER_GROUPS) */
    dfn_value order; /* {1,1,1}: expected order, if it is adaptive; */
    dfn_value keep;  /* {1,1,order_max}: then also which taps are used, newest first */
} dfn_dfnet4_output;

/** The network, from features to mask and coefficients. */
dfn_dfnet4_output dfn_dfnet4_body(dfn_graph *g, const dfn_dfnet4_config *c,
                                  dfn_dfnet4_input in);

/** Mask and coefficients applied to a spectrum; *noisy is the spectrum itself, as late as
 *  the result. `coefs` is -1 for gains only, `keep` unless the order is adaptive. */
dfn_value dfn_dfnet4_enhance(dfn_graph *g, const dfn_dfnet4_config *c, dfn_value spec,
                             dfn_value mask, dfn_value coefs, dfn_value keep,
                             dfn_value *noisy);

/** The two graphs of model.h, unfinished. `net` has an input "wave" if the time branch is
 * on, and outputs "vad", "order" and "keep" if there are such parts; without a filter there
 * are no "coefs". */
void dfn_dfnet4_net(dfn_graph *g, const dfn_dfnet4_config *c);
void dfn_dfnet4_apply(dfn_graph *g, const dfn_dfnet4_config *c);

extern const dfn_builder dfn_dfnet4_builder;

#endif
