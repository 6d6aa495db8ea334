/* Convolution blocks (convolution, 1x1 convolution, batch norm, activation) against
 * PyTorch: every case called conv*, with running and with batch statistics. */
#include "check.h"
#include "golden_graph.h"

#include <stdlib.h>
#include <string.h>

static const char order[] = "BCTF:BTFC";

/* A weight of layer `i` of the block, or NULL. */
static const dfn_tensor *layer(const golden *c, int i, const char *suffix)
{
    char name[64];
    snprintf(name, sizeof name, "w.%d.%s", i, suffix);
    return golden_has(c, name) ? golden_tensor(c, name) : NULL;
}

static dfn_value add_layer(dfn_graph *g, dfn_op_kind op, int i, dfn_attr attr, dfn_value x)
{
    char name[16];
    snprintf(name, sizeof name, "%d", i);
    return dfn_graph_add(g, op, name, &attr, 1, &x);
}

static dfn_value add_activation(dfn_graph *g, const char *name, dfn_value x)
{
    static const char *const names[DFN_ACT_COUNT] = {
        "none", "relu", "leaky_relu", "gelu", "silu", "sigmoid", "tanh", "softplus"};
    for (int i = 1; i < DFN_ACT_COUNT; i++)
        if (name && !strcmp(name, names[i])) {
            const dfn_attr attr = {.act = (dfn_activation)i};
            return dfn_graph_add(g, DFN_OP_ACTIVATION, NULL, &attr, 1, &x);
        }
    if (name && strcmp(name, "none") != 0)
        dfn_graph_refuse(g, "unknown activation '%s'", name);
    return x;
}

/* The block as the case's weights and numbers say; a layer without weights in front (time
 * padding) shifts the indices. */
static void build(dfn_graph *g, const golden *c, bool transposed)
{
    const int groups = (int)golden_number(c, "groups", 0);
    const int stride = (int)golden_number(c, "fstride", 0);
    const int kt = (int)golden_number(c, "kernel.0", 0);
    const int kf = (int)golden_number(c, "kernel.1", 0);
    const dfn_tensor *x = golden_tensor(c, "in.x"), *w = NULL;
    int i = 0;
    while (!(w = layer(c, i, "weight")) && i < 8)
        i++;
    if (!w) {
        dfn_graph_refuse(g, "no convolution in the case");
        return;
    }
    dfn_attr conv = {.out = (int)w->dim[0],
                     .kernel_t = kt,
                     .kernel_f = kf,
                     .stride_f = stride,
                     .pad_f = kf / 2,
                     .groups = groups,
                     .bias = layer(c, i, "bias") != NULL};
    if (transposed) {
        conv.out = (int)w->dim[1] * groups;
        conv.out_pad_f = stride - 1;
    }
    dfn_value v =
        dfn_graph_input(g, "x", (dfn_shape){1, {1, (int)x->dim[3], (int)x->dim[1]}});
    v = add_layer(g, transposed ? DFN_OP_CONV_TRANSPOSE2D : DFN_OP_CONV2D, i++, conv, v);
    w = layer(c, i, "weight");
    if (w && w->rank == 4)
        v = add_layer(g, DFN_OP_CONV2D, i++, (dfn_attr){.out = (int)w->dim[0]}, v);
    if (layer(c, i, "running_mean"))
        v = add_layer(g, DFN_OP_BATCH_NORM, i, (dfn_attr){0}, v);
    dfn_graph_output(g, "y", add_activation(g, golden_text(c, "act"), v));
}

static void check_mode(const golden *c, const dfn_graph *g, bool train)
{
    const dfn_tensor *x = golden_tensor(c, "in.x");
    golden_rig r;
    golden_check_mode(&r, c, g, train, (int)x->dim[0], (int)x->dim[2], order, order);
    if (train)
        golden_compare_statistics(&r, "out.train.");
    golden_rig_close(&r);
}

static void check_case(const char *name)
{
    golden *c = golden_open(name);
    dfn_graph *g = dfn_graph_new();
    dfn_error err = {0};
    build(g, c, !strncmp(name, "convt", 5));
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
    char **names = golden_list("conv");
    const int status = names[0] ? 0 : golden_skip();
    for (int i = 0; names[i]; i++)
        check_case(names[i]);
    free(names);
    return status | check_report();
}
