/* The encoder of phase features, three convolution blocks and a linear, against PyTorch:
 * all frames at once with every gradient, and frame by frame. */
#include "check.h"
#include "golden_graph.h"
#include "model/layers.h"

#include <stdlib.h>

static const char order[] = "BCTF:BTFC";

/* The linear reads its map channel by channel, so bins become the innermost axis. */
static void build(dfn_graph *g, const golden *c)
{
    enum { FEW_BINS = 16 }; /* so few are not halved once more */
    const int F = (int)golden_number(c, "n_freqs", 0);
    const int C = (int)golden_number(c, "conv_ch", 0);
    dfn_conv_config conv = {.out = C,
                            .kernel_t = 3,
                            .kernel_f = 3,
                            .stride_f = 1,
                            .separable = true,
                            .batch_norm = true,
                            .act = DFN_ACT_RELU};
    dfn_value v = dfn_graph_input(g, "x", (dfn_shape){1, {1, F, 2}});
    v = dfn_conv_norm_act(g, "conv_layers.0", v, conv);
    conv.kernel_t = 1;
    conv.stride_f = 2;
    conv.out = 2 * C;
    v = dfn_conv_norm_act(g, "conv_layers.1", v, conv);
    conv.stride_f = v >= 0 && dfn_graph_shape(g, v).d[1] > FEW_BINS ? 2 : 1;
    conv.out = 4 * C;
    v = dfn_conv_norm_act(g, "conv_layers.2", v, conv);
    v = dfn_unary(g, DFN_OP_PERMUTE, NULL, v, (dfn_attr){.perm = {0, 2, 1}});
    v = dfn_unary(g, DFN_OP_LINEAR, "out_proj", dfn_flatten(g, v),
                  (dfn_attr){.out = (int)golden_number(c, "out_dim", 0), .bias = true});
    dfn_graph_output(g, "y", v);
}

static void check_mode(const golden *c, const dfn_graph *g, bool train)
{
    const dfn_tensor *x = golden_tensor(c, "in.x");
    golden_rig r;
    golden_check_mode(&r, c, g, train, (int)x->dim[0], (int)x->dim[2], order, NULL);
    if (!train)
        golden_compare_frames(&r, "x", "in.x", order, "y", "out.eval.y");
    golden_rig_close(&r);
}

static void check_case(const char *name)
{
    golden *c = golden_open(name);
    dfn_graph *g = dfn_graph_new();
    dfn_error err = {0};
    build(g, c);
    if (dfn_graph_finish(g, &err)) {
        CHECK(false, "%s: %s", name, err.text);
    } else {
        check_mode(c, g, false);
        check_mode(c, g, true);
    }
    dfn_graph_free(g);
    golden_close(c);
}

int main(void)
{
    char **names = golden_list("phase_encoder");
    const int status = names[0] ? 0 : golden_skip();
    for (int i = 0; names[i]; i++)
        check_case(names[i]);
    free(names);
    return status | check_report();
}
