/* layers.h - the words in which models are written: short names for graph nodes, and the
 * composite layers of DeepFilterNet. Names of weights follow PyTorch's state_dict. */
#ifndef DFN_LAYERS_H
#define DFN_LAYERS_H

#include <dfnet4/graph.h>

static inline dfn_value dfn_unary(dfn_graph *g, dfn_op_kind op, const char *name,
                                  dfn_value x, dfn_attr attr)
{
    return dfn_graph_add(g, op, name, &attr, 1, &x);
}

static inline dfn_value dfn_binary(dfn_graph *g, dfn_op_kind op, dfn_value a, dfn_value b,
                                   dfn_attr attr)
{
    return dfn_graph_add(g, op, NULL, &attr, 2, (dfn_value[]){a, b});
}

static inline dfn_value dfn_add(dfn_graph *g, dfn_value a, dfn_value b)
{
    return dfn_binary(g, DFN_OP_ADD, a, b, (dfn_attr){0});
}

static inline dfn_value dfn_act(dfn_graph *g, dfn_value x, dfn_activation act)
{
    if (act == DFN_ACT_NONE)
        return x;
    return dfn_unary(g, DFN_OP_ACTIVATION, NULL, x, (dfn_attr){.act = act});
}

static inline dfn_value dfn_reshape(dfn_graph *g, dfn_value x, int d0, int d1, int d2)
{
    return dfn_unary(g, DFN_OP_RESHAPE, NULL, x, (dfn_attr){.dims = {d0, d1, d2}});
}

static inline dfn_value dfn_flatten(dfn_graph *g, dfn_value x)
{
    if (x < 0)
        return x;
    return dfn_reshape(g, x, 1, 1, (int)dfn_shape_frame(dfn_graph_shape(g, x)));
}

/** The value of that name if the graph has one already, else an input: two parts written
 * into one graph are joined where their names meet. */
dfn_value dfn_graph_port(dfn_graph *g, const char *name, dfn_shape shape);

/* "a.b" from "a" and ".b", by value so that no one has to free it. */
typedef struct dfn_name {
    char text[192];
} dfn_name;
dfn_name dfn_join(const char *prefix, const char *suffix);

/** Attributes of an op on ERB bands: their widths, and the smoothing of its running mean.
 */
dfn_attr dfn_bands(const int *widths, int n, double alpha);

/** A number between 0 and 1 from a vector: linear to one, sigmoid. {1,1,1} */
dfn_value dfn_head(dfn_graph *g, const char *name, dfn_value x);

typedef struct dfn_conv_config {
    int out, kernel_t, kernel_f, stride_f;
    bool separable; /* groups = gcd(in, out), then a 1x1 convolution if the kernel is larger
                     */
    bool transposed;
    bool batch_norm; /* false: folded into the last convolution, which then has a bias */
    dfn_activation act;
} dfn_conv_config;

/** Conv2dNormAct and ConvTranspose2dNormAct: [pad] conv [1x1 conv] [batch norm] act, called
 *  name.0, name.1, ... as in PyTorch's Sequential. x {1,F,C} */
dfn_value dfn_conv_norm_act(dfn_graph *g, const char *name, dfn_value x, dfn_conv_config c);

/** GroupedLinearEinsum called `name`, then act. x {1,1,I} -> {1,1,out} */
dfn_value dfn_grouped_linear(dfn_graph *g, const char *name, dfn_value x, int out,
                             int groups, dfn_activation act);

typedef enum dfn_skip {
    DFN_SKIP_NONE,
    DFN_SKIP_IDENTITY, /* add the input to the output */
    DFN_SKIP_GROUPED,  /* through a grouped linear "gru_skip" */
    DFN_SKIP_HIDDEN,   /* SqueezedGRU: "gru_skip" from before to behind the GRU layers */
} dfn_skip;

typedef struct dfn_squeezed_gru_config {
    int hidden, out; /* out 0: no output layer */
    int layers, groups_in, groups_out;
    dfn_skip skip; /* its groups are groups_out */
} dfn_squeezed_gru_config;

/** SqueezedGRU_S: grouped linear + relu, GRU layers, grouped linear + relu; and a skip. */
dfn_value dfn_squeezed_gru(dfn_graph *g, const char *name, dfn_value x,
                           dfn_squeezed_gru_config c);

#endif
