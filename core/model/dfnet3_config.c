/* dfnet3_config.c - DeepFilterNet's config.ini for DeepFilterNet3. */
#include "model/config.h"
#include "model/dfnet3.h"

#include <dfnet4/dsp.h>

#define INT(section, key, field, min, max)                                                 \
    {                                                                                      \
        section, key, DFN_CONFIG_INT, offsetof(dfn_dfnet3_config, field), min, max, NULL   \
    }
#define REAL(section, key, field, min, max)                                                \
    {                                                                                      \
        section, key, DFN_CONFIG_REAL, offsetof(dfn_dfnet3_config, field), min, max, NULL  \
    }
#define KERNEL(key, field)                                                                 \
    {                                                                                      \
        "deepfilternet", key, DFN_CONFIG_PAIR, offsetof(dfn_dfnet3_config, field), 1, 7,   \
            NULL                                                                           \
    }
#define ONLY(section, key, value)                                                          \
    {                                                                                      \
        section, key, DFN_CONFIG_FIXED, 0, 0, 0, value                                     \
    }
#define NO_EFFECT(section, key)                                                            \
    {                                                                                      \
        section, key, DFN_CONFIG_NO_EFFECT, 0, 0, 0, NULL                                  \
    }

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
    INT("df", "df_lookahead", lookahead, 0, 8),
    NO_EFFECT("df", "pad_mode"), /* how a trainer pads; a stream has no ends */
    INT("deepfilternet", "conv_lookahead", conv_lookahead, 0, 8),
    INT("deepfilternet", "conv_ch", conv_ch, 1, 512),
    INT("deepfilternet", "emb_hidden_dim", emb_hidden, 1, 4096),
    INT("deepfilternet", "emb_num_layers", emb_layers, 2, 8),
    INT("deepfilternet", "enc_linear_groups", enc_groups, 1, 256),
    INT("deepfilternet", "linear_groups", linear_groups, 1, 256),
    INT("deepfilternet", "df_hidden_dim", df_hidden, 1, 4096),
    INT("deepfilternet", "df_num_layers", df_layers, 1, 8),
    INT("deepfilternet", "df_pathway_kernel_size_t", df_path_kernel_t, 1, 16),
    KERNEL("conv_kernel", kernel),
    KERNEL("convt_kernel", kernel_t),
    KERNEL("conv_kernel_inp", kernel_inp),
    {"deepfilternet", "df_gru_skip", DFN_CONFIG_CHOICE,
     offsetof(dfn_dfnet3_config, df_skip), 0, 0, "groupedlinear|none"},
    ONLY("deepfilternet", "conv_depthwise", "true"),
    ONLY("deepfilternet", "conv_dec_mode", "transposed"),
    ONLY("deepfilternet", "dfop_method", "df"),
    ONLY("deepfilternet", "enc_concat", "false"),
    ONLY("deepfilternet", "emb_gru_skip", "none"),
    ONLY("deepfilternet", "emb_gru_skip_enc", "none"),
    ONLY("deepfilternet", "mask_pf", "false"),
    ONLY("deepfilternet", "df_n_iter", "1"),
    ONLY("deepfilternet", "group_shuffle", "false"),
    NO_EFFECT("deepfilternet",
              "convt_depthwise"),               /* the reference is depthwise either way */
    NO_EFFECT("deepfilternet", "lsnr_dropout"), /* training */
};

const dfn_config_key *dfn_dfnet3_keys(size_t *n)
{
    *n = sizeof keys / sizeof *keys;
    return keys;
}

/* Sections of DeepFilterNet's config.ini that only its trainer reads. */
static const char *const training_sections[] = {
    "train",       "distortion",       "localsnrloss", "maskloss", "spectralloss",
    "dfalphaloss", "multiresspecloss", "optim",        "sdrloss",  "asrloss",
    NULL};

dfn_status dfn_dfnet3_parse(dfn_dfnet3_config *c, const char *text, const char *name,
                            dfn_error *err)
{
    *c = (dfn_dfnet3_config){.sample_rate = 48000,
                             .fft_size = 960,
                             .hop_size = 480,
                             .nb_erb = 32,
                             .min_nb_erb = 2,
                             .nb_df = 96,
                             .df_order = 5,
                             .lookahead = 2,
                             .conv_lookahead = 2,
                             .norm_tau = 1,
                             .lsnr_min = -15,
                             .lsnr_max = 35,
                             .conv_ch = 64,
                             .emb_hidden = 256,
                             .emb_layers = 3,
                             .enc_groups = 32,
                             .linear_groups = 16,
                             .df_hidden = 256,
                             .df_layers = 2,
                             .df_path_kernel_t = 5,
                             .kernel = {1, 3},
                             .kernel_t = {1, 3},
                             .kernel_inp = {3, 3}};
    dfn_status status = dfn_config_parse(c, keys, sizeof keys / sizeof *keys,
                                         training_sections, text, name, err);
    if (status)
        return status;
    if (c->conv_lookahead != c->lookahead)
        return dfn_fail(err, DFN_ERR_FORMAT, "%s: conv_lookahead and df_lookahead differ",
                        name);
    if (c->fft_size != 2 * c->hop_size || c->nb_df > c->fft_size / 2 || c->nb_df % 2 ||
        c->nb_erb % 4 || c->lsnr_min >= c->lsnr_max || c->kernel_t[0] != 1)
        return dfn_fail(err, DFN_ERR_FORMAT, "%s: sizes in [df] do not fit together", name);
    c->alpha = dfn_norm_alpha(c->sample_rate, c->hop_size, c->norm_tau);
    dfn_error why = {0};
    status = dfn_erb_widths(c->erb_widths, c->sample_rate, c->fft_size, c->nb_erb,
                            c->min_nb_erb, &why);
    return status ? dfn_fail(err, DFN_ERR_FORMAT, "%s: %s", name, why.text) : DFN_OK;
}
