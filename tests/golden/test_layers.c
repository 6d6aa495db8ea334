/* linear, grouped linear, layer norm and activations against PyTorch. */
#include "check.h"
#include "golden_graph.h"

#include <stdlib.h>
#include <string.h>

static int size(const golden *c, const char *tensor, int axis)
{
    return (int)golden_tensor(c, tensor)->dim[axis];
}

/* The input of a case, [B][T][D]. */
static dfn_value input(dfn_graph *g, const golden *c)
{
    return dfn_graph_input(g, "x", (dfn_shape){1, {1, 1, size(c, "in.x", 2)}});
}

static dfn_value add(dfn_graph *g, dfn_op_kind op, const char *name, dfn_attr attr,
                     dfn_value x)
{
    return dfn_graph_add(g, op, name, &attr, 1, &x);
}

static void build_linear(dfn_graph *g, const golden *c)
{
    const dfn_attr attr = {.out = size(c, "w.weight", 0), .bias = true};
    dfn_graph_output(g, "y", add(g, DFN_OP_LINEAR, "w", attr, input(g, c)));
}

static void build_layer_norm(dfn_graph *g, const golden *c)
{
    const dfn_attr attr = {.alpha = golden_number(c, "eps", 0)};
    dfn_graph_output(g, "y", add(g, DFN_OP_LAYER_NORM, "w", attr, input(g, c)));
}

static void build_grouped(dfn_graph *g, const golden *c)
{
    const char *act = golden_text(c, "act");
    const dfn_attr attr = {.out = (int)golden_number(c, "O", 0),
                           .groups = (int)golden_number(c, "groups", 0)};
    dfn_value y = add(g, DFN_OP_GROUPED_LINEAR, "0", attr, input(g, c));
    if (!strcmp(act, "ReLU"))
        y = add(g, DFN_OP_ACTIVATION, NULL, (dfn_attr){.act = DFN_ACT_RELU}, y);
    else if (!strcmp(act, "Tanh"))
        y = add(g, DFN_OP_ACTIVATION, NULL, (dfn_attr){.act = DFN_ACT_TANH}, y);
    else if (strcmp(act, "Identity") != 0)
        dfn_graph_refuse(g, "unknown activation '%s'", act);
    dfn_graph_output(g, "y", y);
}

/* DeepFilterNet 1 and 2: a linear layer per group, then the outputs of all groups
 * interleaved. */
static void build_shuffled(dfn_graph *g, const golden *c)
{
    const int G = (int)golden_number(c, "groups", 0);
    const int I = (int)golden_number(c, "I", 0) / G, O = (int)golden_number(c, "O", 0) / G;
    const dfn_value x = input(g, c);
    dfn_value part[8];
    for (int i = 0; i < G && i < 8; i++) {
        char name[32];
        snprintf(name, sizeof name, "layers.%d", i);
        const dfn_attr cut = {.axis = 2, .start = i * I, .length = I};
        const dfn_attr full = {.out = O, .bias = true};
        part[i] = add(g, DFN_OP_LINEAR, name, full, add(g, DFN_OP_SLICE, NULL, cut, x));
    }
    const dfn_attr join = {.axis = 2};
    dfn_value y = dfn_graph_add(g, DFN_OP_CONCAT, NULL, &join, G, part);
    y = add(g, DFN_OP_RESHAPE, NULL, (dfn_attr){.dims = {1, O, G}}, y);
    y = add(g, DFN_OP_PERMUTE, NULL, (dfn_attr){.perm = {0, 2, 1}}, y);
    y = add(g, DFN_OP_RESHAPE, NULL, (dfn_attr){.dims = {1, 1, O * G}}, y);
    dfn_graph_output(g, "y", y);
}

static dfn_graph *finish(dfn_graph *g, const char *name)
{
    dfn_error err = {0};
    if (dfn_graph_finish(g, &err)) {
        fprintf(stderr, "%s: %s\n", name, err.text);
        exit(1);
    }
    return g;
}

/* Forward, and the gradients of input and weights. */
static void check_case(const char *name, void (*build)(dfn_graph *g, const golden *c))
{
    golden *c = golden_open(name);
    if (!c)
        exit(golden_skip());
    dfn_graph *g = dfn_graph_new();
    build(g, c);
    finish(g, name);
    golden_rig r;
    golden_rig_open(&r, c, g, DFN_EVAL, DFN_F32, size(c, "in.x", 0), size(c, "in.x", 1));
    golden_input(&r, "x", "in.x", NULL);
    golden_run(&r);
    golden_compare_output(&r, "y", "out.y", NULL);
    golden_output_grad(&r, "y", "dout.y", NULL);
    golden_backward(&r);
    golden_compare_grad(&r, "x", "grad.x", NULL);
    golden_compare_weight_grads(&r, "grad.");
    golden_rig_close(&r);
    dfn_graph_free(g);
    golden_close(c);
}

static void check_grouped(void)
{
    char **names = golden_list("groupedlinear_");
    if (!names[0])
        exit(golden_skip());
    int plain = 0;
    for (int i = 0; names[i]; i++) {
        const bool shuffled = strstr(names[i], "shuffle") != NULL;
        check_case(names[i], shuffled ? build_shuffled : build_grouped);
        plain += !shuffled;
    }
    CHECK(plain >= 3, "%d plain cases", plain);
    free(names);
}

/* The reference gradient is the derivative itself: that of the sum of all outputs. */
static void check_activation(const golden *c, const char *name, dfn_activation act)
{
    char out[32], grad[32];
    const int n = size(c, "in.x", 0);
    snprintf(out, sizeof out, "out.%s", name);
    snprintf(grad, sizeof grad, "grad.%s", name);
    dfn_graph *g = dfn_graph_new();
    const dfn_value x = dfn_graph_input(g, "x", (dfn_shape){1, {1, 1, n}});
    const dfn_attr attr = {.act = act, .alpha = 0.1};
    const dfn_value y = add(g, DFN_OP_ACTIVATION, NULL, attr, x);
    dfn_graph_output(g, "y", y);
    finish(g, name);
    golden_rig r;
    golden_rig_open(&r, c, g, DFN_EVAL, DFN_F32, 1, 1);
    golden_input(&r, "x", "in.x", NULL);
    golden_run(&r);
    golden_compare_output(&r, "y", out, NULL);
    for (int i = 0; i < n; i++)
        ((float *)dfn_plan_grad(r.plan, y))[i] = 1;
    golden_backward(&r);
    golden_compare_grad(&r, "x", grad, NULL);
    golden_rig_close(&r);
    dfn_graph_free(g);
}

static void check_activations(void)
{
    golden *c = golden_open("activations");
    if (!c)
        exit(golden_skip());
    check_activation(c, "relu", DFN_ACT_RELU);
    check_activation(c, "leaky", DFN_ACT_LEAKY_RELU);
    check_activation(c, "gelu", DFN_ACT_GELU);
    check_activation(c, "silu", DFN_ACT_SILU);
    check_activation(c, "sigmoid", DFN_ACT_SIGMOID);
    check_activation(c, "tanh", DFN_ACT_TANH);
    check_activation(c, "softplus", DFN_ACT_SOFTPLUS);
    golden_close(c);
}

int main(void)
{
    check_case("linear", build_linear);
    check_case("layernorm", build_layer_norm);
    check_grouped();
    check_activations();
    return check_report();
}
