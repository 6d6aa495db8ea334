#include "tiny_model.h"

#include "model/dfnet3.h"

#include <dfnet4/safetensors.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void die(const char *what)
{
    fprintf(stderr, "tiny model: %s\n", what);
    abort();
}

static float random_weight(uint64_t *seed, const char *name)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    const float x = (float)(int32_t)(*seed >> 32) / 2147483648.0f;
    return strstr(name, "running_var") ? 1 + x / 2 : x * 0.4f;
}

void tiny_model_write(const char *path, const tiny_model_config *c)
{
    char text[1024];
    dfn_dfnet3_config config;
    dfn_error err = {0};
    dfn_weights w;
    uint64_t seed = 1;
    dfn_graph *g = dfn_graph_new();
    snprintf(text, sizeof text,
             "[df]\ndf_lookahead = %d\n[deepfilternet]\nconv_lookahead = %d\nconv_ch = 8\n"
             "emb_hidden_dim = 32\ndf_hidden_dim = 32\nenc_linear_groups = 8\n"
             "linear_groups = 4\n%s",
             c->lookahead, c->lookahead, c->config ? c->config : "");
    if (!g || dfn_dfnet3_parse(&config, text, "tiny", &err))
        die(err.text);
    config.batch_norm = c->batch_norm;
    dfn_dfnet3_net(g, &config);
    if (dfn_graph_finish(g, &err) || dfn_weights_new(&w, g, DFN_F32, &err))
        die(err.text);
    const int n = dfn_graph_weight_count(g);
    dfn_tensor *t = calloc((size_t)n, sizeof *t);
    for (int i = 0; i < n; i++) {
        const dfn_weight *from = dfn_graph_weight(g, i);
        t[i] = (dfn_tensor){.name = from->name,
                            .dtype = DFN_DTYPE_F32,
                            .rank = from->rank,
                            .count = from->count,
                            .data = w.data[i]};
        for (int j = 0; j < from->rank; j++)
            t[i].dim[j] = (size_t)from->dim[j];
        for (size_t j = 0; j < from->count; j++)
            ((float *)w.data[i])[j] = random_weight(&seed, from->name);
    }
    const dfn_text_pair meta[] = {{"format", "dfnet4-1"},
                                  {"model", c->kind ? c->kind : "deepfilternet3"},
                                  {"norm", c->batch_norm ? "batch" : "folded"},
                                  {"licence", "made by the tests"},
                                  {"config", text}};
    if (dfn_safetensors_write(path, t, (size_t)n, meta, sizeof meta / sizeof *meta, &err))
        die(err.text);
    free(t);
    dfn_weights_free(&w);
    dfn_graph_free(g);
}

void *tiny_model_bytes(size_t *size, const tiny_model_config *c)
{
    char path[256];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/dfnet4-tiny-%ld.safetensors", folder ? folder : "/tmp",
             (long)getpid());
    tiny_model_write(path, c);
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END))
        die("cannot read back");
    const long n = ftell(f);
    rewind(f);
    void *bytes = aligned_alloc(64, ((size_t)n + 63) / 64 * 64);
    if (!bytes || fread(bytes, 1, (size_t)n, f) != (size_t)n)
        die("cannot read back");
    fclose(f);
    remove(path);
    *size = (size_t)n;
    return bytes;
}

dfn_model *tiny_model_new(void **bytes)
{
    size_t size;
    dfn_model *m;
    dfn_error err;
    *bytes = tiny_model_bytes(&size, &(tiny_model_config){.lookahead = 2});
    if (dfn_model_load_memory(&m, *bytes, size, "tiny", &err))
        die(err.text);
    return m;
}

void tiny_model_free(dfn_model *m, void *bytes)
{
    dfn_model_free(m);
    free(bytes);
}
