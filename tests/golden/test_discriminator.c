/* Multi-period and multi-scale discriminators against PyTorch: every feature map, the
 * scores, and the gradients of the waveform and of the normed weights. They use the
 * convolutions that see the whole sequence, with strides, groups and symmetric padding. */
#include "check.h"
#include "golden_graph.h"

#include <stdlib.h>
#include <string.h>

enum { NAME = 96 };

static const dfn_attr leaky = {.act = DFN_ACT_LEAKY_RELU, .alpha = 0.1};

/* Layer `i` of discriminator `k`, whose last layer is called conv_post. */
static const dfn_tensor *layer(const golden *c, char name[NAME], int k, int i)
{
    char tensor[NAME + 16];
    snprintf(name, NAME, "discriminators.%d.convs.%d", k, i);
    snprintf(tensor, sizeof tensor, "w.%s.weight_v", name);
    if (!golden_has(c, tensor)) {
        snprintf(name, NAME, "discriminators.%d.conv_post", k);
        snprintf(tensor, sizeof tensor, "w.%s.weight_v", name);
    }
    return golden_tensor(c, tensor);
}

/* All layers of discriminator `k` on v, with outputs "fmapK_L" and "scoreK". */
static void add_layers(dfn_graph *g, const golden *c, dfn_op_kind op, int k,
                       const int *stride, dfn_value v)
{
    char name[NAME], port[32];
    bool post = false;
    for (int i = 0; !post; i++) {
        const dfn_tensor *w = layer(c, name, k, i);
        post = strstr(name, "conv_post") != NULL;
        const int channels = v < 0 ? 1 : dfn_graph_shape(g, v).d[2];
        const int kernel = (int)w->dim[2];
        const dfn_attr attr = {.out = (int)w->dim[0],
                               .kernel_t = kernel,
                               .stride_t = stride[i],
                               .pad_t = kernel / 2,
                               .groups = channels / (int)w->dim[1],
                               .bias = true};
        v = dfn_graph_add(g, op, name, &attr, 1, &v);
        if (!post)
            v = dfn_graph_add(g, DFN_OP_ACTIVATION, NULL, &leaky, 1, &v);
        snprintf(port, sizeof port, "fmap%d_%d", k, i);
        dfn_graph_output(g, port, v);
    }
}

/* Period p: the signal in rows of p, each column on its own. */
static int build_periods(dfn_graph *g, const golden *c, dfn_value x)
{
    static const int stride[] = {3, 3, 3, 3, 1, 1};
    for (int k = 0;; k++) {
        char path[32];
        snprintf(path, sizeof path, "periods.%d", k);
        const dfn_attr fold = {.size = (int)golden_number(c, path, 0)};
        if (!fold.size)
            return k;
        const dfn_value v = dfn_graph_add(g, DFN_OP_REFLECT_PAD, NULL, &fold, 1, &x);
        add_layers(g, c, DFN_OP_CONV2D, k, stride, v);
    }
}

/* Scale k: the signal averaged k times over. */
static int build_scales(dfn_graph *g, const golden *c, dfn_value x)
{
    static const int stride[] = {1, 2, 2, 4, 4, 1, 1, 1};
    static const dfn_attr pool = {.size = 4, .hop = 2, .pad_t = 2};
    const int scales = (int)golden_number(c, "scales", 0);
    for (int k = 0; k < scales; k++) {
        if (k)
            x = dfn_graph_add(g, DFN_OP_AVG_POOL1D, NULL, &pool, 1, &x);
        add_layers(g, c, DFN_OP_CONV1D, k, stride, x);
    }
    return scales;
}

/* Feature maps; the last one of a discriminator is its score, with an output gradient. */
static void check_maps(const golden_rig *r, int k)
{
    char port[32], tensor[40], last[32] = "";
    for (int i = 0; i < 16; i++) {
        snprintf(port, sizeof port, "fmap%d_%d", k, i);
        snprintf(tensor, sizeof tensor, "out.%s", port);
        if (!golden_has(r->c, tensor))
            break;
        const int rank = golden_tensor(r->c, tensor)->rank;
        golden_compare_output(r, port, tensor, rank == 4 ? "BCTF:BTFC" : "BCT:BTC");
        strcpy(last, port);
    }
    snprintf(tensor, sizeof tensor, "out.score%d", k);
    golden_compare_output(r, last, tensor, NULL);
    snprintf(tensor, sizeof tensor, "dout.score%d", k);
    golden_output_grad(r, last, tensor, NULL);
}

static int check_case(const char *name,
                      int (*build)(dfn_graph *, const golden *, dfn_value))
{
    golden *c = golden_open(name);
    if (!c)
        return golden_skip();
    dfn_graph *g = dfn_graph_new();
    dfn_error err = {0};
    const dfn_tensor *x = golden_tensor(c, "in.x");
    const int n = build(g, c, dfn_graph_input(g, "x", (dfn_shape){1, {1, 1, 1}}));
    if (dfn_graph_finish(g, &err)) {
        CHECK(false, "%s: %s", name, err.text);
    } else {
        golden_rig r;
        golden_rig_open(&r, c, g, DFN_EVAL, DFN_F32, (int)x->dim[0], (int)x->dim[1]);
        golden_input(&r, "x", "in.x", NULL);
        golden_run(&r);
        for (int k = 0; k < n; k++)
            check_maps(&r, k);
        golden_backward(&r);
        golden_compare_grad(&r, "x", "grad.x", NULL);
        golden_compare_weight_grads(&r, "grad.");
        golden_rig_close(&r);
    }
    dfn_graph_free(g);
    golden_close(c);
    return 0;
}

int main(void)
{
    const int status = check_case("disc_mpd", build_periods);
    return status ? status : check_case("disc_msd", build_scales) | check_report();
}
