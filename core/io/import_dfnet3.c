/* Import of the official DeepFilterNet3 files. Their graphs have the batch norms folded
 * into the convolutions, as ours after loading; the decoder's blend factor is not used. */
#include "io/import_source.h"
#include "io/match.h"
#include "io/sha256.h"
#include "model/dfnet3.h"

#include <dfnet4/import.h>
#include <dfnet4/safetensors.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { GRAPHS = 3, SOURCE_TEXT = 512 };

typedef struct import {
    dfn_source_file file[DFN_SOURCE_COUNT];
    dfn_onnx *onnx[GRAPHS];
    dfn_graph *graph;
    const float **weight;
    float **owned;
    dfn_tensor *tensor;
    char *config; /* the sections that describe the network */
    size_t config_size;
    char kind[32], section[32];
    dfn_error *err;
} import;

static dfn_status no_memory(const import *m)
{
    return dfn_fail(m->err, DFN_ERR_NOMEM, "%s: out of memory", m->file[0].name);
}

/* ---- configuration ---- */

/* Called per key: keeps what describes the network, in the order of the file. */
static int keep_key(void *user, const char *section, const char *key, const char *value)
{
    import *m = user;
    if (!strcasecmp(section, "train") && !strcasecmp(key, "model"))
        snprintf(m->kind, sizeof m->kind, "%s", value);
    if (strcasecmp(section, "df") && strcasecmp(section, "deepfilternet"))
        return 1;
    const size_t used = strlen(m->config), room = m->config_size - used;
    const bool first = strcasecmp(section, m->section);
    const int n =
        first ? snprintf(m->config + used, room, "[%s]\n%s = %s\n", section, key, value)
              : snprintf(m->config + used, room, "%s = %s\n", key, value);
    if (first)
        snprintf(m->section, sizeof m->section, "%s", section);
    return n > 0 && (size_t)n < room;
}

static dfn_status read_config(import *m, dfn_dfnet3_config *c)
{
    const dfn_source_file *f = &m->file[DFN_SOURCE_CONFIG];
    const dfn_status status = dfn_dfnet3_parse(c, f->data, f->name, m->err);
    if (status)
        return status;
    m->config_size = 1 << 16;
    m->config = calloc(1, m->config_size);
    if (!m->config)
        return no_memory(m);
    const int line = ini_parse_string(f->data, keep_key, m);
    if (line)
        return dfn_fail(m->err, DFN_ERR_FORMAT, "%s:%d: cannot be read", f->name, line);
    if (strcasecmp(m->kind, "deepfilternet3"))
        return dfn_fail(m->err, DFN_ERR_UNSUPPORTED,
                        "%s: the model is '%s', only deepfilternet3 can be imported",
                        f->name, m->kind);
    return DFN_OK;
}

/* ---- weights ---- */

static const dfn_match_output outputs[] = {
    {"lsnr", DFN_SOURCE_ENC, "lsnr", DFN_FEATURES_LAST},
    {"mask", DFN_SOURCE_ERB_DEC, "m", DFN_CHANNELS_FIRST},
    {"coefs", DFN_SOURCE_DF_DEC, "coefs", DFN_FEATURES_LAST},
    {NULL, 0, NULL, DFN_FEATURES_LAST},
};
static const dfn_match_input inputs[] = {
    {DFN_OP_ERB_FEATURE, "feat_erb"},
    {DFN_OP_UNIT_NORM, "feat_spec"},
    {DFN_OP_INPUT, NULL},
};

static dfn_status build_graph(import *m, const dfn_dfnet3_config *c)
{
    dfn_error why;
    m->graph = dfn_graph_new();
    if (!m->graph)
        return no_memory(m);
    dfn_dfnet3_net(m->graph, c);
    const dfn_status status = dfn_graph_finish(m->graph, &why);
    if (status)
        return dfn_fail(m->err, status, "%s: %s", m->file[DFN_SOURCE_CONFIG].name,
                        why.text);
    return DFN_OK;
}

static dfn_status find_weights(import *m)
{
    dfn_status status = DFN_OK;
    for (int i = 0; i < GRAPHS && !status; i++)
        status = dfn_onnx_parse(&m->onnx[i], m->file[i].data, m->file[i].size,
                                m->file[i].name, m->err);
    if (status)
        return status;
    const size_t n = (size_t)dfn_graph_weight_count(m->graph);
    m->weight = calloc(n, sizeof *m->weight);
    m->owned = calloc(n, sizeof *m->owned);
    if (!m->weight || !m->owned)
        return no_memory(m);
    const dfn_match match = {m->graph, m->onnx, outputs, inputs, m->weight, m->owned};
    return dfn_match_weights(&match, m->err);
}

/* ---- the new file ---- */

static void describe_source(const import *m, char *text)
{
    int n = 0;
    for (int i = 0; i < DFN_SOURCE_COUNT; i++) {
        char digest[65];
        dfn_sha256(digest, m->file[i].data, m->file[i].size);
        n += snprintf(text + n, (size_t)(SOURCE_TEXT - n), "%s%s sha256:%s", i ? ", " : "",
                      dfn_source_names[i], digest);
    }
}

static dfn_status write_model(import *m, const char *destination)
{
    const int n = dfn_graph_weight_count(m->graph);
    char source[SOURCE_TEXT];
    describe_source(m, source);
    m->tensor = calloc((size_t)n, sizeof *m->tensor);
    if (!m->tensor)
        return no_memory(m);
    for (int i = 0; i < n; i++) {
        const dfn_weight *w = dfn_graph_weight(m->graph, i);
        m->tensor[i] = (dfn_tensor){.name = w->name,
                                    .dtype = DFN_DTYPE_F32,
                                    .rank = w->rank,
                                    .count = w->count,
                                    .data = m->weight[i]};
        for (int k = 0; k < w->rank; k++)
            m->tensor[i].dim[k] = (size_t)w->dim[k];
    }
    const dfn_text_pair metadata[] = {
        {"format", "dfnet4-1"}, {"model", dfn_dfnet3_builder.kind},
        {"norm", "folded"},     {"config", m->config},
        {"source", source},     {"licence", "MIT OR Apache-2.0 (Rikorose/DeepFilterNet)"},
    };
    return dfn_safetensors_write(destination, m->tensor, (size_t)n, metadata,
                                 sizeof metadata / sizeof *metadata, m->err);
}

static void clean_up(import *m)
{
    for (int i = 0; m->owned && i < dfn_graph_weight_count(m->graph); i++)
        free(m->owned[i]);
    for (int i = 0; i < GRAPHS; i++)
        dfn_onnx_free(m->onnx[i]);
    free(m->owned);
    free(m->weight);
    free(m->tensor);
    free(m->config);
    dfn_graph_free(m->graph);
    dfn_source_free(m->file);
}

dfn_status dfn_import(const char *source, const char *destination, dfn_error *err)
{
import m = {.err = err };
    dfn_dfnet3_config config;
    dfn_status status = dfn_source_read(m.file, source, destination, err);
    if (!status)
        status = read_config(&m, &config);
    if (!status)
        status = build_graph(&m, &config);
    if (!status)
        status = find_weights(&m);
    if (!status)
        status = write_model(&m, destination);
    clean_up(&m);
    return status;
}
