/* dfnet3.c - DeepFilterNet3 (Schröter et al., Interspeech 2023), frame by frame.
 *
 * Maps are [F][C]; a flattened map is frequency-major, as in the reference. The network
 * never looks ahead: mask and coefficients made at frame t are applied `lookahead` frames
 * back, in dfn_dfnet3_apply. */
#include "model/dfnet3.h"

#include "model/layers.h"

#include <string.h>

typedef dfn_dfnet3_config config;

/* What the encoder passes on. */
typedef struct encoded {
    dfn_value e0, e1, e2, e3, c0, emb;
} encoded;

static dfn_attr bands(const config *c)
{
    dfn_attr a = {.list_len = c->nb_erb, .alpha = c->alpha};
    memcpy(a.list, c->erb_widths, sizeof a.list);
    return a;
}

static dfn_conv_config layer(const config *c, const int kernel[2], int stride)
{
    return (dfn_conv_config){.out = c->conv_ch,
                             .kernel_t = kernel[0],
                             .kernel_f = kernel[1],
                             .stride_f = stride,
                             .separable = true,
                             .batch_norm = c->batch_norm,
                             .act = DFN_ACT_RELU};
}

static dfn_value conv(dfn_graph *g, const config *c, const char *name, dfn_value x,
                      const int kernel[2], int stride)
{
    return dfn_conv_norm_act(g, name, x, layer(c, kernel, stride));
}

static dfn_value upsample(dfn_graph *g, const config *c, const char *name, dfn_value x)
{
    dfn_conv_config l = layer(c, c->kernel_t, 2);
    l.transposed = true;
    return dfn_conv_norm_act(g, name, x, l);
}

static encoded encoder(dfn_graph *g, const config *c, dfn_value spec)
{
    encoded e;
    const int emb = c->conv_ch * c->nb_erb / 4;
    dfn_value erb = dfn_unary(g, DFN_OP_ERB_FEATURE, "erb_feature", spec, bands(c));
    dfn_value df = dfn_unary(g, DFN_OP_UNIT_NORM, "unit_norm", spec,
                             (dfn_attr){.size = c->nb_df, .alpha = c->alpha});
    erb = dfn_reshape(g, erb, 1, c->nb_erb, 1);
    e.e0 = conv(g, c, "enc.erb_conv0", erb, c->kernel_inp, 1);
    e.e1 = conv(g, c, "enc.erb_conv1", e.e0, c->kernel, 2);
    e.e2 = conv(g, c, "enc.erb_conv2", e.e1, c->kernel, 2);
    e.e3 = conv(g, c, "enc.erb_conv3", e.e2, c->kernel, 1);
    e.c0 = conv(g, c, "enc.df_conv0", df, c->kernel_inp, 1);
    dfn_value c1 = conv(g, c, "enc.df_conv1", e.c0, c->kernel, 2);
    dfn_value cemb = dfn_grouped_linear(g, "enc.df_fc_emb.0", dfn_flatten(g, c1), emb,
                                        c->enc_groups, DFN_ACT_RELU);
    e.emb = dfn_squeezed_gru(g, "enc.emb_gru", dfn_add(g, dfn_flatten(g, e.e3), cemb),
                             (dfn_squeezed_gru_config){.hidden = c->emb_hidden,
                                                       .out = emb,
                                                       .layers = 1,
                                                       .groups_in = c->linear_groups,
                                                       .groups_out = c->linear_groups});
    return e;
}

/* lsnr = min + (max - min) sigmoid(w emb + b), in dB */
static dfn_value local_snr(dfn_graph *g, const config *c, dfn_value emb)
{
    dfn_value x = dfn_unary(g, DFN_OP_LINEAR, "enc.lsnr_fc.0", emb,
                            (dfn_attr){.out = 1, .bias = true});
    return dfn_unary(g, DFN_OP_AFFINE, NULL, dfn_act(g, x, DFN_ACT_SIGMOID),
                     (dfn_attr){.alpha = c->lsnr_max - c->lsnr_min, .beta = c->lsnr_min});
}

static dfn_value erb_decoder(dfn_graph *g, const config *c, encoded e)
{
    static const int one[2] = {1, 1};
    dfn_value x =
        dfn_squeezed_gru(g, "erb_dec.emb_gru", e.emb,
                         (dfn_squeezed_gru_config){.hidden = c->emb_hidden,
                                                   .out = c->conv_ch * c->nb_erb / 4,
                                                   .layers = c->emb_layers - 1,
                                                   .groups_in = c->linear_groups,
                                                   .groups_out = c->linear_groups});
    x = dfn_reshape(g, x, 1, c->nb_erb / 4, c->conv_ch);
    x = dfn_add(g, conv(g, c, "erb_dec.conv3p", e.e3, one, 1), x);
    x = conv(g, c, "erb_dec.convt3", x, c->kernel, 1);
    x = dfn_add(g, conv(g, c, "erb_dec.conv2p", e.e2, one, 1), x);
    x = upsample(g, c, "erb_dec.convt2", x);
    x = dfn_add(g, conv(g, c, "erb_dec.conv1p", e.e1, one, 1), x);
    x = upsample(g, c, "erb_dec.convt1", x);
    x = dfn_add(g, conv(g, c, "erb_dec.conv0p", e.e0, one, 1), x);
    x = dfn_conv_norm_act(g, "erb_dec.conv0_out", x,
                          (dfn_conv_config){.out = 1,
                                            .kernel_t = c->kernel[0],
                                            .kernel_f = c->kernel[1],
                                            .batch_norm = c->batch_norm,
                                            .act = DFN_ACT_SIGMOID});
    return dfn_flatten(g, x);
}

/* coefs = tanh(linear(GRU(emb) + skip(emb))) + conv(c0), laid out [bin][tap][re, im] */
static dfn_value df_decoder(dfn_graph *g, const config *c, encoded e)
{
    dfn_value x = dfn_squeezed_gru(g, "df_dec.df_gru", e.emb,
                                   (dfn_squeezed_gru_config){.hidden = c->df_hidden,
                                                             .layers = c->df_layers,
                                                             .groups_in = 8});
    if (c->df_skip == 0)
        x = dfn_add(g, x,
                    dfn_grouped_linear(g, "df_dec.df_skip", e.emb, c->df_hidden,
                                       c->linear_groups, DFN_ACT_NONE));
    x = dfn_grouped_linear(g, "df_dec.df_out.0", x, c->nb_df * c->df_order * 2,
                           c->linear_groups, DFN_ACT_TANH);
    dfn_value p = dfn_conv_norm_act(g, "df_dec.df_convp", e.c0,
                                    (dfn_conv_config){.out = 2 * c->df_order,
                                                      .kernel_t = c->df_path_kernel_t,
                                                      .kernel_f = 1,
                                                      .separable = true,
                                                      .batch_norm = c->batch_norm,
                                                      .act = DFN_ACT_RELU});
    /* One after the other: compilers evaluate arguments in different orders. */
    x = dfn_reshape(g, x, c->nb_df, c->df_order, 2);
    p = dfn_reshape(g, p, c->nb_df, c->df_order, 2);
    return dfn_add(g, x, p);
}

void dfn_dfnet3_net(dfn_graph *g, const config *c)
{
    dfn_value spec =
        dfn_graph_input(g, "spec", (dfn_shape){1, {1, c->fft_size / 2 + 1, 2}});
    encoded e = encoder(g, c, spec);
    dfn_graph_output(g, "emb", e.emb);
    dfn_graph_output(g, "lsnr", local_snr(g, c, e.emb));
    dfn_graph_output(g, "mask", erb_decoder(g, c, e));
    dfn_graph_output(g, "coefs", df_decoder(g, c, e));
}

void dfn_dfnet3_apply(dfn_graph *g, const config *c)
{
    const int bins = c->fft_size / 2 + 1;
    dfn_value spec = dfn_graph_input(g, "spec", (dfn_shape){1, {1, bins, 2}});
    dfn_value mask = dfn_graph_input(g, "mask", (dfn_shape){1, {1, 1, c->nb_erb}});
    dfn_value coefs =
        dfn_graph_input(g, "coefs", (dfn_shape){1, {c->nb_df, c->df_order, 2}});
    /* Frame t - lookahead: gains for all bins, then taps up to the newest frame for the
     * low. */
    dfn_value noisy =
        dfn_unary(g, DFN_OP_DELAY, "noisy", spec, (dfn_attr){.frames = c->lookahead});
    dfn_value masked = dfn_binary(g, DFN_OP_ERB_GAIN, noisy, mask, bands(c));
    dfn_value high =
        dfn_unary(g, DFN_OP_SLICE, NULL, masked,
                  (dfn_attr){.axis = 1, .start = c->nb_df, .length = bins - c->nb_df});
    dfn_value low = dfn_binary(g, DFN_OP_DEEP_FILTER, spec, coefs,
                               (dfn_attr){.order = c->df_order, .size = c->nb_df});
    dfn_graph_output(g, "noisy", noisy);
    dfn_graph_output(g, "enhanced",
                     dfn_binary(g, DFN_OP_CONCAT, low, high, (dfn_attr){.axis = 1}));
}

/* ---- what the model loader sees -------------------------------------------------------
 */

static dfn_status parse(void *c, const char *text, const char *name, bool batch_norm,
                        dfn_error *err)
{
    const dfn_status status = dfn_dfnet3_parse(c, text, name, err);
    ((config *)c)->batch_norm = batch_norm;
    return status;
}

static void net(dfn_graph *g, const void *c) { dfn_dfnet3_net(g, c); }
static void apply(dfn_graph *g, const void *c) { dfn_dfnet3_apply(g, c); }

static dfn_model_info info(const void *any)
{
    const config *c = any;
    return (dfn_model_info){.kind = dfn_dfnet3_builder.kind,
                            .sample_rate = c->sample_rate,
                            .fft_size = c->fft_size,
                            .hop_size = c->hop_size,
                            .bins = c->fft_size / 2 + 1,
                            .nb_erb = c->nb_erb,
                            .nb_df = c->nb_df,
                            .df_order = c->df_order,
                            .lookahead = c->lookahead,
                            .erb_widths = c->erb_widths,
                            .lsnr_min = c->lsnr_min,
                            .lsnr_max = c->lsnr_max};
}

const dfn_builder dfn_dfnet3_builder = {.kind = "deepfilternet3",
                                        .config_size = sizeof(config),
                                        .keys = dfn_dfnet3_keys,
                                        .parse = parse,
                                        .net = net,
                                        .apply = apply,
                                        .info = info};
