/* A quantised file holds the integers that packing makes, runs as the model it was made
 * from, and what is wrong in one is refused with its name. */
#include "check.h"
#include "graph/node.h"
#include "graph/pack.h"
#include "graph/quantise.h"
#include "model/inside.h"
#include "op/packed.h"

#include <dfnet4/model.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[200], again_path[256];

/* Bit for bit the same packed weights. */
static void check_same(const dfn_model *a, const dfn_model *b)
{
    const dfn_graph *g = dfn_model_run_net(a), *h = dfn_model_run_net(b);
    CHECK(dfn_graph_weight_count(g) == dfn_graph_weight_count(h), "another graph");
    for (int i = 0; i < dfn_graph_weight_count(g); i++) {
        const dfn_weight *w = dfn_graph_weight(g, i);
        CHECK(w->count == dfn_graph_weight(h, i)->count &&
                  !memcmp(dfn_model_run_weights(a)[i], dfn_model_run_weights(b)[i],
                          w->count * sizeof(float)),
              "'%s' is packed otherwise", w->name);
    }
    for (int v = 0; v < dfn_graph_node_count(dfn_model_net(a)); v++)
        CHECK(dfn_model_formats(a)[v] == dfn_model_formats(b)[v], "format of node %d", v);
}

static void check_rules(dfn_model *m, dfn_weight_format f)
{
    dfn_error err = {0};
    const dfn_weight_format other =
        f == DFN_WEIGHTS_BF16 ? DFN_WEIGHTS_INT8 : DFN_WEIGHTS_BF16;
    CHECK(dfn_model_quantised(m) && dfn_model_precision(m) == f, "precision");
    CHECK(!dfn_model_net_weights(m), "float32 weights of a quantised file");
    CHECK(dfn_model_set_precision(m, f, &err) == DFN_OK, "%s", err.text);
    CHECK(dfn_model_set_formats(m, dfn_model_formats(m), &err) == DFN_OK, "%s", err.text);
    CHECK(dfn_model_set_precision(m, other, &err) == DFN_ERR_UNSUPPORTED &&
              strstr(err.text, f == DFN_WEIGHTS_BF16 ? "bf16" : "int8"),
          "another precision: %s", err.text);
}

static void check_round_trip(const char *preset, dfn_weight_format f)
{
    dfn_error err = {0};
    dfn_model *m = NULL, *q = NULL, *copy = NULL;
    if (dfn_model_random(&m, dfn_preset_text(preset), preset, 1, &err) ||
        dfn_model_set_precision(m, f, &err) ||
        dfn_model_write_quantised(m, path, NULL, 0, &err) ||
        dfn_model_load(&q, path, &err) ||
        dfn_model_write(q, again_path, NULL, NULL, NULL, 0, &err) ||
        dfn_model_load(&copy, again_path, &err)) {
        CHECK(false, "%s", err.text);
    } else {
        check_same(m, q);
        check_same(q, copy);
        check_rules(q, f);
    }
    dfn_model_free(m);
    dfn_model_free(q);
    dfn_model_free(copy);
}

/* Integers come back whatever the scale, and whether or not a row uses 127. */
static void check_integers(void)
{
    static const float scales[] = {0,          1e-45f,      1.7e-38f, 0.01f,
                                   1.0078125f, 1.99999988f, 2e36f};
    enum { N = sizeof scales / sizeof *scales, I = 255 };
    const dfn_rows rows = {N, I, N, I, 1};
    int8_t q[N * I], back[N * I];
    float x[N * I], found[N];
    for (int i = 0; i < N * I; i++)
        q[i] = (int8_t)(i < I ? 0 : i % I - 127);
    dfn_dequantise(x, &(dfn_stored){DFN_WEIGHTS_INT8, q, scales}, &rows);
    dfn_quantise(back, found, x, &rows, DFN_WEIGHTS_INT8);
    CHECK(!memcmp(q + 3 * I, back + 3 * I, 4 * I), "other integers");
    for (int r = 3; r < N; r++) /* 127 s / 127: two roundings */
        CHECK(fabsf(found[r] - scales[r]) <= 2 * 0x1p-23f * scales[r], "scale of row %d",
              r);
}

/* A file of somebody else: rows that do not reach 127, and scales to match. The packed
 * scales are the stored ones; written again, the file has the same integers. */
static void check_foreign(void)
{
    enum { I = 40, O = 70, G = 2 };
    dfn_error err = {0};
    int8_t q[G * I * O];
    float scale[G * O], found[G * O];
    const dfn_rows rows = {G * O, I, O, 1, O};
    for (int i = 0; i < G * I * O; i++)
        q[i] = (int8_t)(i % 101 - 50);
    for (int o = 0; o < G * O; o++)
        scale[o] = 0.001f * (float)(o + 1);
    dfn_graph *g = dfn_graph_new(), *run = NULL;
    dfn_weights packed = {0};
    const dfn_value in = dfn_graph_input(g, "in", (dfn_shape){1, {1, 1, G * I}});
    const dfn_attr attr = {.out = G * O, .groups = G};
    dfn_graph_output(g, "out", dfn_graph_add(g, DFN_OP_GROUPED_LINEAR, "l", &attr, 1, &in));
    const dfn_stored stored = {DFN_WEIGHTS_INT8, q, scale};
    const dfn_weight_format format[2] = {DFN_WEIGHTS_F32, DFN_WEIGHTS_INT8};
    dfn_rows its;
    if (dfn_graph_finish(g, &err) || dfn_pack(g, &stored, format, &run, &packed, &err)) {
        CHECK(false, "%s", err.text);
    } else {
        const dfn_packed w = dfn_packed_view(packed.data[0], G, I, O, DFN_WEIGHTS_INT8);
        CHECK(dfn_rows_find(&its, g, 1, 0) && !memcmp(&its, &rows, sizeof its), "rows");
        for (int o = 0; o < G * O; o++) {
            int sum = 0;
            for (int i = 0; i < I; i++)
                sum += q[o / O * O * I + i * O + o % O];
            const int at = o / O * packed_outputs(&w) + o % O;
            found[o] = w.scale[at];
            CHECK(w.offset[at] == -128 * sum, "integers of output %d", o);
        }
        CHECK(!memcmp(found, scale, sizeof scale), "other scales");
    }
    dfn_graph_free(g);
    dfn_graph_free(run);
    dfn_weights_free(&packed);
}

/* A file with one tensor changed. */
static void check_refused(dfn_weight_format f, const char *tensor, dfn_dtype type,
                          float first, const char *why)
{
    dfn_error err = {0};
    dfn_model *m = NULL;
    dfn_safetensors *s = NULL;
    if (dfn_model_random(&m, dfn_preset_text("lite"), "lite", 1, &err) ||
        dfn_model_set_precision(m, f, &err) ||
        dfn_model_write_quantised(m, path, NULL, 0, &err) ||
        dfn_safetensors_open(&s, path, &err)) {
        CHECK(false, "%s", err.text);
        return;
    }
    const size_t n = dfn_safetensors_count(s);
    dfn_tensor *t = calloc(n, sizeof *t);
    const dfn_text_pair pairs[] = {{"format", "dfnet4-1"},
                                   {"model", dfn_model_get_info(m)->kind},
                                   {"config", dfn_model_config(m)}};
    float *data = NULL;
    for (size_t i = 0; i < n; i++) {
        t[i] = *dfn_safetensors_get(s, i);
        if (strcmp(t[i].name, tensor))
            continue;
        data = calloc(t[i].count, sizeof(double)); /* room for any type */
        data[0] = first;
        if (type == DFN_DTYPE_I8)
            memset(data, -128, t[i].count);
        t[i].dtype = type;
        t[i].data = data;
    }
    CHECK(data, "'%s' is not there", tensor);
    dfn_model *bad = NULL;
    if (dfn_safetensors_write(again_path, t, n, pairs, 3, &err))
        CHECK(false, "%s", err.text);
    CHECK(dfn_model_load(&bad, again_path, &err) == DFN_ERR_FORMAT &&
              strstr(err.text, why) && strstr(err.text, tensor),
          "%s: %s", tensor, err.text);
    dfn_model_free(bad);
    free(data);
    free(t);
    dfn_safetensors_close(s);
    dfn_model_free(m);
}

/* Names of a matrix that was quantised and of a bias. */
static const char *find(const dfn_model *m, bool matrix)
{
    dfn_rows rows;
    for (int v = 0; v < m->net->n_node; v++)
        for (int i = 0; i < m->net->node[v].n_w; i++)
            if (dfn_rows_find(&rows, m->net, v, i) == matrix &&
                (!matrix || m->format[v] == DFN_WEIGHTS_INT8))
                return m->net->weight[m->net->node[v].w[i]].name;
    return NULL;
}

static void check_hostile(void)
{
    dfn_error err = {0};
    dfn_model *m = NULL;
    char scale[256];
    if (dfn_model_random(&m, dfn_preset_text("lite"), "lite", 1, &err) ||
        dfn_model_set_precision(m, DFN_WEIGHTS_INT8, &err)) {
        CHECK(false, "%s", err.text);
        return;
    }
    const char *matrix = find(m, true), *bias = find(m, false);
    snprintf(scale, sizeof scale, "%s.scale", matrix);
    check_refused(DFN_WEIGHTS_INT8, scale, DFN_DTYPE_F32, -1, "negative");
    check_refused(DFN_WEIGHTS_INT8, scale, DFN_DTYPE_F32, NAN, "not finite");
    check_refused(DFN_WEIGHTS_INT8, scale, DFN_DTYPE_F32, 3e36f, "too large");
    check_refused(DFN_WEIGHTS_INT8, scale, DFN_DTYPE_BF16, 0, "not one float32");
    check_refused(DFN_WEIGHTS_INT8, matrix, DFN_DTYPE_I8, 0, "-128");
    check_refused(DFN_WEIGHTS_INT8, bias, DFN_DTYPE_BF16, 0, "only matrices");
    check_refused(DFN_WEIGHTS_INT8, matrix, DFN_DTYPE_I16, 0, "not float32");
    check_refused(DFN_WEIGHTS_INT8, scale, DFN_DTYPE_F64, 0, "not one float32");
    check_refused(DFN_WEIGHTS_BF16, matrix, DFN_DTYPE_I8, 0, "missing");
    check_refused(DFN_WEIGHTS_BF16, matrix, DFN_DTYPE_BF16, NAN, "NaN or infinity");
    dfn_model_free(m);
}

int main(void)
{
    static const char *const presets[] = {"lite", "full", "full-ll"};
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/dfnet4-q-%ld", folder ? folder : "/tmp",
             (long)getpid());
    snprintf(again_path, sizeof again_path, "%s-2", path);
    check_integers();
    check_foreign();
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++) {
        check_round_trip(presets[i], DFN_WEIGHTS_BF16);
        check_round_trip(presets[i], DFN_WEIGHTS_INT8);
    }
    check_hostile();
    remove(path);
    remove(again_path);
    return check_report();
}
