/* dfnet3.c - DeepFilterNet3 (Schröter et al., Interspeech 2023), frame by frame.
 *
 * Maps are [F][C]; a flattened map is frequency-major, as in the reference. The network
 * never looks ahead: mask and coefficients made at frame t are applied `lookahead` frames
 * back, in dfn_dfnet3_apply. */
#include "model/dfnet3.h"

#include "model/conv_path.h"

typedef dfn_dfnet3_config config;

static dfn_conv_path convolutions(const config *c)
{
    return (dfn_conv_path){.channels = c->conv_ch,
                           .nb_erb = c->nb_erb,
                           .nb_df = c->nb_df,
                           .kernel = {c->kernel[0], c->kernel[1]},
                           .kernel_t = {c->kernel_t[0], c->kernel_t[1]},
                           .kernel_inp = {c->kernel_inp[0], c->kernel_inp[1]},
                           .depthwise = true,
                           .depthwise_t = true,
                           .batch_norm = c->batch_norm,
                           .groups = c->enc_groups};
}

static dfn_attr bands(const config *c)
{
    return dfn_bands(c->erb_widths, c->nb_erb, c->alpha);
}

static dfn_encoded encoder(dfn_graph *g, const config *c, dfn_value spec)
{
    const dfn_conv_path path = convolutions(c);
    dfn_value erb = dfn_unary(g, DFN_OP_ERB_FEATURE, "erb_feature", spec, bands(c));
    dfn_value df = dfn_unary(g, DFN_OP_UNIT_NORM, "unit_norm", spec,
                             (dfn_attr){.size = c->nb_df, .alpha = c->alpha});
    return dfn_conv_encoder(g, &path, "enc.", dfn_reshape(g, erb, 1, c->nb_erb, 1), df);
}

/* Squeeze, GRU layers, and back to the width of the embedding. */
static dfn_value sequence(dfn_graph *g, const config *c, const char *name, dfn_value x,
                          int layers)
{
    const dfn_conv_path path = convolutions(c);
    return dfn_squeezed_gru(g, name, x,
                            (dfn_squeezed_gru_config){.hidden = c->emb_hidden,
                                                      .out = dfn_conv_path_width(&path),
                                                      .layers = layers,
                                                      .groups_in = c->linear_groups,
                                                      .groups_out = c->linear_groups});
}

/* lsnr = min + (max - min) sigmoid(w emb + b), in dB */
static dfn_value local_snr(dfn_graph *g, const config *c, dfn_value emb)
{
    return dfn_unary(g, DFN_OP_AFFINE, NULL, dfn_head(g, "enc.lsnr_fc.0", emb),
                     (dfn_attr){.alpha = c->lsnr_max - c->lsnr_min, .beta = c->lsnr_min});
}

static dfn_value erb_decoder(dfn_graph *g, const config *c, dfn_encoded e, dfn_value emb)
{
    const dfn_conv_path path = convolutions(c);
    return dfn_mask_decoder(g, &path, e,
                            sequence(g, c, "erb_dec.emb_gru", emb, c->emb_layers - 1));
}

/* coefs = tanh(linear(GRU(emb) + skip(emb))) + conv(c0), laid out [bin][tap][re, im] */
static dfn_value df_decoder(dfn_graph *g, const config *c, dfn_encoded e, dfn_value emb)
{
    const dfn_conv_path path = convolutions(c);
    dfn_value x = dfn_squeezed_gru(g, "df_dec.df_gru", emb,
                                   (dfn_squeezed_gru_config){.hidden = c->df_hidden,
                                                             .layers = c->df_layers,
                                                             .groups_in = 8});
    if (c->df_skip == 0)
        x = dfn_add(g, x,
                    dfn_grouped_linear(g, "df_dec.df_skip", emb, c->df_hidden,
                                       c->linear_groups, DFN_ACT_NONE));
    x = dfn_grouped_linear(g, "df_dec.df_out.0", x, c->nb_df * c->df_order * 2,
                           c->linear_groups, DFN_ACT_TANH);
    dfn_value p = dfn_coefs_path(g, &path, e.c0, c->df_order, c->df_path_kernel_t);
    /* One after the other: compilers evaluate arguments in different orders. */
    x = dfn_reshape(g, x, c->nb_df, c->df_order, 2);
    p = dfn_reshape(g, p, c->nb_df, c->df_order, 2);
    return dfn_add(g, x, p);
}

void dfn_dfnet3_net(dfn_graph *g, const config *c)
{
    dfn_value spec =
        dfn_graph_input(g, "spec", (dfn_shape){1, {1, c->fft_size / 2 + 1, 2}});
    dfn_encoded e = encoder(g, c, spec);
    dfn_value emb = sequence(g, c, "enc.emb_gru", dfn_add(g, e.erb, e.df), 1);
    dfn_graph_output(g, "emb", emb);
    dfn_graph_output(g, "lsnr", local_snr(g, c, emb));
    dfn_graph_output(g, "mask", erb_decoder(g, c, e, emb));
    dfn_graph_output(g, "coefs", df_decoder(g, c, e, emb));
}

void dfn_dfnet3_apply(dfn_graph *g, const config *c)
{
    const int bins = c->fft_size / 2 + 1;
    dfn_value spec = dfn_graph_port(g, "spec", (dfn_shape){1, {1, bins, 2}});
    dfn_value mask = dfn_graph_port(g, "mask", (dfn_shape){1, {1, 1, c->nb_erb}});
    dfn_value coefs =
        dfn_graph_port(g, "coefs", (dfn_shape){1, {c->nb_df, c->df_order, 2}});
    /* Frame t - lookahead: taps up to the newest frame for the low bins, gains for the
     * others. */
    dfn_value noisy =
        dfn_unary(g, DFN_OP_DELAY, "noisy", spec, (dfn_attr){.frames = c->lookahead});
    dfn_attr gains = bands(c);
    gains.start = c->nb_df;
    dfn_value high = dfn_binary(g, DFN_OP_ERB_GAIN, noisy, mask, gains);
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
