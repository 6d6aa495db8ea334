/* A small network exported to ONNX finds its weights again, whatever the names; with one
 * thing changed that makes it another network, or one that is damaged, it is refused with a
 * line that names the file and the place. */
#include "check.h"
#include "onnx_export.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char file[] = "small.onnx";
static dfn_graph *graph;
static float **weights;

static void make_weights(void)
{
    graph = onnx_export_small_graph();
    const int n = dfn_graph_weight_count(graph);
    weights = calloc((size_t)n, sizeof *weights);
    for (int i = 0; i < n; i++) {
        const size_t count = dfn_graph_weight(graph, i)->count;
        weights[i] = malloc(count * sizeof **weights);
        for (size_t k = 0; k < count; k++)
            weights[i][k] = (float)(1000 * i) + (float)k;
    }
}

/* Match; on success the weights must be those exported. */
static dfn_status match(const bytes b, dfn_error *err)
{
    const int n = dfn_graph_weight_count(graph);
    const float **found = calloc((size_t)n, sizeof *found);
    float **owned = calloc((size_t)n, sizeof *owned);
    dfn_onnx *o;
    dfn_status status = dfn_onnx_parse(&o, b.data, b.size, file, err);
    if (!status)
        status = dfn_match_weights(
            &(dfn_match){graph, &o, onnx_export_outputs, onnx_export_inputs, found, owned},
            err);
    for (int i = 0; !status && i < n; i++) {
        const dfn_weight *w = dfn_graph_weight(graph, i);
        CHECK(found[i] && !memcmp(found[i], weights[i], w->count * sizeof(float)),
              "'%s' is not what was exported", w->name);
    }
    for (int i = 0; i < n; i++)
        free(owned[i]);
    free(owned);
    free(found);
    dfn_onnx_free(o);
    return status;
}

/* ---- changes ---- */

static Onnx__Node *nth(Onnx__Graph *g, const char *op, int n)
{
    for (size_t i = 0; i < g->n_node; i++)
        if (!strcmp(g->node[i]->op_type, op) && n-- == 0)
            return g->node[i];
    abort();
}

static Onnx__Attribute *attribute(Onnx__Node *n, const char *name)
{
    for (size_t i = 0; i < n->n_attribute; i++)
        if (!strcmp(n->attribute[i]->name, name))
            return n->attribute[i];
    abort();
}

static Onnx__Tensor *constant(Onnx__Graph *g, const Onnx__Node *n, int input)
{
    for (size_t i = 0; i < g->n_initializer; i++)
        if (!strcmp(g->initializer[i]->name, n->input[input]))
            return g->initializer[i];
    abort();
}

static void set_text(char **at, const char *text)
{
    free(*at);
    *at = strdup(text);
}

#define INTS(name, op, n, attr, i, value)                                                  \
    static void name(Onnx__Graph *g) { attribute(nth(g, op, n), attr)->ints[i] = value; }
#define INT(name, op, n, attr, value)                                                      \
    static void name(Onnx__Graph *g) { attribute(nth(g, op, n), attr)->i = value; }
#define OP_TYPE(name, op, n, to)                                                           \
    static void name(Onnx__Graph *g) { set_text(&nth(g, op, n)->op_type, to); }
#define RENAME_ATTRIBUTE(fn, op, n, attr, to)                                              \
    static void fn(Onnx__Graph *g) { set_text(&attribute(nth(g, op, n), attr)->name, to); }
#define FLOAT(name, op, n, input, value)                                                   \
    static void name(Onnx__Graph *g)                                                       \
    {                                                                                      \
        const float x = value;                                                             \
        memcpy(constant(g, nth(g, op, n), input)->raw_data.data, &x, sizeof x);            \
    }
#define SWAP_DIMS(name, op, n, input)                                                      \
    static void name(Onnx__Graph *g)                                                       \
    {                                                                                      \
        int64_t *d = constant(g, nth(g, op, n), input)->dims;                              \
        const int64_t t = d[0];                                                            \
        d[0] = d[1];                                                                       \
        d[1] = t;                                                                          \
    }

INTS(strides, "Conv", 1, "strides", 1, 1)
INTS(time_stride, "Conv", 1, "strides", 0, 2)
INTS(pads, "Conv", 1, "pads", 1, 0)
INTS(future_pads, "Conv", 0, "pads", 2, 2)
INTS(kernel, "Conv", 1, "kernel_shape", 1, 5)
INTS(output_padding, "ConvTranspose", 0, "output_padding", 1, 0)
INTS(flatten_order, "Transpose", 0, "perm", 1, 3)
INTS(batch_axis, "Transpose", 0, "perm", 0, 7)
INT(group, "Conv", 1, "group", 1)
INT(reset_after, "GRU", 0, "linear_before_reset", 0)
INT(hidden, "GRU", 0, "hidden_size", 7)
RENAME_ATTRIBUTE(clip, "GRU", 1, "hidden_size", "clip")
RENAME_ATTRIBUTE(layout, "GRU", 1, "linear_before_reset", "layout")
RENAME_ATTRIBUTE(no_strides, "Conv", 1, "strides", "x")
RENAME_ATTRIBUTE(dilations, "Conv", 1, "strides", "dilations")
RENAME_ATTRIBUTE(output_shape, "ConvTranspose", 0, "kernel_shape", "output_shape")
OP_TYPE(other_op, "Conv", 3, "ConvInteger")
OP_TYPE(other_act, "Relu", 0, "Tanh")
OP_TYPE(lost_transpose, "Transpose", 0, "Identity")
OP_TYPE(subtract, "Add", 0, "Sub")
OP_TYPE(lstm, "GRU", 0, "LSTM")
OP_TYPE(no_sigmoid, "Sigmoid", 0, "Identity")
FLOAT(scale, "Mul", 0, 1, 40)
FLOAT(not_a_number, "Conv", 0, 1, NAN)
FLOAT(infinite, "GRU", 0, 2, INFINITY)
FLOAT(start_value, "GRU", 0, 5, 1)
SWAP_DIMS(einsum_shape, "Einsum", 1, 1)
SWAP_DIMS(gru_shape, "GRU", 0, 3)
SWAP_DIMS(matmul_shape, "MatMul", 0, 1)

static void equation(Onnx__Graph *g)
{
    memcpy(attribute(nth(g, "Einsum", 1), "equation")->s.data, "btgi,ghi", 8);
}
static void past(Onnx__Graph *g) { constant(g, nth(g, "Pad", 0), 1)->int64_data[2]--; }
static void pad_future(Onnx__Graph *g)
{
    constant(g, nth(g, "Pad", 0), 1)->int64_data[6]++;
}
static void lost_bias(Onnx__Graph *g)
{
    Onnx__Node *n = nth(g, "Conv", 0);
    free(n->input[--n->n_input]);
}
static void few_inputs(Onnx__Graph *g)
{
    Onnx__Node *n = nth(g, "GRU", 0);
    while (n->n_input > 3)
        free(n->input[--n->n_input]);
}
static void no_inputs(Onnx__Graph *g)
{
    Onnx__Node *n = nth(g, "Relu", 2);
    free(n->input[--n->n_input]);
}
static void sequence_lengths(Onnx__Graph *g)
{
    set_text(&nth(g, "GRU", 0)->input[4], "feat_erb");
}
static void start_from_input(Onnx__Graph *g)
{
    set_text(&nth(g, "GRU", 0)->input[5], "feat_erb");
}
static void swapped_inputs(Onnx__Graph *g)
{
    for (size_t i = 0; i < g->n_node; i++)
        for (size_t k = 0; k < g->node[i]->n_input; k++) {
            char **in = &g->node[i]->input[k];
            const char *other = !strcmp(*in, "feat_erb")    ? "feat_spec"
                                : !strcmp(*in, "feat_spec") ? "feat_erb"
                                                            : NULL;
            if (other)
                set_text(in, other);
        }
}
static void lost_output(Onnx__Graph *g) { set_text(&g->output[1]->name, "v3"); }
static void wrong_output(Onnx__Graph *g)
{
    set_text(&nth(g, "Identity", 1)->input[0], "v5");
}
static void output_is_input(Onnx__Graph *g)
{
    set_text(&nth(g, "Identity", 1)->input[0], "feat_erb");
}
static void integer_weight(Onnx__Graph *g)
{
    Onnx__Tensor *t = constant(g, nth(g, "Conv", 0), 1);
    t->data_type = 6;
}
static void other_domain(Onnx__Graph *g)
{
    nth(g, "Conv", 2)->domain = strdup("com.example");
}
static void computed_weight(Onnx__Graph *g)
{
    set_text(&nth(g, "Conv", 2)->input[1], "v0");
}
static void skips_a_layer(Onnx__Graph *g)
{
    set_text(&nth(g, "GRU", 2)->input[0], nth(g, "GRU", 1)->input[0]);
}

static const struct {
    void (*change)(Onnx__Graph *g);
    const char *why;
} cases[] = {
    {strides, "attribute 'strides' is not that of 'enc.erb_conv1.0'"},
    {time_stride, "attribute 'strides'"},
    {pads, "attribute 'pads' is not that of"},
    {future_pads, "attribute 'pads' is not that of 'enc.erb_conv0.1'"},
    {kernel, "attribute 'kernel_shape'"},
    {output_padding, "attribute 'output_padding'"},
    {flatten_order, "axes are transposed in an unknown way"},
    {batch_axis, "axes are transposed in an unknown way"},
    {group, "attribute 'group'"},
    {reset_after, "attribute 'linear_before_reset'"},
    {hidden, "attribute 'hidden_size'"},
    {clip, "attribute 'clip'"},
    {layout, "attribute 'linear_before_reset'"},
    {no_strides, "attribute 'strides'"},
    {dilations, "attribute 'dilations'"},
    {output_shape, "attribute 'output_shape'"},
    {other_op, "expected Conv for"},
    {other_act, "expected Relu"},
    {lost_transpose, "axes are not in the order"},
    {subtract, "expected "},
    {lstm, "expected GRU for 'enc.emb_gru.gru'"},
    {no_sigmoid, "expected Sigmoid"},
    {scale, "scale and offset are not the 50 and -15 of the config"},
    {not_a_number, "numbers that are not finite"},
    {infinite, "numbers that are not finite"},
    {start_value, "does not start from zeros"},
    {einsum_shape, "has another shape than"},
    {gru_shape, "has another shape than"},
    {matmul_shape, "has another shape than"},
    {equation, "'btgi,ghi->btgh' is not the equation"},
    {past, "needs 2 frames of the past"},
    {pad_future, "needs 2 frames of the past"},
    {lost_bias, "lacks a bias"},
    {few_inputs, "no float constant for"},
    {no_inputs, "Relu has too few inputs"},
    {sequence_lengths, "sequence lengths"},
    {start_from_input, "does not start from zeros"},
    {swapped_inputs, "expected the input 'feat_"},
    {lost_output, "no output 'mask'"},
    {wrong_output, "expected "},
    {output_is_input, "expected "},
    {integer_weight, "no float constant for"},
    {other_domain, "expected Conv for"},
    {computed_weight, "no float constant for"},
    {skips_a_layer, "'"},
};

static bytes changed(const bytes b, void (*change)(Onnx__Graph *g))
{
    Onnx__Model *m = onnx__model__unpack(NULL, b.size, b.data);
    change(m->graph);
    bytes out = {.size = onnx__model__get_packed_size(m)};
    out.data = malloc(out.size);
    onnx__model__pack(m, out.data);
    onnx__model__free_unpacked(m, NULL);
    return out;
}

static void check_refused(const bytes b)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dfn_error err = {0};
        const bytes c = changed(b, cases[i].change);
        CHECK(match(c, &err) == DFN_ERR_FORMAT, "%zu '%s' is accepted", i, cases[i].why);
        CHECK(strstr(err.text, file) == err.text && strstr(err.text, cases[i].why),
              "%zu '%s': '%s'", i, cases[i].why, err.text);
        free(c.data);
    }
    printf("%zu changed networks\n", sizeof cases / sizeof *cases);
}

/* ---- changes that change nothing ---- */

static void rename_all(Onnx__Graph *g)
{
    char name[32];
    for (size_t i = 0; i < g->n_node; i++) {
        for (size_t k = 0; k < g->node[i]->n_input; k++)
            if (strchr("vw", *g->node[i]->input[k]) && *g->node[i]->input[k]) {
                snprintf(name, sizeof name, "onnx::%s/x", g->node[i]->input[k]);
                set_text(&g->node[i]->input[k], name);
            }
        if (*g->node[i]->output[0] == 'v') {
            snprintf(name, sizeof name, "onnx::%s/x", g->node[i]->output[0]);
            set_text(&g->node[i]->output[0], name);
        }
    }
    for (size_t i = 0; i < g->n_initializer; i++) {
        snprintf(name, sizeof name, "onnx::%s/x", g->initializer[i]->name);
        set_text(&g->initializer[i]->name, name);
    }
}

static void swap_sums(Onnx__Graph *g)
{
    for (size_t i = 0; i < g->n_node; i++)
        if (!strcmp(g->node[i]->op_type, "Add")) {
            char **in = g->node[i]->input, *first = in[0];
            in[0] = in[1];
            in[1] = first;
        }
}

static void check_accepted(const bytes b)
{
    static void (*const same[])(Onnx__Graph *) = {rename_all, swap_sums};
    dfn_error err = {0};
    CHECK(!match(b, &err), "%s", err.text);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        const bytes c = changed(b, same[i]);
        CHECK(!match(c, &err), "%s", err.text);
        free(c.data);
    }
}

int main(void)
{
    make_weights();
    const bytes b = onnx_export(graph, (const float *const *)weights);
    printf("%zu bytes\n", b.size);
    check_accepted(b);
    check_refused(b);
    for (int i = 0; i < dfn_graph_weight_count(graph); i++)
        free(weights[i]);
    free(weights);
    free(b.data);
    dfn_graph_free(graph);
    return check_report();
}
