/* The ONNX reader: what it accepts can be asked for, what is damaged or hostile is refused
 * with a line that names file and reason, and small files cannot ask for much memory. */
#include "check.h"
#include "io/onnx.h"

#include <stdlib.h>
#include <string.h>

static const char file[] = "dir/test.onnx";

/* x + w -> y, y * c -> z, with w an initializer and c a Constant node. */
typedef struct model {
    Onnx__Model model;
    Onnx__Graph graph;
    Onnx__Node node[4];
    Onnx__Tensor w, c, extra;
    Onnx__Attribute value;
    Onnx__ValueInfo in, out;
    Onnx__Node *nodes[4];
    Onnx__Tensor *tensors[2];
    Onnx__Attribute *values[1];
    Onnx__ValueInfo *ins[2], *outs[1];
    char *reads[3][2], *makes[4][1];
    int64_t w_dims[9], c_dims[1];
    float w_data[6], c_data[1];
    int64_t ints[6];
} model;

static void text(char **at, const char *s) { *at = (char *)(uintptr_t)s; }

static void make_node(model *m, int i, const char *op, const char *a, const char *b,
                      const char *y)
{
    Onnx__Node *n = &m->node[i];
    onnx__node__init(n);
    text(&n->op_type, op);
    text(&m->reads[i][0], a);
    text(&m->reads[i][1], b);
    text(&m->makes[i][0], y);
    n->input = m->reads[i];
    n->n_input = a ? 2 : 0;
    n->output = m->makes[i];
    n->n_output = 1;
    m->nodes[i] = n;
}

static void make(model *m)
{
    memset(m, 0, sizeof *m);
    onnx__model__init(&m->model);
    onnx__graph__init(&m->graph);
    onnx__tensor__init(&m->w);
    onnx__tensor__init(&m->c);
    onnx__tensor__init(&m->extra);
    onnx__attribute__init(&m->value);
    onnx__value_info__init(&m->in);
    onnx__value_info__init(&m->out);
    make_node(m, 0, "Constant", NULL, NULL, "c");
    make_node(m, 1, "Add", "x", "w", "y");
    make_node(m, 2, "Mul", "y", "c", "z");
    text(&m->w.name, "w");
    text(&m->in.name, "x");
    text(&m->out.name, "z");
    text(&m->value.name, "value");
    for (int i = 0; i < 6; i++)
        m->w_data[i] = (float)i;
    m->w_dims[0] = 2;
    m->w_dims[1] = 3;
    m->w.dims = m->w_dims;
    m->w.n_dims = 2;
    m->w.has_data_type = m->c.has_data_type = 1;
    m->w.data_type = m->c.data_type = 1;
    m->w.has_raw_data = 1;
    m->w.raw_data = (ProtobufCBinaryData){24, (uint8_t *)m->w_data};
    m->c.float_data = m->c_data;
    m->c.n_float_data = 1;
    m->value.t = &m->c;
    m->values[0] = &m->value;
    m->node[0].attribute = m->values;
    m->node[0].n_attribute = 1;
    m->tensors[0] = &m->w;
    m->ins[0] = &m->in;
    m->outs[0] = &m->out;
    m->graph.node = m->nodes;
    m->graph.n_node = 3;
    m->graph.initializer = m->tensors;
    m->graph.n_initializer = 1;
    m->graph.input = m->ins;
    m->graph.n_input = 1;
    m->graph.output = m->outs;
    m->graph.n_output = 1;
    m->model.graph = &m->graph;
}

static dfn_status parse(const model *m, dfn_onnx **out, dfn_error *err)
{
    const size_t size = onnx__model__get_packed_size(&m->model);
    uint8_t *bytes = malloc(size ? size : 1);
    onnx__model__pack(&m->model, bytes);
    const dfn_status status = dfn_onnx_parse(out, bytes, size, file, err);
    free(bytes);
    return status;
}

static void check_good(void)
{
    model m;
    dfn_onnx *o;
    dfn_onnx_const c;
    dfn_error err;
    make(&m);
    m.ins[1] =
        &(Onnx__ValueInfo){.base = PROTOBUF_C_MESSAGE_INIT(&onnx__value_info__descriptor),
                           .name = m.w.name}; /* as old files do */
    m.graph.n_input = 2;
    CHECK(!parse(&m, &o, &err), "%s", err.text);
    if (!o)
        return;
    CHECK(dfn_onnx_constant(o, "w", &c) && c.rank == 2 && c.dim[0] == 2 && c.dim[1] == 3 &&
              c.count == 6 && c.f32 && !c.i64 && c.f32[5] == 5,
          "initializer");
    CHECK(dfn_onnx_constant(o, "c", &c) && c.rank == 0 && c.count == 1 && c.f32,
          "constant");
    CHECK(!dfn_onnx_constant(o, "x", &c) && !dfn_onnx_constant(o, "nothing", &c),
          "constant");
    CHECK(dfn_onnx_is_input(o, "x") && !dfn_onnx_is_input(o, "w") &&
              !dfn_onnx_is_input(o, "z") && dfn_onnx_is_output(o, "z") &&
              !dfn_onnx_is_output(o, "y"),
          "ports");
    const dfn_onnx_node *mul = dfn_onnx_producer(o, "z");
    CHECK(mul && !strcmp(mul->op_type, "Mul") && !dfn_onnx_producer(o, "x") &&
              !dfn_onnx_producer(o, "w") && !dfn_onnx_producer(o, ""),
          "producer");
    dfn_onnx_free(o);
}

static void cycle(model *m) { text(&m->reads[1][0], "z"); }
static void self(model *m) { text(&m->reads[1][0], "y"); }
static void missing(model *m) { m->graph.n_initializer = 0; }
static void missing_input(model *m) { m->graph.n_input = 0; }
static void duplicate(model *m) { text(&m->makes[2][0], "y"); }
static void shadows_input(model *m) { text(&m->makes[1][0], "x"); }
static void shadows_constant(model *m) { text(&m->w.name, "c"); }
static void two_initializers(model *m)
{
    m->tensors[1] = &m->w;
    m->graph.n_initializer = 2;
}
static void no_output(model *m) { text(&m->out.name, "q"); }
static void no_name(model *m) { m->w.name = NULL; }
static void no_input_name(model *m) { m->in.name = NULL; }
static void no_nodes(model *m) { m->graph.n_node = 0; }
static void no_graph(model *m) { m->model.graph = NULL; }
static void ten_gb(model *m) { m->w_dims[0] = m->w_dims[1] = 50000; }
static void huge_dim(model *m) { m->w_dims[0] = INT64_MAX; }
static void wraps(model *m)
{
    m->w.n_dims = 8;
    for (int i = 0; i < 8; i++)
        m->w_dims[i] = 1 << 16;
}
static void negative(model *m)
{
    m->w_dims[0] = -2;
    m->w_dims[1] = -3;
}
static void rank9(model *m)
{
    m->w.n_dims = 9;
    for (int i = 0; i < 9; i++)
        m->w_dims[i] = 1;
}
static void short_raw(model *m) { m->w.raw_data.len = 23; }
static void long_raw(model *m) { m->w_dims[1] = 2; }
static void no_data(model *m) { m->w.has_raw_data = 0; }
static void wrong_type(model *m) { m->w.data_type = 7; }
static void wrong_list(model *m)
{
    m->w.has_raw_data = 0;
    m->w.int64_data = m->ints;
    m->w.n_int64_data = 6;
}
static void both(model *m)
{
    m->w.float_data = m->w_data;
    m->w.n_float_data = 6;
}
static void external(model *m)
{
    m->w.has_data_location = 1;
    m->w.data_location = 1;
}
static void external_list(model *m)
{
    static ProtobufCBinaryData where = {4, (uint8_t *)"\x0a\x00\x12\x00"};
    m->w.external_data = &where;
    m->w.n_external_data = 1;
}
static void segment(model *m) { m->w.has_segment = 1; }
static void bad_constant(model *m) { m->c.n_float_data = 0; }
static void constant_10gb(model *m)
{
    m->c.dims = m->w_dims;
    m->c.n_dims = 2;
    ten_gb(m);
    m->graph.n_initializer = 0;
}

static const struct {
    void (*change)(model *m);
    const char *why;
} cases[] = {
    {cycle, "node 1 (Add): reads 'z' before it is made"},
    {self, "node 1 (Add): reads 'y' before it is made"},
    {missing, "node 1 (Add): nothing makes its input 'w'"},
    {missing_input, "nothing makes its input 'x'"},
    {duplicate, "value 'y' is made twice"},
    {shadows_input, "value 'x' is made twice"},
    {shadows_constant, "value 'c' is made twice"},
    {two_initializers, "value 'w' is made twice"},
    {no_output, "nothing makes output 'q'"},
    {no_name, "initializer '': it has no name"},
    {no_input_name, "input 0 has no name"},
    {no_nodes, "no nodes"},
    {no_graph, "empty"},
    {ten_gb, "initializer 'w': its shape is larger"},
    {huge_dim, "initializer 'w': it has an impossible dimension"},
    {wraps, "initializer 'w': its shape is larger"},
    {negative, "initializer 'w': it has an impossible dimension"},
    {rank9, "initializer 'w': it has too many dimensions"},
    {short_raw, "initializer 'w': its data do not have the size"},
    {long_raw, "initializer 'w': its data do not have the size"},
    {no_data, "initializer 'w': its data do not have the size"},
    {wrong_type, "initializer 'w': its data do not have the size"},
    {wrong_list, "initializer 'w': its data do not have the size"},
    {both, "initializer 'w': it holds its data twice"},
    {external, "initializer 'w': its data are in another file"},
    {external_list, "initializer 'w': its data are in another file"},
    {segment, "initializer 'w': it is split"},
    {bad_constant, "node 0 (Constant): its data do not have the size"},
    {constant_10gb, "node 0 (Constant): its shape is larger"},
};

static void check_hostile(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        model m;
        dfn_onnx *o;
        dfn_error err = {0};
        make(&m);
        cases[i].change(&m);
        CHECK(parse(&m, &o, &err) == DFN_ERR_FORMAT && !o, "'%s' is accepted",
              cases[i].why);
        CHECK(strstr(err.text, file) == err.text && strstr(err.text, cases[i].why),
              "'%s': '%s'", cases[i].why, err.text);
        CHECK(parse(&m, &o, NULL) == DFN_ERR_FORMAT, "'%s' without dfn_error",
              cases[i].why);
    }
    printf("%zu hostile models\n", sizeof cases / sizeof *cases);
}

/* Cut anywhere, or with any bit turned: read or refused, never worse. */
static void check_damaged(void)
{
    model m;
    dfn_onnx *o;
    dfn_error err;
    make(&m);
    const size_t size = onnx__model__get_packed_size(&m.model);
    uint8_t *bytes = malloc(size);
    onnx__model__pack(&m.model, bytes);
    int refused = 0;
    for (size_t n = 0; n <= size; n++) {
        uint8_t *cut = malloc(n ? n : 1);
        memcpy(cut, bytes, n);
        refused += dfn_onnx_parse(&o, cut, n, file, &err) == DFN_ERR_FORMAT;
        dfn_onnx_free(o);
        free(cut);
    }
    CHECK(refused == (int)size, "%d of %zu cuts are refused", refused, size);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        (void)!dfn_onnx_parse(&o, bytes, size, file, &err);
        dfn_onnx_free(o);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(bytes);
}

/* Wrap the n bytes at the end of `end` in a field of `tag`; returns the new length. */
static size_t wrap(uint8_t *end, size_t n, uint8_t tag)
{
    uint8_t length[5];
    size_t k = 0;
    for (size_t v = n; k == 0 || v; v >>= 7)
        length[k++] = (uint8_t)((v & 127) | (v > 127 ? 128 : 0));
    memcpy(end - n - k, length, k);
    end[-(ptrdiff_t)(n + k + 1)] = tag;
    return n + k + 1;
}

static void check_expensive(void)
{
    enum { SIZE = 1 << 22 };
    uint8_t *bytes = calloc(1, SIZE);
    dfn_onnx *o;
    dfn_error err = {0};
    /* a graph in an attribute in a node in a graph ... */
    size_t n = 0;
    for (int i = 0; i < 20000; i++) {
        static const uint8_t tags[] = {6 << 3 | 2, 5 << 3 | 2, 1 << 3 | 2};
        n = wrap(bytes + SIZE, n, tags[i % 3]);
    }
    n = wrap(bytes + SIZE, n, 7 << 3 | 2);
    (void)!dfn_onnx_parse(&o, bytes + SIZE - n, n, file, &err);
    dfn_onnx_free(o);
    /* two million empty nodes: 2 bytes in the file, more than 100 in memory */
    for (size_t i = 0; i < SIZE - 16; i += 2)
        bytes[i] = 1 << 3 | 2, bytes[i + 1] = 0;
    memmove(bytes + 16, bytes, SIZE - 16);
    n = wrap(bytes + SIZE, SIZE - 16, 7 << 3 | 2);
    CHECK(dfn_onnx_parse(&o, bytes + SIZE - n, n, file, &err) == DFN_ERR_FORMAT &&
              strstr(err.text, "too many parts"),
          "%s", err.text);
    free(bytes);
    CHECK(dfn_onnx_parse(&o, "", DFN_ONNX_SIZE_MAX + 1, file, &err) == DFN_ERR_FORMAT &&
              strstr(err.text, "larger than"),
          "%s", err.text);
}

int main(void)
{
    check_good();
    check_hostile();
    check_damaged();
    check_expensive();
    return check_report();
}
