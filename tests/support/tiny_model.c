#include "tiny_model.h"

#include "model/builder.h"

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

static void write_config(char *text, size_t size, const tiny_model_config *c)
{
    if (c->kind) {
        snprintf(text, size, "%s", c->config ? c->config : "");
        return;
    }
    snprintf(text, size,
             "[df]\ndf_lookahead = %d\n[deepfilternet]\nconv_lookahead = %d\nconv_ch = 8\n"
             "emb_hidden_dim = 32\ndf_hidden_dim = 32\nenc_linear_groups = 8\n"
             "linear_groups = 4\n%s",
             c->lookahead, c->lookahead, c->config ? c->config : "");
}

typedef struct tiny {
    dfn_graph *net, *apply;
    dfn_weights weights[2]; /* of net, of apply */
    dfn_tensor *tensor;
    size_t n;
} tiny;

static void build(tiny *t, const tiny_model_config *c, const char *text)
{
    dfn_error err = {0};
    const dfn_builder *b = dfn_builder_find(c->kind ? c->kind : "deepfilternet3");
    void *config = b ? calloc(1, b->config_size) : NULL;
    t->net = dfn_graph_new();
    t->apply = dfn_graph_new();
    if (!config || !t->net || !t->apply)
        die("no such kind of model, or no memory");
    if (b->parse(config, text, "tiny", c->batch_norm, &err))
        die(err.text);
    b->net(t->net, config);
    b->apply(t->apply, config);
    if (dfn_graph_finish(t->net, &err) || dfn_graph_finish(t->apply, &err) ||
        dfn_weights_new(&t->weights[0], t->net, DFN_F32, &err) ||
        dfn_weights_new(&t->weights[1], t->apply, DFN_F32, &err))
        die(err.text);
    free(config);
}

static bool listed(const tiny *t, const char *name)
{
    for (size_t i = 0; i < t->n; i++)
        if (!strcmp(t->tensor[i].name, name))
            return true;
    return false;
}

static void add_tensors(tiny *t, const dfn_graph *g, const dfn_weights *w, uint64_t *seed)
{
    for (int i = 0; i < w->count; i++) {
        const dfn_weight *from = dfn_graph_weight(g, i);
        if (listed(t, from->name)) /* net and apply share it */
            continue;
        dfn_tensor *to = &t->tensor[t->n++];
        *to = (dfn_tensor){.name = from->name,
                           .dtype = DFN_DTYPE_F32,
                           .rank = from->rank,
                           .count = from->count,
                           .data = w->data[i]};
        for (int j = 0; j < from->rank; j++)
            to->dim[j] = (size_t)from->dim[j];
        for (size_t j = 0; j < from->count; j++)
            ((float *)w->data[i])[j] = random_weight(seed, from->name);
    }
}

void tiny_model_write(const char *path, const tiny_model_config *c)
{
    char text[2048];
    dfn_error err = {0};
    tiny t = {0};
    uint64_t seed = 1;
    write_config(text, sizeof text, c);
    build(&t, c, text);
    t.tensor = calloc((size_t)(t.weights[0].count + t.weights[1].count), sizeof *t.tensor);
    if (!t.tensor)
        die("no memory");
    add_tensors(&t, t.net, &t.weights[0], &seed);
    add_tensors(&t, t.apply, &t.weights[1], &seed);
    const dfn_text_pair meta[] = {{"format", "dfnet4-1"},
                                  {"model", c->kind ? c->kind : "deepfilternet3"},
                                  {"norm", c->batch_norm ? "batch" : "folded"},
                                  {"licence", "made by the tests"},
                                  {"config", text}};
    if (dfn_safetensors_write(path, t.tensor, t.n, meta, sizeof meta / sizeof *meta, &err))
        die(err.text);
    free(t.tensor);
    for (int i = 0; i < 2; i++)
        dfn_weights_free(&t.weights[i]);
    dfn_graph_free(t.net);
    dfn_graph_free(t.apply);
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
