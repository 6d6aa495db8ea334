#include "onnx_export.h"

#include "graph/node.h"
#include "model/dfnet3.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = 512, BLOCK = 1 << 22 };

const dfn_match_output onnx_export_outputs[] = {
    {"lsnr", 0, "lsnr", DFN_FEATURES_LAST},
    {"mask", 0, "mask", DFN_FEATURES_LAST},
    {"coefs", 0, "coefs", DFN_FEATURES_LAST},
    {NULL, 0, NULL, DFN_FEATURES_LAST},
};
const dfn_match_input onnx_export_inputs[] = {
    {DFN_OP_ERB_FEATURE, "feat_erb"},
    {DFN_OP_UNIT_NORM, "feat_spec"},
    {DFN_OP_INPUT, NULL},
};

const char onnx_export_small_config[] =
    "[train]\nmodel = deepfilternet3\n[df]\nfft_size = 64\nhop_size = 32\nnb_erb = 8\n"
    "nb_df = 8\ndf_order = 3\n[deepfilternet]\nconv_ch = 4\nemb_hidden_dim = 8\n"
    "df_hidden_dim = 8\nenc_linear_groups = 4\nlinear_groups = 4\n"
    "df_pathway_kernel_size_t = 3\n";

typedef struct exporter {
    const dfn_graph *g;
    const float *const *weight;
    char *block; /* all memory, freed at once */
    size_t used;
    Onnx__Node *node[NODES];
    Onnx__Tensor *tensor[NODES];
    int n_node, n_tensor, pads;
    char *value[NODES];         /* of each node of ours */
    bool channels_first[NODES]; /* its order of axes */
} exporter;

static void *take(exporter *e, size_t size)
{
    void *p = e->block + e->used;
    e->used += (size + 15) / 16 * 16;
    if (e->used > BLOCK)
        abort();
    return p;
}

static char *copy(exporter *e, const char *text)
{
    return strcpy(take(e, strlen(text) + 1), text);
}

/* ---- nodes ---- */

static Onnx__Node *emit(exporter *e, const char *op, int n_in, char *const *in)
{
    char name[16];
    if (e->n_node == NODES)
        abort();
    Onnx__Node *n = take(e, sizeof *n);
    onnx__node__init(n);
    snprintf(name, sizeof name, "v%d", e->n_node);
    n->op_type = copy(e, op);
    n->n_input = (size_t)n_in;
    n->input = take(e, (size_t)n_in * sizeof *in);
    memcpy(n->input, in, (size_t)n_in * sizeof *in);
    n->n_output = 1;
    n->output = take(e, sizeof *n->output);
    n->output[0] = copy(e, name);
    n->attribute = take(e, 8 * sizeof *n->attribute);
    e->node[e->n_node++] = n;
    return n;
}

static Onnx__Attribute *attribute(exporter *e, Onnx__Node *n, const char *name)
{
    Onnx__Attribute *a = take(e, sizeof *a);
    onnx__attribute__init(a);
    a->name = copy(e, name);
    n->attribute[n->n_attribute++] = a;
    return a;
}

static void put_int(exporter *e, Onnx__Node *n, const char *name, int64_t value)
{
    Onnx__Attribute *a = attribute(e, n, name);
    a->has_i = 1;
    a->i = value;
}

static void put_ints(exporter *e, Onnx__Node *n, const char *name, size_t count,
                     const int64_t *values)
{
    Onnx__Attribute *a = attribute(e, n, name);
    a->n_ints = count;
    a->ints = take(e, count * sizeof *values);
    memcpy(a->ints, values, count * sizeof *values);
}

static void put_text(exporter *e, Onnx__Node *n, const char *name, const char *value)
{
    Onnx__Attribute *a = attribute(e, n, name);
    a->has_s = 1;
    a->s = (ProtobufCBinaryData){strlen(value), (uint8_t *)copy(e, value)};
}

static Onnx__Tensor *tensor(exporter *e, int rank, const int64_t *dims)
{
    char name[16];
    Onnx__Tensor *t = take(e, sizeof *t);
    onnx__tensor__init(t);
    snprintf(name, sizeof name, "w%d", e->n_tensor);
    t->name = copy(e, name);
    t->n_dims = (size_t)rank;
    t->dims = take(e, (size_t)rank * sizeof *dims);
    if (rank)
        memcpy(t->dims, dims, (size_t)rank * sizeof *dims);
    t->has_data_type = 1;
    e->tensor[e->n_tensor++] = t;
    return t;
}

static float *floats(exporter *e, int rank, const int64_t *dims, char **name)
{
    Onnx__Tensor *t = tensor(e, rank, dims);
    size_t count = 1;
    for (int i = 0; i < rank; i++)
        count *= (size_t)dims[i];
    t->data_type = 1;
    t->has_raw_data = 1;
    t->raw_data.len = count * sizeof(float);
    t->raw_data.data = take(e, t->raw_data.len);
    *name = t->name;
    return (float *)(void *)t->raw_data.data;
}

static char *int_list(exporter *e, size_t n, const int64_t *values)
{
    Onnx__Tensor *t = tensor(e, 1, &(int64_t){(int64_t)n});
    t->data_type = 7;
    t->n_int64_data = n;
    t->int64_data = take(e, n * sizeof *values);
    memcpy(t->int64_data, values, n * sizeof *values);
    return t->name;
}

/* Weight i of a node, as it is. */
static char *weight(exporter *e, const dfn_node *n, int i)
{
    const dfn_weight *w = &e->g->weight[n->w[i]];
    int64_t dims[4] = {0};
    char *name;
    for (int k = 0; k < w->rank; k++)
        dims[k] = w->dim[k];
    memcpy(floats(e, w->rank, dims, &name), e->weight[n->w[i]], w->count * sizeof(float));
    return name;
}

static char *transpose(exporter *e, char *x, size_t rank, const int64_t *perm)
{
    Onnx__Node *n = emit(e, "Transpose", 1, &x);
    put_ints(e, n, "perm", rank, perm);
    return n->output[0];
}

static char *reshape(exporter *e, char *x)
{
    char *in[] = {x, int_list(e, 3, (int64_t[]){1, -1, 0})};
    return emit(e, "Reshape", 2, in)->output[0];
}

/* ---- operations ---- */

/* The past is padded by a node of its own, or by the convolution. */
static char *conv(exporter *e, const dfn_node *n, char *x)
{
    const dfn_attr *a = &n->attr;
    const bool transposed = n->op == DFN_OP_CONV_TRANSPOSE2D;
    const int64_t kernel[] = {a->kernel_t ? a->kernel_t : 1, a->kernel_f ? a->kernel_f : 1};
    const bool apart = kernel[0] > 1 && e->pads++ % 2;
    if (apart) {
        char *in[] = {x, int_list(e, 8, (int64_t[]){0, 0, kernel[0] - 1, 0, 0, 0, 0, 0})};
        x = emit(e, "Pad", 2, in)->output[0];
    }
    /* names count up, so the order matters and is not left to an initialiser */
    char *in[3] = {x};
    in[1] = weight(e, n, 0);
    if (a->bias)
        in[2] = weight(e, n, 1);
    Onnx__Node *c = emit(e, transposed ? "ConvTranspose" : "Conv", a->bias ? 3 : 2, in);
    put_ints(e, c, "kernel_shape", 2, kernel);
    put_ints(e, c, "strides", 2, (int64_t[]){1, a->stride_f ? a->stride_f : 1});
    put_ints(e, c, "pads", 4,
             (int64_t[]){apart ? 0 : kernel[0] - 1, a->pad_f, 0, a->pad_f});
    put_int(e, c, "group", a->groups ? a->groups : 1);
    if (transposed)
        put_ints(e, c, "output_padding", 2, (int64_t[]){0, a->out_pad_f});
    return c->output[0];
}

static char *gru(exporter *e, const dfn_node *n, char *x)
{
    static const int64_t swap[] = {1, 0, 2};
    const int64_t H = n->attr.out, I = e->g->weight[n->w[0]].dim[1];
    const int64_t dims[3][3] = {{1, 3 * H, I}, {1, 3 * H, H}, {1, 6 * H}};
    char *in[6] = {transpose(e, x, 3, swap)};
    float *to[4];
    to[0] = floats(e, 3, dims[0], &in[1]);
    to[1] = floats(e, 3, dims[1], &in[2]);
    to[2] = floats(e, 2, dims[2], &in[3]);
    to[3] = to[2] + 3 * H;
    for (int i = 0; i < 4; i++) { /* r, z, n to z, r, n */
        const float *from = e->weight[n->w[i]];
        const size_t gate = e->g->weight[n->w[i]].count / 3, size = gate * sizeof *from;
        memcpy(to[i], from + gate, size);
        memcpy(to[i] + gate, from, size);
        memcpy(to[i] + 2 * gate, from + 2 * gate, size);
    }
    in[4] = copy(e, "");
    floats(e, 3, (int64_t[]){1, 1, H}, &in[5]); /* starts at zero */
    Onnx__Node *r = emit(e, "GRU", 6, in);
    put_int(e, r, "hidden_size", H);
    put_int(e, r, "linear_before_reset", 1);
    return transpose(e, emit(e, "Squeeze", 1, r->output)->output[0], 3, swap);
}

static char *linear(exporter *e, const dfn_node *n, char *x)
{
    const dfn_weight *w = &e->g->weight[n->w[0]];
    const int64_t dims[] = {w->dim[1], w->dim[0]};
    char *in[2] = {x, NULL}, *sum[2];
    float *to = floats(e, 2, dims, &in[1]);
    for (int o = 0; o < w->dim[0]; o++)
        for (int i = 0; i < w->dim[1]; i++)
            to[i * w->dim[0] + o] = e->weight[n->w[0]][o * w->dim[1] + i];
    sum[0] = weight(e, n, 1);
    sum[1] = emit(e, "MatMul", 2, in)->output[0];
    return emit(e, "Add", 2, sum)->output[0];
}

static char *affine(exporter *e, const dfn_node *n, char *x)
{
    char *mul[2] = {x, NULL}, *sum[2];
    *floats(e, 0, NULL, &mul[1]) = (float)n->attr.alpha;
    sum[0] = emit(e, "Mul", 2, mul)->output[0];
    *floats(e, 0, NULL, &sum[1]) = (float)n->attr.beta;
    return emit(e, "Add", 2, sum)->output[0];
}

static char *grouped_linear(exporter *e, const dfn_node *n, char *x)
{
    char *in[2] = {reshape(e, x)};
    in[1] = weight(e, n, 0);
    Onnx__Node *sum = emit(e, "Einsum", 2, in);
    put_text(e, sum, "equation", "btgi,gih->btgh");
    return reshape(e, sum->output[0]);
}

/* Maps are channels-first there, and vectors are flattened frequency-major. */
static char *change_shape(exporter *e, const dfn_node *n, char *x, bool *channels_first)
{
    const bool map = n->shape.d[0] == 1 && n->shape.d[1] > 1;
    if (*channels_first && map)
        return x;
    if (*channels_first) {
        *channels_first = false;
        return reshape(e, transpose(e, x, 4, (int64_t[]){0, 2, 3, 1}));
    }
    *channels_first = map;
    x = reshape(e, x);
    return map ? transpose(e, x, 4, (int64_t[]){0, 3, 1, 2}) : x;
}

static void add_node(exporter *e, dfn_value v)
{
    static const char *const acts[] = {
        [DFN_ACT_RELU] = "Relu", [DFN_ACT_SIGMOID] = "Sigmoid", [DFN_ACT_TANH] = "Tanh"};
    const dfn_node *n = &e->g->node[v];
    char *in[2] = {n->n_in > 0 ? e->value[n->in[0]] : NULL,
                   n->n_in > 1 ? e->value[n->in[1]] : NULL};
    bool cf = n->n_in > 0 && e->channels_first[n->in[0]];
    char *y = NULL;
    switch (n->op) {
    case DFN_OP_INPUT: break;
    case DFN_OP_ERB_FEATURE: y = copy(e, "feat_erb"), cf = true; break;
    case DFN_OP_UNIT_NORM: y = copy(e, "feat_spec"), cf = true; break;
    case DFN_OP_CONV2D:
    case DFN_OP_CONV_TRANSPOSE2D: y = conv(e, n, in[0]); break;
    case DFN_OP_GROUPED_LINEAR: y = grouped_linear(e, n, in[0]); break;
    case DFN_OP_GRU: y = gru(e, n, in[0]); break;
    case DFN_OP_LINEAR: y = linear(e, n, in[0]); break;
    case DFN_OP_AFFINE: y = affine(e, n, in[0]); break;
    case DFN_OP_ACTIVATION: y = emit(e, acts[n->attr.act], 1, in)->output[0]; break;
    case DFN_OP_ADD: /* in either order */
        y = emit(e, "Add", 2, v % 2 ? in : (char *[]){in[1], in[0]})->output[0];
        break;
    case DFN_OP_RESHAPE: y = change_shape(e, n, in[0], &cf); break;
    default: abort();
    }
    e->value[v] = y;
    e->channels_first[v] = cf;
}

static bytes pack(exporter *e)
{
    static const char *const ins[] = {"feat_erb", "feat_spec"};
    Onnx__ValueInfo port[8], *in[2], *out[3];
    Onnx__Graph graph = ONNX__GRAPH__INIT;
    Onnx__Model model = ONNX__MODEL__INIT;
    for (int i = 0; i < 5; i++) {
        onnx__value_info__init(&port[i]);
        port[i].name = copy(e, i < 2 ? ins[i] : onnx_export_outputs[i - 2].ours);
        *(i < 2 ? &in[i] : &out[i - 2]) = &port[i];
        if (i < 2)
            continue;
        Onnx__Node *n =
            emit(e, "Identity", 1, &e->value[dfn_graph_find(e->g, port[i].name)]);
        n->output[0] = port[i].name;
    }
    graph.n_node = (size_t)e->n_node, graph.node = e->node;
    graph.n_initializer = (size_t)e->n_tensor, graph.initializer = e->tensor;
    graph.n_input = 2, graph.input = in;
    graph.n_output = 3, graph.output = out;
    model.graph = &graph;
    bytes b = {.size = onnx__model__get_packed_size(&model)};
    b.data = malloc(b.size);
    if (!b.data)
        abort();
    onnx__model__pack(&model, b.data);
    return b;
}

bytes onnx_export(const dfn_graph *g, const float *const *weights)
{
    exporter *e = calloc(1, sizeof *e);
    if (!e || !(e->block = calloc(1, BLOCK)) || g->n_node > NODES)
        abort();
    e->g = g;
    e->weight = weights;
    for (int v = 0; v < g->n_node; v++)
        add_node(e, v);
    const bytes b = pack(e);
    free(e->block);
    free(e);
    return b;
}

dfn_graph *onnx_export_small_graph(void)
{
    dfn_dfnet3_config c;
    dfn_graph *g = dfn_graph_new();
    if (!g || dfn_dfnet3_parse(&c, onnx_export_small_config, "small", NULL))
        abort();
    dfn_dfnet3_net(g, &c);
    if (dfn_graph_finish(g, NULL))
        abort();
    return g;
}
