#include "model/conv_path.h"

int dfn_conv_path_width(const dfn_conv_path *c) { return c->channels * c->nb_erb / 4; }

static dfn_value conv(dfn_graph *g, const dfn_conv_path *c, const char *prefix,
                      const char *name, dfn_value x, const int kernel[2], int stride)
{
    return dfn_conv_norm_act(g, dfn_join(prefix, name).text, x,
                             (dfn_conv_config){.out = c->channels,
                                               .kernel_t = kernel[0],
                                               .kernel_f = kernel[1],
                                               .stride_f = stride,
                                               .separable = c->depthwise,
                                               .batch_norm = c->batch_norm,
                                               .act = DFN_ACT_RELU});
}

static dfn_value upsample(dfn_graph *g, const dfn_conv_path *c, const char *name,
                          dfn_value x)
{
    return dfn_conv_norm_act(g, name, x,
                             (dfn_conv_config){.out = c->channels,
                                               .kernel_t = c->kernel_t[0],
                                               .kernel_f = c->kernel_t[1],
                                               .stride_f = 2,
                                               .separable = c->depthwise_t,
                                               .transposed = true,
                                               .batch_norm = c->batch_norm,
                                               .act = DFN_ACT_RELU});
}

dfn_encoded dfn_conv_encoder(dfn_graph *g, const dfn_conv_path *c, const char *prefix,
                             dfn_value erb, dfn_value df)
{
    dfn_encoded e;
    e.e0 = conv(g, c, prefix, "erb_conv0", erb, c->kernel_inp, 1);
    e.e1 = conv(g, c, prefix, "erb_conv1", e.e0, c->kernel, 2);
    e.e2 = conv(g, c, prefix, "erb_conv2", e.e1, c->kernel, 2);
    e.e3 = conv(g, c, prefix, "erb_conv3", e.e2, c->kernel, 1);
    e.c0 = conv(g, c, prefix, "df_conv0", df, c->kernel_inp, 1);
    dfn_value c1 = conv(g, c, prefix, "df_conv1", e.c0, c->kernel, 2);
    e.df = dfn_grouped_linear(g, dfn_join(prefix, "df_fc_emb.0").text, dfn_flatten(g, c1),
                              dfn_conv_path_width(c), c->groups, DFN_ACT_RELU);
    e.erb = dfn_flatten(g, e.e3);
    return e;
}

dfn_value dfn_mask_decoder(dfn_graph *g, const dfn_conv_path *c, dfn_encoded e, dfn_value x)
{
    static const int one[2] = {1, 1};
    const char *p = "erb_dec.";
    x = dfn_reshape(g, x, 1, c->nb_erb / 4, c->channels);
    x = dfn_add(g, conv(g, c, p, "conv3p", e.e3, one, 1), x);
    x = conv(g, c, p, "convt3", x, c->kernel, 1);
    x = dfn_add(g, conv(g, c, p, "conv2p", e.e2, one, 1), x);
    x = upsample(g, c, "erb_dec.convt2", x);
    x = dfn_add(g, conv(g, c, p, "conv1p", e.e1, one, 1), x);
    x = upsample(g, c, "erb_dec.convt1", x);
    x = dfn_add(g, conv(g, c, p, "conv0p", e.e0, one, 1), x);
    x = dfn_conv_norm_act(g, "erb_dec.conv0_out", x,
                          (dfn_conv_config){.out = 1,
                                            .kernel_t = c->kernel[0],
                                            .kernel_f = c->kernel[1],
                                            .batch_norm = c->batch_norm,
                                            .act = DFN_ACT_SIGMOID});
    return dfn_flatten(g, x);
}

dfn_value dfn_coefs_path(dfn_graph *g, const dfn_conv_path *c, dfn_value c0, int order,
                         int kernel_t)
{
    return dfn_conv_norm_act(g, "df_dec.df_convp", c0,
                             (dfn_conv_config){.out = 2 * order,
                                               .kernel_t = kernel_t,
                                               .kernel_f = 1,
                                               .separable = true,
                                               .batch_norm = c->batch_norm,
                                               .act = DFN_ACT_RELU});
}
