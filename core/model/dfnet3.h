/* dfnet3.h - DeepFilterNet3 as a graph. */
#ifndef DFN_DFNET3_H
#define DFN_DFNET3_H

#include "model/builder.h"

typedef struct dfn_dfnet3_config {
    int sample_rate, fft_size, hop_size;
    int nb_erb, min_nb_erb, nb_df, df_order, lookahead, conv_lookahead;
    double norm_tau, lsnr_min, lsnr_max;
    int conv_ch, emb_hidden, emb_layers, enc_groups, linear_groups, df_hidden, df_layers;
    int df_path_kernel_t;
    int kernel[2], kernel_t[2], kernel_inp[2]; /* time, frequency */
    int df_skip;                               /* 0: groupedlinear, 1: none */
    bool batch_norm; /* separate layers (training); false: folded into the convolutions */
    /* derived */
    double alpha;
    int erb_widths[64];
} dfn_dfnet3_config;

/** Defaults (the published standard model), then what an INI text in DeepFilterNet's own
 * keys says, then the derived values. Unknown keys and impossible sizes are errors. */
dfn_status dfn_dfnet3_parse(dfn_dfnet3_config *c, const char *text, const char *name,
                            dfn_error *err);

/** The one list of keys; `n` gets its length. */
const dfn_config_key *dfn_dfnet3_keys(size_t *n);

/** The two graphs of model.h, unfinished. */
void dfn_dfnet3_net(dfn_graph *g, const dfn_dfnet3_config *c);
void dfn_dfnet3_apply(dfn_graph *g, const dfn_dfnet3_config *c);

extern const dfn_builder dfn_dfnet3_builder;

#endif
