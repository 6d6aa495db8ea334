/* dfnet4.c - DeepFilterNet4, frame by frame.
 *
 *   ERB levels -> convolutions -+-> fusion, backbone -> emb -+-> ERB decoder -> mask
 *   spectrum   -> convolutions -+                            +-> DF decoder  -> coefs
 *   [samples, phases] ----------+                            +-> local SNR, voice activity
 *
 * Maps are [F][C]; a flattened map is frequency-major. The network never looks ahead: what
 * is made at frame t is applied conv_lookahead frames back (dfnet4_filter.c). */
#include "model/dfnet4_config.h"
#include "model/dfnet4_parts.h"

typedef dfn_dfnet4_config config;

static dfn_attr bands(const config *c)
{
    return dfn_bands(c->erb_widths, c->nb_erb, c->alpha);
}

dfn_conv_path dfn_dfnet4_convolutions(const config *c)
{
    return (dfn_conv_path){.channels = c->conv_ch,
                           .nb_erb = c->nb_erb,
                           .nb_df = c->nb_df,
                           .kernel = {c->kernel[0], c->kernel[1]},
                           .kernel_t = {c->kernel_t[0], c->kernel_t[1]},
                           .kernel_inp = {c->kernel_inp[0], c->kernel_inp[1]},
                           .depthwise = c->conv_depthwise,
                           .depthwise_t = c->convt_depthwise,
                           .batch_norm = c->batch_norm,
                           .groups = c->enc_groups};
}

dfn_value dfn_dfnet4_skip(dfn_graph *g, const config *c, const char *name, int skip,
                          dfn_value from, dfn_value to)
{
    if (skip == DFN_SKIP_NONE || from < 0 || to < 0)
        return to;
    const int width = dfn_graph_shape(g, to).d[2];
    if (skip == DFN_SKIP_IDENTITY && dfn_graph_shape(g, from).d[2] != width) {
        dfn_graph_refuse(g, "'%s': an identity skip needs equal widths", name);
        return -1;
    }
    if (skip == DFN_SKIP_GROUPED)
        from = dfn_grouped_linear(g, name, from, width, c->linear_groups, DFN_ACT_NONE);
    return dfn_add(g, to, from);
}

dfn_value dfn_dfnet4_sequence(dfn_graph *g, const config *c, const char *name, dfn_value x,
                              int hidden, int layers, int out, int groups_in, int skip)
{
    dfn_value y;
    if (c->backbone == DFN_BACKBONE_GRU)
        y = dfn_squeezed_gru(g, name, x,
                             (dfn_squeezed_gru_config){.hidden = hidden,
                                                       .out = out,
                                                       .layers = layers,
                                                       .groups_in = groups_in,
                                                       .groups_out = c->linear_groups});
    else
        y = dfn_block_squeezed_mamba(
            g, name, x,
            (dfn_squeezed_mamba_config){.mamba = c->mamba,
                                        .hidden = hidden,
                                        .layers = layers,
                                        .out = out,
                                        .groups = c->linear_groups});
    return dfn_dfnet4_skip(g, c, dfn_join(name, ".gru_skip").text, skip, x, y);
}

dfn_dfnet4_output dfn_dfnet4_body(dfn_graph *g, const config *c, dfn_dfnet4_input in)
{
    const dfn_conv_path path = dfn_dfnet4_convolutions(c);
    const int width = dfn_conv_path_width(&path);
    const bool hybrid = c->time_branch || c->phase_branch;
    dfn_dfnet4_output out = {.vad = -1, .coefs = -1, .order = -1, .keep = -1};
    dfn_value erb = dfn_reshape(g, in.erb, 1, c->nb_erb, 1);
    dfn_encoded e =
        dfn_conv_encoder(g, &path, hybrid ? "enc.mag_encoder." : "enc.", erb, in.df);
    dfn_value both = c->enc_concat
                         ? dfn_binary(g, DFN_OP_CONCAT, e.erb, e.df, (dfn_attr){.axis = 2})
                         : dfn_add(g, e.erb, e.df);
    if (hybrid)
        out.emb = dfn_dfnet4_hybrid(g, c, in, both);
    else
        out.emb = dfn_dfnet4_sequence(g, c, "enc.emb_gru", both, c->emb_hidden, 1, width,
                                      c->linear_groups, c->emb_skip_enc);
    dfn_value lsnr = dfn_head(g, "enc.lsnr_fc.0", out.emb);
    out.lsnr =
        dfn_unary(g, DFN_OP_AFFINE, NULL, lsnr,
                  (dfn_attr){.alpha = c->lsnr_max - c->lsnr_min, .beta = c->lsnr_min});
    if (c->vad)
        out.vad = dfn_head(g, "enc.vad_fc.0", out.emb);
    dfn_value x = dfn_dfnet4_sequence(g, c, "erb_dec.emb_seq", out.emb, c->emb_hidden,
                                      c->emb_layers > 1 ? c->emb_layers - 1 : 1, width,
                                      c->linear_groups, c->emb_skip);
    out.mask = dfn_mask_decoder(g, &path, e, x);
    if (c->filter != DFN_FILTER_NONE)
        out.coefs = dfn_dfnet4_filter(g, c, e, out.emb, lsnr, &out.order, &out.keep);
    return out;
}

static void name_output(dfn_graph *g, const char *name, dfn_value v, bool present)
{
    if (present)
        dfn_graph_output(g, name, v);
}

void dfn_dfnet4_net(dfn_graph *g, const config *c)
{
    dfn_dfnet4_input in = {.spec = -1, .wave = -1};
    in.spec = dfn_graph_input(g, "spec", (dfn_shape){1, {1, c->fft_size / 2 + 1, 2}});
    if (c->time_branch)
        in.wave = dfn_graph_input(g, "wave", (dfn_shape){1, {1, c->hop_size, 1}});
    in.erb = dfn_unary(g, DFN_OP_ERB_FEATURE, "erb_feature", in.spec, bands(c));
    in.df = dfn_unary(g, DFN_OP_UNIT_NORM, "unit_norm", in.spec,
                      (dfn_attr){.size = c->nb_df, .alpha = c->alpha});
    const dfn_dfnet4_output out = dfn_dfnet4_body(g, c, in);
    name_output(g, "emb", out.emb, true);
    name_output(g, "lsnr", out.lsnr, true);
    name_output(g, "vad", out.vad, c->vad);
    name_output(g, "mask", out.mask, true);
    name_output(g, "coefs", out.coefs, c->filter != DFN_FILTER_NONE);
    name_output(g, "order", out.order, c->filter == DFN_FILTER_ADAPTIVE);
    name_output(g, "keep", out.keep, c->filter == DFN_FILTER_ADAPTIVE);
}

dfn_value dfn_dfnet4_enhance(dfn_graph *g, const config *c, dfn_value spec, dfn_value mask,
                             dfn_value coefs, dfn_value keep, dfn_value *noisy)
{
    *noisy =
        dfn_unary(g, DFN_OP_DELAY, "noisy", spec, (dfn_attr){.frames = c->conv_lookahead});
    dfn_attr gains = bands(c);
    if (c->filter == DFN_FILTER_NONE)
        return dfn_binary(g, DFN_OP_ERB_GAIN, *noisy, mask, gains);
    gains.start = c->nb_df; /* the filter makes the bins below */
    dfn_value high = dfn_binary(g, DFN_OP_ERB_GAIN, *noisy, mask, gains);
    dfn_attr taps = dfn_dfnet4_taps(c);
    taps.frames = c->conv_lookahead - c->df_lookahead;
    const dfn_value in[] = {spec, coefs, keep};
    dfn_value low = dfn_graph_add(g, DFN_OP_DEEP_FILTER, "deep_filter", &taps,
                                  c->filter == DFN_FILTER_ADAPTIVE ? 3 : 2, in);
    return dfn_binary(g, DFN_OP_CONCAT, low, high, (dfn_attr){.axis = 1});
}

void dfn_dfnet4_apply(dfn_graph *g, const config *c)
{
    dfn_value noisy, coefs = -1, keep = -1;
    dfn_value spec = dfn_graph_port(g, "spec", (dfn_shape){1, {1, c->fft_size / 2 + 1, 2}});
    dfn_value mask = dfn_graph_port(g, "mask", (dfn_shape){1, {1, 1, c->nb_erb}});
    if (c->filter != DFN_FILTER_NONE)
        coefs = dfn_graph_port(g, "coefs", dfn_dfnet4_coefs_shape(c));
    if (c->filter == DFN_FILTER_ADAPTIVE)
        keep = dfn_graph_port(g, "keep", (dfn_shape){1, {1, 1, c->order_max}});
    dfn_value y = dfn_dfnet4_enhance(g, c, spec, mask, coefs, keep, &noisy);
    dfn_graph_output(g, "noisy", noisy);
    dfn_graph_output(g, "enhanced", y);
}

/* ---- what the model loader sees ---------------------------------------------------------
 */

static dfn_status parse(void *c, const char *text, const char *name, bool batch_norm,
                        dfn_error *err)
{
    const dfn_status status = dfn_dfnet4_parse(c, text, name, err);
    ((config *)c)->batch_norm = batch_norm;
    return status;
}

static void net(dfn_graph *g, const void *c) { dfn_dfnet4_net(g, c); }
static void apply(dfn_graph *g, const void *c) { dfn_dfnet4_apply(g, c); }

static dfn_model_info info(const void *any)
{
    const config *c = any;
    return (dfn_model_info){.kind = dfn_dfnet4_builder.kind,
                            .sample_rate = c->sample_rate,
                            .fft_size = c->fft_size,
                            .hop_size = c->hop_size,
                            .bins = c->fft_size / 2 + 1,
                            .nb_erb = c->nb_erb,
                            .nb_df = c->nb_df,
                            .df_order = dfn_dfnet4_order(c),
                            .lookahead = c->conv_lookahead,
                            .erb_widths = c->erb_widths,
                            .lsnr_min = c->lsnr_min,
                            .lsnr_max = c->lsnr_max};
}

const dfn_builder dfn_dfnet4_builder = {.kind = "deepfilternet4",
                                        .config_size = sizeof(config),
                                        .keys = dfn_dfnet4_keys,
                                        .parse = parse,
                                        .net = net,
                                        .apply = apply,
                                        .info = info};
