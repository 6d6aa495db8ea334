/* DeepFilterNet4 as a whole against the reference: full, lite and GRU models on real
 * speech, and every gradient of a training step of a small one. */
#include "check.h"
#include "golden_graph.h"
#include "model/dfnet4.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The configuration of a case, from the sizes it names. */
static void configure(dfn_dfnet4_config *config, const golden *c)
{
    static const struct {
        const char *hyper, *key;
    } sizes[] = {{"conv_ch", "conv_ch"},
                 {"emb_hidden", "emb_hidden_dim"},
                 {"df_hidden", "df_hidden_dim"},
                 {"d_state", "mamba_d_state"},
                 {"d_conv", "mamba_d_conv"},
                 {"df_layers", "df_num_layers"},
                 {"enc_lin_groups", "enc_linear_groups"}};
    char text[1024];
    dfn_error err = {0};
    const char *variant = golden_text(c, "variant"), *backbone = golden_text(c, "backbone");
    size_t n =
        (size_t)snprintf(text, sizeof text,
                         "[deepfilternet4]\nvad_head = false\nuse_phase_branch = false\n"
                         "use_multi_res_df = false\nmodel_variant = %s\nbackbone = %s\n",
                         variant ? variant : "full", backbone ? backbone : "mamba");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (golden_number(c, sizes[i].hyper, -1) >= 0)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s = %g\n", sizes[i].key,
                                  golden_number(c, sizes[i].hyper, -1));
    /* with a kernel of one frame no padding comes first, and the convolution is module 0 */
    const char *path = "w.df_dec.df_convp.0.weight";
    if (!golden_has(c, path))
        path = "w.df_dec.df_convp.1.weight";
    n += (size_t)snprintf(text + n, sizeof text - n, "df_pathway_kernel_size_t = %zu\n",
                          golden_tensor(c, path)->dim[2]);
    if (golden_number(c, "erb_dec_layers", -1) >= 0)
        snprintf(text + n, sizeof text - n, "emb_num_layers = %g\n",
                 golden_number(c, "erb_dec_layers", -1) + 1);
    if (dfn_dfnet4_parse(config, text, "case", &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    config->batch_norm = true;
}

/* From the features of the case to the enhanced spectrum. `head` also names the
 * coefficients without the convolution beside the bottleneck: some cases hold those. */
static dfn_graph *build(const golden *c)
{
    dfn_dfnet4_config config;
    dfn_error err = {0};
    dfn_graph *g = dfn_graph_new();
    configure(&config, c);
    const dfn_dfnet4_input in = {
        .erb = dfn_graph_input(g, "erb", (dfn_shape){1, {1, 1, config.nb_erb}}),
        .df = dfn_graph_input(g, "df", (dfn_shape){1, {1, config.nb_df, 2}}),
        .spec = -1,
        .wave = -1};
    dfn_value spec =
        dfn_graph_input(g, "spec", (dfn_shape){1, {1, config.fft_size / 2 + 1, 2}});
    const dfn_dfnet4_output out = dfn_dfnet4_body(g, &config, in);
    dfn_value noisy;
    dfn_graph_output(g, "emb", out.emb);
    dfn_graph_output(g, "lsnr", out.lsnr);
    dfn_graph_output(g, "mask", out.mask);
    dfn_graph_output(g, "coefs", out.coefs);
    dfn_graph_output(g, "head", out.coefs < 0 ? -1 : dfn_graph_node(g, out.coefs).in[0]);
    dfn_graph_output(
        g, "enhanced",
        dfn_dfnet4_enhance(g, &config, spec, out.mask, out.coefs, out.keep, &noisy));
    if (dfn_graph_finish(g, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    return g;
}

static void feed(const golden_rig *r)
{
    golden_input(r, "erb", "in.feat_erb", NULL);
    golden_input(r, "df", "in.feat_spec", NULL);
    golden_input(r, "spec", "in.spec", NULL);
}

/* The first frames of the enhanced spectrum, which is all that some tensors hold. */
static void compare_start(const golden_rig *r, const char *tensor)
{
    const dfn_value v = dfn_graph_find(r->g, "enhanced");
    golden_compare(r->c, tensor, dfn_plan_data(r->plan, v), sizeof(float),
                   golden_tensor(r->c, tensor)->count);
}

static double distance(const golden_rig *r, const char *port, const char *tensor)
{
    /* [tap][frame][bin] of the file against [frame][bin][tap] of ours */
    const dfn_tensor *t = golden_tensor(r->c, tensor);
    const dfn_value v = dfn_graph_find(r->g, port);
    const float *x = dfn_plan_data(r->plan, v);
    const size_t O = t->dim[1], T = t->dim[2], F = t->dim[3];
    double worst = 0;
    for (size_t o = 0; o < O; o++)
        for (size_t i = 0; i < T * F * 2; i++)
            worst = fmax(worst, fabs(golden_at(t, o * T * F * 2 + i) -
                                     (double)x[(i / 2 * O + o) * 2 + i % 2]));
    return worst;
}

/* Trainable numbers of the reference. */
static size_t parameters(const golden *c)
{
    size_t n = 0;
    for (size_t i = 0; golden_get(c, i); i++)
        if (!strncmp(golden_get(c, i)->name, "w.", 2) &&
            !strstr(golden_get(c, i)->name, "running"))
            n += golden_get(c, i)->count;
    return n;
}

static void check_inference(const char *name)
{
    golden_rig r;
    golden *c = golden_open(name);
    dfn_graph *g = build(c);
    const int T = (int)golden_number(c, "T", 0);
    CHECK(dfn_graph_parameters(g) == parameters(c), "%s: %zu parameters, the file has %zu",
          name, dfn_graph_parameters(g), parameters(c));
    golden_rig_open(&r, c, g, DFN_EVAL, DFN_F32, 1, T);
    feed(&r);
    golden_run(&r);
    golden_compare_output(&r, "emb", "out.emb", NULL);
    golden_compare_output(&r, "lsnr", "out.lsnr", NULL);
    golden_compare_output(&r, "mask", "out.m", NULL);
    /* one of the two, whole; the enhanced spectrum belongs to the wired form */
    const bool wired =
        distance(&r, "coefs", "out.coefs") < distance(&r, "head", "out.coefs");
    printf("%s: coefficients of the reference are %s the pathway\n", name,
           wired ? "with" : "without");
    golden_compare_output(&r, wired ? "coefs" : "head", "out.coefs", "BOTFC:BTFOC");
    compare_start(&r, wired ? "out.spec_e" : "out.spec_e.alt");
    golden_rig_close(&r);
    dfn_graph_free(g);
    golden_close(c);
}

static void check_training(const char *name)
{
    golden_rig r;
    golden *c = golden_open(name);
    dfn_graph *g = build(c);
    golden_rig_open(&r, c, g, DFN_TRAIN, DFN_F32, (int)golden_number(c, "B", 1),
                    (int)golden_number(c, "T", 0));
    feed(&r);
    golden_run(&r);
    golden_compare_output(&r, "lsnr", "out.lsnr", NULL);
    golden_compare_output(&r, "mask", "out.m", NULL);
    golden_compare_output(&r, "coefs", "out.coefs", "BOTFC:BTFOC");
    golden_compare_output(&r, "enhanced", "out.spec_e", NULL);
    golden_output_grad(&r, "lsnr", "dout.lsnr", NULL);
    golden_output_grad(&r, "mask", "dout.m", NULL);
    golden_output_grad(&r, "coefs", "dout.coefs", "BOTFC:BTFOC");
    golden_output_grad(&r, "enhanced", "dout.spec_e", NULL);
    golden_backward(&r);
    golden_compare_weight_grads(&r, "grad.");
    golden_rig_close(&r);
    dfn_graph_free(g);
    golden_close(c);
}

int main(void)
{
    char **names = golden_list("model_");
    if (!names || !*names) {
        free(names);
        return golden_skip();
    }
    for (char **name = names; *name; name++)
        if (strstr(*name, "train"))
            check_training(*name);
        else
            check_inference(*name);
    free(names);
    return check_report();
}
