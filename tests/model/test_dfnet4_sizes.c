/* Parameters and multiply-adds of DeepFilterNet4 by formula, written from the description
 * of its layers and not from the graph, for every part that can be switched. */
#include "check.h"
#include "model/dfnet4.h"

#include <stdio.h>
#include <string.h>

typedef dfn_dfnet4_config config;

typedef struct size {
    size_t parameters, products; /* products: multiply-adds of matrices and convolutions */
} size;

/* `weights` numbers used `uses` times per hop, and `others` that multiply nothing. */
static void count(size *s, size_t weights, size_t others, size_t uses)
{
    s->parameters += weights + others;
    s->products += weights * uses;
}

static size_t gcd(size_t a, size_t b) { return b ? gcd(b, a % b) : a; }
static size_t half(size_t bins) { return (bins + 1) / 2; }

/* Convolution, 1x1 convolution if it is separable, batch norm. */
static void conv(size *s, size_t in, size_t out, size_t kt, size_t kf, size_t bins,
                 bool separable)
{
    const size_t groups = separable ? gcd(in, out) : 1;
    count(s, out * in / groups * kt * kf, 0, bins);
    if (groups > 1 && kt * kf > 1)
        count(s, out * out, 0, bins);
    s->parameters += 2 * out;
}

/* The same transposed: every tap of every input bin, then twice as many bins. */
static void upsample(size *s, const config *c, size_t bins)
{
    const size_t C = c->conv_ch, kf = c->kernel_t[1];
    count(s, c->convt_depthwise ? C * kf : C * C * kf, 0, bins);
    if (c->convt_depthwise)
        count(s, C * C, 0, 2 * bins);
    s->parameters += 2 * C;
}

static void mamba(size *s, const config *c, size_t D)
{
    const size_t M = c->mamba.expand * D, N = c->mamba.states, R = (D + 15) / 16;
    s->parameters += 2 * D;            /* layer norm */
    count(s, 2 * M * D, 0, 1);         /* in */
    count(s, M * c->mamba.taps, M, 1); /* convolution */
    count(s, (R + 2 * N) * M, 0, 1);   /* x */
    count(s, M * R, M, 1);             /* dt */
    s->parameters += M * N + M;        /* A, D */
    count(s, D * M, 0, 1);             /* out */
}

static void remember(size *s, const config *c, size_t D)
{
    if (c->backbone == DFN_BACKBONE_GRU)
        count(s, 6 * D * D, 6 * D, 1);
    else
        mamba(s, c, D);
}

/* With groups there is no bias. */
static void linear(size *s, size_t in, size_t out, size_t groups)
{
    count(s, in * out / groups, groups > 1 ? 0 : out, 1);
}

static void grouped(size *s, size_t in, size_t out, size_t groups)
{
    count(s, in * out / groups, 0, 1);
}

static void sequence(size *s, const config *c, size_t in, size_t hidden, size_t layers,
                     size_t out, size_t groups_in)
{
    const bool gru = c->backbone == DFN_BACKBONE_GRU;
    gru ? grouped(s, in, hidden, groups_in) : linear(s, in, hidden, c->linear_groups);
    for (size_t i = 0; i < layers; i++)
        remember(s, c, hidden);
    if (out)
        gru ? grouped(s, hidden, out, c->linear_groups)
            : linear(s, hidden, out, c->linear_groups);
}

static void skip(size *s, const config *c, int kind, size_t in, size_t out)
{
    if (kind == DFN_SKIP_GROUPED)
        grouped(s, in, out, c->linear_groups);
}

static void branches(size *s, const config *c, size_t in, size_t emb)
{
    const size_t S = c->fusion_size;
    size_t width[3], n = 0, bins = c->nb_df, channels = c->group_delay ? 4 : 2;
    if (c->time_branch) {
        static const size_t kernel[] = {7, 5, 5, 7}, steps[] = {96, 24, 6, 1};
        for (size_t i = 0, from = 1; i < 4; i++) {
            const size_t to = (size_t)c->time_ch << i;
            count(s, from * to * kernel[i], 3 * to, steps[i]); /* bias, batch norm */
            from = to;
        }
        linear(s, (size_t)c->time_ch << 3, S, 1);
    }
    for (size_t i = 0; c->phase_branch && i < 3; i++) {
        const size_t to = (size_t)c->phase_ch << i;
        bins = i ? half(bins) : bins;
        conv(s, channels, to, i ? 1 : 3, 3, bins, true);
        channels = to;
    }
    if (c->phase_branch)
        linear(s, bins * channels, S, c->phase_groups);
    if (c->time_branch || c->fusion == DFN_FUSION_ATTENTION)
        width[n++] = c->time_branch ? S : in;
    width[n++] = in;
    if (c->phase_branch || c->fusion == DFN_FUSION_ATTENTION)
        width[n++] = c->phase_branch ? S : in;
    for (size_t i = 0; i < n; i++)
        linear(s, width[i], S, 1);
    if (c->fusion == DFN_FUSION_ATTENTION) {
        for (int i = 0; i < 8; i++) /* two attentions of q, k, v, out */
            linear(s, S, S, 1);
        linear(s, 3 * S, 2 * S, 1);
        linear(s, 2 * S, S, 1);
        s->parameters += 6 * S; /* three layer norms */
    } else {
        linear(s, S, S, 1);
        s->parameters += n + 2 * S; /* weights of the sum, layer norm */
    }
    for (int i = 0; i < c->emb_layers; i++)
        remember(s, c, S);
    linear(s, S, emb, 1);
}

static void filter(size *s, const config *c, size_t emb)
{
    const size_t H = c->df_hidden, C = c->conv_ch;
    static const int groups[][2] = {{2, 3}, {2, 2}, {4, 1}}; /* bins, order: 8,3;4,2;2,1 */
    size_t order = 0;
    sequence(s, c, emb, H, c->df_layers, 0, 8);
    skip(s, c, c->df_skip, emb, H);
    switch (c->filter) {
    case DFN_FILTER_SINGLE:
        order = c->df_order;
        grouped(s, H, c->nb_df * order * 2, c->linear_groups);
        break;
    case DFN_FILTER_GROUPS:
        order = 3;
        for (int i = 0; i < 3; i++)
            grouped(s, H, 2 * groups[i][0] * groups[i][1], c->linear_groups);
        break;
    case DFN_FILTER_WEIGHTED:
        order = 3;
        for (int i = 0; i < c->n_resolution; i++)
            grouped(s, H, 2 * c->resolution[i].bins * c->resolution[i].order,
                    c->linear_groups);
        s->parameters += c->n_resolution;
        break;
    case DFN_FILTER_ADAPTIVE:
        order = c->order_max;
        linear(s, H + 1, 64, 1);
        linear(s, 64, order - c->order_min + 1, 1);
        grouped(s, H, c->nb_df * order * 2, 1);
        break;
    case DFN_FILTER_NONE: break;
    }
    conv(s, C, 2 * order, c->df_path_kernel_t, 1, c->nb_df, true);
}

static size formula(const config *c)
{
    size s = {0};
    const size_t C = c->conv_ch, E = c->nb_erb, emb = C * E / 4, G = c->linear_groups;
    const size_t in = c->enc_concat ? 2 * emb : emb;
    const size_t kt = c->kernel[0], kf = c->kernel[1];
    const bool separable = c->conv_depthwise;
    conv(&s, 1, C, c->kernel_inp[0], c->kernel_inp[1], E, separable);
    conv(&s, C, C, kt, kf, E / 2, separable);
    conv(&s, C, C, kt, kf, E / 4, separable);
    conv(&s, C, C, kt, kf, E / 4, separable);
    conv(&s, 2, C, c->kernel_inp[0], c->kernel_inp[1], c->nb_df, separable);
    conv(&s, C, C, kt, kf, c->nb_df / 2, separable);
    grouped(&s, c->nb_df / 2 * C, emb, c->enc_groups);
    if (c->time_branch || c->phase_branch)
        branches(&s, c, in, emb);
    else
        sequence(&s, c, in, c->emb_hidden, 1, emb, G);
    skip(&s, c, c->emb_skip_enc, in, emb);
    linear(&s, emb, 1, 1);
    if (c->vad)
        linear(&s, emb, 1, 1);
    sequence(&s, c, emb, c->emb_hidden, c->emb_layers > 1 ? c->emb_layers - 1 : 1, emb, G);
    skip(&s, c, c->emb_skip, emb, emb);
    const size_t bins[] = {E / 4, E / 4, E / 2, E};
    for (int i = 0; i < 4; i++)
        conv(&s, C, C, 1, 1, bins[i], separable);
    conv(&s, C, C, kt, kf, E / 4, separable);
    upsample(&s, c, E / 4);
    upsample(&s, c, E / 2);
    conv(&s, C, 1, kt, kf, E, false);
    if (c->filter != DFN_FILTER_NONE)
        filter(&s, c, emb);
    return s;
}

static size measured(const dfn_graph *g)
{
    static const char *const products[] = {"linear",           "grouped_linear", "conv2d",
                                           "conv_transpose2d", "conv1d",         "gru",
                                           "gated_linear"};
    size s = {.parameters = dfn_graph_parameters(g)};
    for (dfn_value v = 0; v < dfn_graph_node_count(g); v++)
        for (size_t i = 0; i < sizeof products / sizeof *products; i++)
            if (!strcmp(dfn_graph_node(g, v).op, products[i]))
                s.products += (size_t)dfn_graph_node(g, v).macs;
    return s;
}

static void check(const char *text)
{
    config c;
    dfn_error err = {0};
    dfn_graph *g = dfn_graph_new();
    CHECK(dfn_dfnet4_parse(&c, text, "sizes", &err) == DFN_OK, "%s", err.text);
    c.batch_norm = true;
    dfn_dfnet4_net(g, &c);
    CHECK(dfn_graph_finish(g, &err) == DFN_OK, "%s", err.text);
    const size got = measured(g), want = formula(&c);
    CHECK(got.parameters == want.parameters, "%s%zu parameters, by formula %zu", text,
          got.parameters, want.parameters);
    CHECK(got.products == want.products, "%s%zu products, by formula %zu", text,
          got.products, want.products);
    printf("%8zu parameters, %8zu products:", got.parameters, got.products);
    for (const char *p = strrchr(text, ']') + 1; *p; p++)
        putchar(*p == '\n' ? ' ' : *p);
    putchar('\n');
    dfn_graph_free(g);
}

#define BASE                                                                               \
    "[df]\nnb_df = 8\nnb_erb = 16\n[deepfilternet4]\ndf_resolutions = 8,3;4,2;2,1\n"
#define PLAIN BASE "use_phase_branch = false\nuse_multi_res_df = false\n"

int main(void)
{
    static const char *const texts[] = {
        "[deepfilternet4]\nuse_phase_branch = false\nuse_multi_res_df = false\n",
        "[deepfilternet4]\nmodel_variant = lite\n",
        PLAIN "conv_ch = 24\nemb_hidden_dim = 96\ndf_hidden_dim = 96\nmamba_d_state = 12\n"
              "emb_num_layers = 4\ndf_num_layers = 1\nmamba_expand = 3\nmamba_d_conv = 2\n",
        PLAIN "backbone = gru\n",
        BASE "use_phase_branch = false\n",
        BASE "use_phase_branch = false\ndf_resolution_weights = true\n",
        PLAIN "adaptive_order = true\nadaptive_order_max = 6\n",
        PLAIN "use_df = false\nvad_head = false\n",
        BASE "use_multi_res_df = false\n",
        BASE "phase_group_delay = true\nphase_branch_ch = 6\nphase_linear_groups = 4\n",
        BASE "fusion_type = attention\nphase_linear_groups = 1\nfusion_dim = 64\n",
        BASE "use_phase_branch = false\nuse_time_branch = true\ntime_branch_ch = 5\n",
        BASE "use_time_branch = true\nfusion_type = attention\nbackbone = gru\n",
        PLAIN "emb_gru_skip = groupedlinear\nemb_gru_skip_enc = groupedlinear\n"
              "df_gru_skip = groupedlinear\nenc_concat = true\nlinear_groups = 4\n",
        PLAIN "conv_depthwise = false\nconvt_depthwise = false\nconv_kernel = 2,3\n"
              "conv_kernel_inp = 2,5\nconvt_kernel = 1,5\ndf_pathway_kernel_size_t = 1\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check(texts[i]);
    return check_report();
}
