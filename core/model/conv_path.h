/* conv_path.h - the convolutions that DeepFilterNet3 and 4 share: from both features to one
 * vector, from a vector back to the mask, and past it to the filter. Names of weights
 * follow PyTorch's. */
#ifndef DFN_CONV_PATH_H
#define DFN_CONV_PATH_H

#include "model/layers.h"

typedef struct dfn_conv_path {
    int channels, nb_erb, nb_df;
    int kernel[2], kernel_t[2], kernel_inp[2]; /* time, frequency; _t: transposed */
    bool depthwise, depthwise_t;
    bool batch_norm;
    int groups; /* of the linear layer behind the spectrum's convolutions */
} dfn_conv_path;

typedef struct dfn_encoded {
    dfn_value e0, e1, e2, e3; /* ERB path: nb_erb, / 2, / 4, / 4 bands */
    dfn_value c0;             /* spectrum's path: nb_df bins */
    dfn_value erb, df;        /* what both found, {1,1,dfn_conv_path_width()} each */
} dfn_encoded;

/** Width of the vectors between encoder and decoders. */
int dfn_conv_path_width(const dfn_conv_path *c);

/** erb {1,nb_erb,1}, df {1,nb_df,2}; `prefix` ends in a dot. */
dfn_encoded dfn_conv_encoder(dfn_graph *g, const dfn_conv_path *c, const char *prefix,
                             dfn_value erb, dfn_value df);

/** The mask {1,1,nb_erb} from a vector and the skips of the encoder; "erb_dec." */
dfn_value dfn_mask_decoder(dfn_graph *g, const dfn_conv_path *c, dfn_encoded e,
                           dfn_value x);

/** What goes past the bottleneck to the filter's coefficients, "df_dec.df_convp": kernel_t
 *  frames of c0. {1,nb_df,2 order} */
dfn_value dfn_coefs_path(dfn_graph *g, const dfn_conv_path *c, dfn_value c0, int order,
                         int kernel_t);

#endif
