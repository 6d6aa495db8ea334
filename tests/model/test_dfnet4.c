/* DeepFilterNet4, every part that can be switched, in networks small enough for
 * differences: gradient through the whole model, streaming, causality, buffers.
 * test_dfnet4_sizes.c counts them. */
#include "check.h"
#include "cpu.h"
#include "model/dfnet4.h"
#include "op_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Everything as small as the structure allows. */
#define TINY                                                                               \
    "[df]\nfft_size = 64\nhop_size = 32\nnb_erb = 8\nnb_df = 8\ndf_order = 3\n"            \
    "[deepfilternet4]\nconv_ch = 4\nemb_hidden_dim = 6\ndf_hidden_dim = 6\n"               \
    "df_num_layers = 1\nenc_linear_groups = 2\nmamba_d_state = 3\nmamba_d_conv = 3\n"      \
    "df_pathway_kernel_size_t = 2\nphase_branch_ch = 2\nfusion_dim = 8\nfusion_heads = "   \
    "2\n"                                                                                  \
    "fusion_window = 3\nphase_linear_groups = 2\ntime_branch_ch = 1\n"                     \
    "df_resolutions = 8,3;4,2;2,1\n"
#define PLAIN TINY "use_phase_branch = false\nuse_multi_res_df = false\n"
#define HOP480 "[df]\nfft_size = 960\nhop_size = 480\n"

typedef struct variant {
    const char *name, *text;
    bool train;
} variant;

static const variant variants[] = {
    {"mamba, one order", PLAIN, false},
    {"mamba, one order, batch statistics", PLAIN, true},
    {"gru", PLAIN "backbone = gru\ndf_hidden_dim = 8\nemb_hidden_dim = 4\n", false},
    {"lite", TINY "model_variant = lite\n", false},
    {"an order per group", TINY "use_phase_branch = false\n", false},
    {"orders with learnt weights",
     TINY "use_phase_branch = false\ndf_resolution_weights = true\n", false},
    {"adaptive order", PLAIN "adaptive_order = true\nadaptive_order_max = 3\n", false},
    {"adaptive order, soft", PLAIN "adaptive_order = true\nadaptive_order_max = 3\n", true},
    {"complex gain", PLAIN "[df]\ndf_order = 1\n", false},
    {"gains only, no voice head", PLAIN "use_df = false\nvad_head = false\n", false},
    {"lookahead 3 and 1", PLAIN "conv_lookahead = 3\n[df]\ndf_lookahead = 1\n", false},
    {"phase branch, simple fusion", TINY "use_multi_res_df = false\n", false},
    {"phase and group delay, attention",
     TINY "phase_group_delay = true\nfusion_type = attention\n", false},
    {"phase branch, attention without recency, dense",
     TINY "fusion_type = attention\nfusion_recency = false\nphase_linear_groups = 1\n",
     false},
    {"time branch, simple fusion",
     TINY "use_phase_branch = false\nuse_time_branch = true\n" HOP480, false},
    {"both branches, attention, gru",
     TINY "use_time_branch = true\nfusion_type = attention\nbackbone = gru\n"
          "df_hidden_dim = 8\n" HOP480,
     false},
    {"identity skips",
     PLAIN "emb_gru_skip = identity\nemb_gru_skip_enc = identity\ndf_hidden_dim = 8\n"
           "df_gru_skip = identity\n",
     false},
    {"grouped skips, concatenation, grouped linears",
     PLAIN "emb_gru_skip = groupedlinear\nemb_gru_skip_enc = groupedlinear\n"
           "df_gru_skip = groupedlinear\nenc_concat = true\nlinear_groups = 2\n",
     false},
    {"dense convolutions, other kernels",
     PLAIN "conv_depthwise = false\nconvt_depthwise = false\nconv_kernel = 2,3\n"
           "conv_kernel_inp = 2,5\nconvt_kernel = 1,5\nmamba_expand = 1\n",
     false},
};

static void parse(dfn_graph *g, dfn_dfnet4_config *c, const variant *v)
{
    dfn_error err = {0};
    if (dfn_dfnet4_parse(c, v->text, v->name, &err))
        dfn_graph_refuse(g, "%s", err.text);
    c->batch_norm = true;
}

static void net(dfn_graph *g, const void *context)
{
    dfn_dfnet4_config c;
    parse(g, &c, context);
    dfn_dfnet4_net(g, &c);
}

static void apply(dfn_graph *g, const void *context)
{
    dfn_dfnet4_config c;
    parse(g, &c, context);
    dfn_dfnet4_apply(g, &c);
}

/* Without coefficients there is silence in every filtered bin, whatever the filter's form.
 */
static void check_silence(const variant *v)
{
    dfn_dfnet4_config c;
    dfn_error err = {0};
    dfn_plan *p = NULL;
    dfn_graph *g = dfn_graph_new();
    parse(g, &c, v);
    dfn_dfnet4_apply(g, &c);
    const dfn_plan_config config = {.batch = 1, .frames = 1, .cpu = test_cpu()};
    if (dfn_graph_finish(g, &err) || dfn_plan_new(&p, g, &config, &err)) {
        CHECK(false, "%s: %s", v->name, err.text);
        dfn_graph_free(g);
        return;
    }
    void *state = calloc(1, dfn_state_bytes(g, DFN_F32) + 64);
    void *aligned = (char *)state + (64 - (uintptr_t)state % 64) % 64;
    float *spec = dfn_plan_data(p, dfn_graph_find(g, "spec"));
    float *mask = dfn_plan_data(p, dfn_graph_find(g, "mask"));
    for (int t = 0; t < 6; t++) {
        for (int i = 0; i < 2 * (c.fft_size / 2 + 1); i++)
            spec[i] = (float)((i * 7 + t) % 5 - 2);
        for (int i = 0; i < c.nb_erb; i++)
            mask[i] = 1;
        float *coefs = dfn_plan_data(p, dfn_graph_find(g, "coefs"));
        const dfn_shape shape = dfn_graph_shape(g, dfn_graph_find(g, "coefs"));
        memset(coefs, 0, dfn_shape_frame(shape) * sizeof *coefs);
        float *keep = dfn_plan_data(p, dfn_graph_find(g, "keep"));
        for (int i = 0; keep && i < c.order_max; i++)
            keep[i] = 1;
        dfn_run(p, NULL, &aligned, 1);
        const float *y = dfn_plan_data(p, dfn_graph_find(g, "enhanced"));
        float loudest = 0;
        for (int i = 0; i < 2 * c.nb_df; i++)
            CHECK(y[i] == 0, "%s: bin %d leaks %g", v->name, i / 2, (double)y[i]);
        for (int i = 2 * c.nb_df; i < 2 * (c.fft_size / 2 + 1); i++)
            loudest = fmaxf(loudest, fabsf(y[i]));
        CHECK(t < c.conv_lookahead || loudest > 0, "%s: the gains do nothing", v->name);
    }
    free(state);
    dfn_plan_free(p);
    dfn_graph_free(g);
}

int main(void)
{
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        const variant *v = &variants[i];
        op_check(&(op_case){.name = v->name,
                            .build = net,
                            .context = v,
                            .T = 4,
                            .B = 1,
                            .terms = v->train ? 20000 : 4000,
                            .train = v->train});
        if (!v->train)
            op_check(&(op_case){.name = "  its filter stage",
                                .build = apply,
                                .context = v,
                                .T = 6,
                                .B = 1,
                                .terms = 30});
        if (!strstr(v->text, "use_df = false"))
            check_silence(v);
    }
    return op_check_report();
}
