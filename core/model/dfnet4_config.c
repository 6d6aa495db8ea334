/* dfnet4_config.c - configuration of DeepFilterNet4: keys, defaults, derived values. */
#include "model/dfnet4_config.h"

#include "model/dfnet4.h"

#include <dfnet4/dsp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NET "deepfilternet4"
#define AT(field) offsetof(dfn_dfnet4_config, field)
#define INT(section, key, field, min, max)                                                 \
    {                                                                                      \
        section, key, DFN_CONFIG_INT, AT(field), min, max, NULL                            \
    }
#define REAL(section, key, field, min, max)                                                \
    {                                                                                      \
        section, key, DFN_CONFIG_REAL, AT(field), min, max, NULL                           \
    }
#define KERNEL(key, field)                                                                 \
    {                                                                                      \
        NET, key, DFN_CONFIG_PAIR, AT(field), 1, 7, NULL                                   \
    }
#define CHOICE(key, field, choices)                                                        \
    {                                                                                      \
        NET, key, DFN_CONFIG_CHOICE, AT(field), 0, 0, choices                              \
    }
#define SWITCH(key, field) CHOICE(key, field, "false|true")
#define ONLY(section, key, value)                                                          \
    {                                                                                      \
        section, key, DFN_CONFIG_FIXED, 0, 0, 0, value                                     \
    }
#define SKIP "none|identity|groupedlinear" /* in the order of dfn_skip */

static const dfn_config_key keys[] = {
    ONLY("df", "sr", "48000"),
    INT("df", "fft_size", fft_size, 64, 4096),
    INT("df", "hop_size", hop_size, 32, 2048),
    INT("df", "nb_erb", nb_erb, 4, 64),
    INT("df", "nb_df", nb_df, 2, 2048),
    REAL("df", "norm_tau", norm_tau, 0.01, 100),
    REAL("df", "lsnr_max", lsnr_max, -100, 100),
    REAL("df", "lsnr_min", lsnr_min, -100, 100),
    INT("df", "min_nb_erb_freqs", min_nb_erb, 1, 16),
    INT("df", "df_order", df_order, 1, 16),
    INT("df", "df_lookahead", df_lookahead, 0, 3),
    {"df", "pad_mode", DFN_CONFIG_NO_EFFECT, 0, 0, 0,
     NULL}, /* a stream has no ends to pad */
    CHOICE("model_variant", lite, "full|lite"),
    INT(NET, "conv_lookahead", conv_lookahead, 0, 3),
    INT(NET, "conv_ch", conv_ch, 1, 512),
    SWITCH("conv_depthwise", conv_depthwise),
    SWITCH("convt_depthwise", convt_depthwise),
    KERNEL("conv_kernel", kernel),
    KERNEL("convt_kernel", kernel_t),
    KERNEL("conv_kernel_inp", kernel_inp),
    INT(NET, "emb_hidden_dim", emb_hidden, 1, 4096),
    INT(NET, "emb_num_layers", emb_layers, 1, 8),
    CHOICE("emb_gru_skip", emb_skip, SKIP),
    CHOICE("emb_gru_skip_enc", emb_skip_enc, SKIP),
    INT(NET, "df_hidden_dim", df_hidden, 1, 4096),
    INT(NET, "df_num_layers", df_layers, 1, 8),
    CHOICE("df_gru_skip", df_skip, SKIP),
    INT(NET, "df_pathway_kernel_size_t", df_path_kernel_t, 1, 16),
    SWITCH("enc_concat", enc_concat),
    INT(NET, "enc_linear_groups", enc_groups, 1, 256),
    INT(NET, "linear_groups", linear_groups, 1, 256),
    CHOICE("backbone", backbone, "mamba|gru"),
    INT(NET, "mamba_d_state", mamba.states, 1, 256),
    INT(NET, "mamba_d_conv", mamba.taps, 1, 16),
    INT(NET, "mamba_expand", mamba.expand, 1, 8),
    SWITCH("use_time_branch", time_branch),
    INT(NET, "time_branch_ch", time_ch, 1, 256),
    SWITCH("use_phase_branch", phase_branch),
    INT(NET, "phase_branch_ch", phase_ch, 1, 256),
    SWITCH("phase_group_delay", group_delay),
    INT(NET, "phase_linear_groups", phase_groups, 1, 256),
    CHOICE("fusion_type", fusion, "simple|attention"),
    INT(NET, "fusion_dim", fusion_size, 1, 4096),
    INT(NET, "fusion_heads", fusion_heads, 1, 64),
    INT(NET, "fusion_window", fusion_window, 1, 512),
    SWITCH("fusion_recency", fusion_recency),
    SWITCH("use_df", use_df),
    SWITCH("use_multi_res_df", multi_res),
    {NET, "df_resolutions", DFN_CONFIG_TEXT, AT(resolutions_text), 0, 128, NULL},
    SWITCH("df_resolution_weights", resolution_weights),
    SWITCH("adaptive_order", adaptive),
    INT(NET, "adaptive_order_max", order_max, 2, 8),
    INT(NET, "adaptive_order_min", order_min, 1, 8),
    SWITCH("vad_head", vad),
    ONLY(NET, "df_n_iter", "1"),
    ONLY(NET, "mask_pf", "false"), /* the post-filter is a parameter of the stream */
    {NET, "pf_beta", DFN_CONFIG_NO_EFFECT, 0, 0, 0, NULL}, /* of mask_pf only */
    ONLY(NET, "lsnr_dropout", "false"),                    /* states always advance */
};

const dfn_config_key *dfn_dfnet4_keys(size_t *n)
{
    *n = sizeof keys / sizeof *keys;
    return keys;
}

/* Sections that only a trainer reads. */
static const char *const training_sections[] = {
    "train",        "distortion",  "localsnrloss",     "maskloss",
    "spectralloss", "dfalphaloss", "multiresspecloss", "optim",
    "sdrloss",      "asrloss",     "ganloss",          NULL};

static void set_defaults(dfn_dfnet4_config *c, int lite)
{
    *c = (dfn_dfnet4_config){.sample_rate = 48000,
                             .fft_size = 960,
                             .hop_size = 480,
                             .nb_erb = 32,
                             .min_nb_erb = 2,
                             .nb_df = 96,
                             .df_order = 5,
                             .norm_tau = 1,
                             .lsnr_min = -15,
                             .lsnr_max = 35,
                             .lite = lite,
                             .conv_ch = lite ? 8 : 16,
                             .conv_depthwise = 1,
                             .convt_depthwise = 1,
                             .kernel = {1, 3},
                             .kernel_t = {1, 3},
                             .kernel_inp = {3, 3},
                             .emb_hidden = lite ? 128 : 256,
                             .emb_layers = lite ? 1 : 2,
                             .df_hidden = lite ? 128 : 256,
                             .df_layers = lite ? 2 : 3,
                             .df_path_kernel_t = 5,
                             .enc_groups = 16,
                             .linear_groups = 1,
                             .mamba = {.states = lite ? 8 : 16, .taps = 4, .expand = 2},
                             .phase_branch = !lite,
                             .time_ch = 32,
                             .phase_ch = 32,
                             .phase_groups = 16,
                             .fusion_size = 256,
                             .fusion_heads = 8,
                             .fusion_window = 32,
                             .fusion_recency = 1,
                             .use_df = 1,
                             .multi_res = !lite,
                             .order_max = 7,
                             .order_min = 2,
                             .vad = 1};
    memcpy(c->resolutions_text, "96,5;48,3;24,2", sizeof "96,5;48,3;24,2");
}

/* "bins,order;..." with falling bins; the first are all of the filter's, if it is used. */
static bool read_resolutions(dfn_dfnet4_config *c)
{
    char *p = c->resolutions_text;
    while (c->n_resolution < DFN_RESOLUTIONS_MAX) {
        dfn_resolution *r = &c->resolution[c->n_resolution++];
        char *end;
        r->bins = (int)strtol(p, &end, 10);
        if (end == p || *end != ',')
            return false;
        r->order = (int)strtol(p = end + 1, &end, 10);
        const int above = c->n_resolution > 1 ? r[-1].bins : c->fft_size;
        if (end == p || r->bins < 1 || r->bins >= above || r->order < 1 || r->order > 16)
            return false;
        if (!*end)
            return !c->multi_res || c->resolution[0].bins == c->nb_df;
        if (*end != ';')
            return false;
        p = end + 1;
    }
    return false;
}

static dfn_filter choose_filter(const dfn_dfnet4_config *c)
{
    if (!c->use_df)
        return DFN_FILTER_NONE;
    if (c->adaptive)
        return DFN_FILTER_ADAPTIVE;
    if (c->multi_res)
        return c->resolution_weights ? DFN_FILTER_WEIGHTED : DFN_FILTER_GROUPS;
    return DFN_FILTER_SINGLE;
}

/* Taps of the shortest filter that can come to stand alone. */
static int lowest_order(const dfn_dfnet4_config *c)
{
    int order = c->df_order;
    switch (choose_filter(c)) {
    case DFN_FILTER_GROUPS:
        order = c->resolution[0].order;
        for (int i = 1; i < c->n_resolution; i++)
            if (order > c->resolution[i].order)
                order = c->resolution[i].order;
        return order;
    case DFN_FILTER_WEIGHTED: return c->resolution[0].order; /* it covers all bins */
    case DFN_FILTER_ADAPTIVE: return c->order_min;
    case DFN_FILTER_SINGLE: return order;
    case DFN_FILTER_NONE: break;
    }
    return c->df_lookahead + 1;
}

/* The first combination of values that cannot work, or NULL. */
static const char *contradiction(const dfn_dfnet4_config *c)
{
    if (c->fft_size != 2 * c->hop_size)
        return "fft_size must be twice hop_size";
    if (c->nb_df > c->fft_size / 2 || c->nb_df % 2 || c->nb_erb % 4)
        return "nb_df must be even and below fft_size / 2, nb_erb a multiple of 4";
    if (c->lsnr_min >= c->lsnr_max)
        return "lsnr_min must be below lsnr_max";
    if (c->df_lookahead > c->conv_lookahead)
        return "df_lookahead must not exceed conv_lookahead";
    if (c->df_lookahead >= lowest_order(c)) /* such a filter would miss its own frame */
        return "df_lookahead must be below every order of the filter";
    if (c->kernel_t[0] != 1 || c->kernel[1] % 2 == 0 || c->kernel_t[1] % 2 == 0 ||
        c->kernel_inp[1] % 2 == 0)
        return "kernels must be odd along frequency, convt_kernel 1 along time";
    if (c->time_branch && c->hop_size != 480)
        return "use_time_branch needs a hop_size of 480";
    if (c->adaptive && c->multi_res)
        return "adaptive_order and use_multi_res_df exclude each other";
    if (c->adaptive && c->order_min >= c->order_max)
        return "adaptive_order_min must be below adaptive_order_max";
    if (c->multi_res && c->resolution_weights && c->n_resolution < 2)
        return "df_resolution_weights needs two or more df_resolutions";
    return NULL;
}

dfn_status dfn_dfnet4_parse(dfn_dfnet4_config *c, const char *text, const char *name,
                            dfn_error *err)
{
    dfn_status status = DFN_OK;
    for (int pass = 0; pass < 2 && !status; pass++) { /* the variant decides the defaults */
        set_defaults(c, pass ? c->lite : 0);
        status = dfn_config_parse(c, keys, sizeof keys / sizeof *keys, training_sections,
                                  text, name, err);
    }
    if (status)
        return status;
    if (!read_resolutions(c))
        return dfn_fail(
            err, DFN_ERR_FORMAT,
            "%s: df_resolutions must be pairs 'bins,order' with ';', at most %d, "
            "from nb_df bins downwards",
            name, DFN_RESOLUTIONS_MAX);
    const char *why = contradiction(c);
    if (why)
        return dfn_fail(err, DFN_ERR_FORMAT, "%s: %s", name, why);
    c->filter = choose_filter(c);
    c->alpha = dfn_norm_alpha(c->sample_rate, c->hop_size, c->norm_tau);
    dfn_error inner = {0};
    status = dfn_erb_widths(c->erb_widths, c->sample_rate, c->fft_size, c->nb_erb,
                            c->min_nb_erb, &inner);
    return status ? dfn_fail(err, DFN_ERR_FORMAT, "%s: %s", name, inner.text) : DFN_OK;
}
