/* Makes the seeds of the fuzzers: make_corpus FOLDER. The result is committed as
 * tests/fuzz/corpus; a test compares the two. */
#include "model/dfnet3.h"
#include "onnx_export.h"

#include <dfnet4/safetensors.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void write_seed(const char *folder, const char *name, bytes b)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    bytes_write(path, b);
}

static void make_folder(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    mkdir(path, 0777);
}

/* Weights are small multiples of 1/64: exact, so the same on every machine. */
static float **make_weights(const dfn_graph *g)
{
    const int n = dfn_graph_weight_count(g);
    float **w = calloc((size_t)n, sizeof *w);
    for (int i = 0; w && i < n; i++) {
        const size_t count = dfn_graph_weight(g, i)->count;
        w[i] = malloc(count * sizeof **w);
        for (size_t k = 0; w[i] && k < count; k++)
            w[i][k] = (float)(1 + (k * 7 + (size_t)i) % 64) / 64;
    }
    return w;
}

static void free_weights(const dfn_graph *g, float **w)
{
    for (int i = 0; w && i < dfn_graph_weight_count(g); i++)
        free(w[i]);
    free(w);
}

static void model_seed(const char *folder, const char *name, bool batch_norm)
{
    char path[4096];
    dfn_dfnet3_config c;
    dfn_graph *g = dfn_graph_new();
    if (dfn_dfnet3_parse(&c, onnx_export_small_config, "small", NULL))
        abort();
    c.batch_norm = batch_norm;
    dfn_dfnet3_net(g, &c);
    if (dfn_graph_finish(g, NULL))
        abort();
    const int n = dfn_graph_weight_count(g);
    float **w = make_weights(g);
    dfn_tensor *t = calloc((size_t)n, sizeof *t);
    for (int i = 0; i < n; i++) {
        const dfn_weight *from = dfn_graph_weight(g, i);
        t[i] = (dfn_tensor){
            .name = from->name, .rank = from->rank, .count = from->count, .data = w[i]};
        for (int k = 0; k < from->rank; k++)
            t[i].dim[k] = (size_t)from->dim[k];
    }
    const dfn_text_pair meta[] = {{"format", "dfnet4-1"},
                                  {"model", dfn_dfnet3_builder.kind},
                                  {"norm", batch_norm ? "batch" : "folded"},
                                  {"config", onnx_export_small_config}};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (dfn_safetensors_write(path, t, (size_t)n, meta, 4, NULL))
        abort();
    free(t);
    free_weights(g, w);
    dfn_graph_free(g);
}

static void header_seed(const char *folder, const char *name, const char *header)
{
    unsigned char text[256] = {0};
    const size_t n = strlen(header), padded = (n + 7) / 8 * 8;
    text[0] = (unsigned char)padded;
    memset(text + 8, ' ', padded);
    memcpy(text + 8, header, n);
    write_seed(folder, name, (bytes){text, 8 + padded + 8});
}

static void onnx_seeds(const char *folder)
{
    dfn_graph *g = onnx_export_small_graph();
    float **w = make_weights(g);
    bytes b = onnx_export(g, (const float *const *)w);
    write_seed(folder, "onnx/network", b);
    b.size /= 2;
    write_seed(folder, "onnx/truncated", b);
    free(b.data);
    free_weights(g, w);
    dfn_graph_free(g);

    unsigned char add[] = {/* version 7; graph: node Add(x, w) -> z */
                           0x08, 0x07, 0x3a, 0x2d, 0x0a, 0x0e, 0x0a, 0x01, 'x', 0x0a, 0x01,
                           'w', 0x12, 0x01, 'z', 0x22, 0x03, 'A', 'd', 'd',
                           /* w = {1, 2} */
                           0x2a, 0x11, 0x08, 0x02, 0x10, 0x01, 0x42, 0x01, 'w', 0x4a, 0x08,
                           0x00, 0x00, 0x80, 0x3f, 0x00, 0x00, 0x00, 0x40,
                           /* input x, output z */
                           0x5a, 0x03, 0x0a, 0x01, 'x', 0x62, 0x03, 0x0a, 0x01, 'z'};
    write_seed(folder, "onnx/add", (bytes){add, sizeof add});
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: make_corpus FOLDER\n");
        return 1;
    }
    mkdir(argv[1], 0777);
    make_folder(argv[1], "model");
    make_folder(argv[1], "onnx");
    model_seed(argv[1], "model/folded", false);
    model_seed(argv[1], "model/batch-norm", true);
    header_seed(argv[1], "model/tensors",
                "{\"__metadata__\":{\"format\":\"dfnet4-1\"},"
                "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                "\"b\":{\"dtype\":\"I16\",\"shape\":[2,1],\"data_offsets\":[4,8]}}");
    onnx_seeds(argv[1]);
    return 0;
}
