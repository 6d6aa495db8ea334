/* The causal encoder of a waveform, conv1d by conv1d down to one vector per hop, against
 * PyTorch: every case called wave_encoder*, whole and hop by hop. */
#include "check.h"
#include "golden_graph.h"

#include <stdlib.h>
#include <string.h>

static const dfn_attr gelu = {.act = DFN_ACT_GELU};

static double number(const golden *c, const char *list, int i)
{
    char path[64];
    snprintf(path, sizeof path, "%s.%d", list, i);
    return golden_number(c, path, 0);
}

/* Outputs "l0" .. of the layers, and "y". */
static void build(dfn_graph *g, const golden *c)
{
    const int base = (int)golden_number(c, "base_channels", 0);
    int hop = 1, layers = 0;
    while (number(c, "strides", layers) > 0)
        hop *= (int)number(c, "strides", layers++);
    dfn_value v = dfn_graph_input(g, "x", (dfn_shape){1, {1, hop, 1}});
    for (int i = 0; i < layers; i++) {
        char name[64];
        const dfn_attr conv = {.out = base << i,
                               .kernel_t = (int)number(c, "kernels", i),
                               .stride_t = (int)number(c, "strides", i),
                               .causal = true,
                               .bias = true};
        snprintf(name, sizeof name, "encoder.%d.0", i);
        v = dfn_graph_add(g, DFN_OP_CONV1D, name, &conv, 1, &v);
        snprintf(name, sizeof name, "encoder.%d.1", i);
        v = dfn_graph_add(g, DFN_OP_BATCH_NORM, name, NULL, 1, &v);
        v = dfn_graph_add(g, DFN_OP_ACTIVATION, NULL, &gelu, 1, &v);
        snprintf(name, sizeof name, "l%d", i);
        dfn_graph_output(g, name, v);
    }
    const dfn_attr proj = {.out = (int)golden_number(c, "out_dim", 0), .bias = true};
    dfn_graph_output(g, "y", dfn_graph_add(g, DFN_OP_LINEAR, "proj", &proj, 1, &v));
}

static void check_mode(const golden *c, const dfn_graph *g, bool train)
{
    golden_rig r;
    golden_check_mode(&r, c, g, train, (int)golden_number(c, "B", 0),
                      (int)golden_number(c, "T", 0), NULL, NULL);
    if (train)
        golden_compare_statistics(&r, "out.train.");
    else
        golden_compare_frames(&r, "x", "in.x", NULL, "y", "out.eval.y");
    golden_rig_close(&r);
}

/* Forward only, with the layers in between. */
static void check_layers(const golden *c, const dfn_graph *g)
{
    golden_rig r;
    golden_rig_open(&r, c, g, DFN_INFER, DFN_F32, (int)golden_number(c, "B", 0),
                    (int)golden_number(c, "T", 0));
    golden_input(&r, "x", "in.x", NULL);
    golden_run(&r);
    for (int i = 0; i < 8; i++) {
        char port[16], tensor[16];
        snprintf(port, sizeof port, "l%d", i);
        snprintf(tensor, sizeof tensor, "out.l%d", i);
        if (golden_has(c, tensor))
            golden_compare_output(&r, port, tensor, "BCT:BTC");
    }
    golden_compare_output(&r, "y", "out.y", NULL);
    golden_compare_frames(&r, "x", "in.x", NULL, "y", "out.y");
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
    } else if (golden_has(c, "out.eval.y")) {
        check_mode(c, g, false);
        check_mode(c, g, true);
    } else {
        check_layers(c, g);
    }
    dfn_graph_free(g);
    golden_close(c);
}

int main(void)
{
    char **names = golden_list("wave_encoder");
    const int status = names[0] ? 0 : golden_skip();
    for (int i = 0; names[i]; i++)
        check_case(names[i]);
    free(names);
    return status | check_report();
}
