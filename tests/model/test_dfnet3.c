/* A small DeepFilterNet3 as a whole: gradient through every layer, streaming, causality,
 * buffers - with batch norms (as trained) and folded (as run) - and the sizes of the real
 * one. */
#include "check.h"
#include "model/dfnet3.h"
#include "op_check.h"

/* Everything as small as the structure allows, so that differences are affordable. */
static const char small[] =
    "[df]\nfft_size = 64\nhop_size = 32\nnb_erb = 8\nnb_df = 8\n"
    "df_order = 3\n[deepfilternet]\nconv_ch = 4\nemb_hidden_dim = 8\n"
    "df_hidden_dim = 8\nenc_linear_groups = 4\nlinear_groups = 4\n"
    "df_pathway_kernel_size_t = 3\n";

static void net(dfn_graph *g, const void *context)
{
    dfn_dfnet3_config c;
    if (dfn_dfnet3_parse(&c, small, "small", NULL))
        dfn_graph_refuse(g, "the small config was refused");
    c.batch_norm = *(const bool *)context;
    dfn_dfnet3_net(g, &c);
}

static void apply(dfn_graph *g, const void *context)
{
    dfn_dfnet3_config c;
    (void)context;
    if (dfn_dfnet3_parse(&c, small, "small", NULL))
        dfn_graph_refuse(g, "the small config was refused");
    dfn_dfnet3_apply(g, &c);
}

static void check_sizes(void)
{
    dfn_dfnet3_config c;
    dfn_error err = {0};
    dfn_graph *g = dfn_graph_new();
    if (dfn_dfnet3_parse(&c, "", "default", &err))
        CHECK(false, "%s", err.text);
    dfn_dfnet3_net(g, &c);
    CHECK(dfn_graph_finish(g, &err) == DFN_OK, "%s", err.text);
    /* the official files hold 2 134 641 weights, of which 257 belong to the unused alpha
     * head */
    CHECK(dfn_graph_parameters(g) == 2134641 - 257, "%zu parameters",
          dfn_graph_parameters(g));
    printf("dfnet3: %zu parameters, %llu multiply-adds per hop\n", dfn_graph_parameters(g),
           (unsigned long long)dfn_graph_macs(g));
    dfn_graph_free(g);
}

int main(void)
{
    static const bool batch_norm = true, folded = false;
    op_check(&(op_case){.name = "small dfnet3, folded",
                        .build = net,
                        .context = &folded,

                        .T = 4,
                        .B = 1,
                        .terms = 2000});
    op_check(&(op_case){.name = "small dfnet3, running batch norm",
                        .build = net,
                        .context = &batch_norm,

                        .T = 4,
                        .B = 2,
                        .terms = 2000});
    op_check(&(op_case){.name = "small dfnet3, batch statistics",
                        .build = net,
                        .context = &batch_norm,

                        .T = 4,
                        .B = 2,
                        .terms = 20000,
                        .train = true});
    op_check(&(op_case){
        .name = "small dfnet3, filter stage", .build = apply, .T = 6, .terms = 30});
    check_sizes();
    return op_check_report();
}
