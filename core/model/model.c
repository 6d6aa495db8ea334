/* model.c - from a file to graphs with weights. */
#include "graph/fold.h"
#include "model/bind.h"
#include "model/dfnet3.h"
#include "model/dfnet4.h"
#include "model/inside.h"
#include "model/kind.h"
#include "model/own.h"

#include <dfnet4/safetensors.h>
#include <stdlib.h>
#include <string.h>

static const dfn_builder *const builders[] = {&dfn_dfnet3_builder, &dfn_dfnet4_builder};

const dfn_builder *dfn_builder_find(const char *kind)
{
    for (size_t i = 0; i < sizeof builders / sizeof *builders; i++)
        if (!strcmp(builders[i]->kind, kind))
            return builders[i];
    return NULL;
}

/* Every tensor of the file has a place in the model. */
static dfn_status check_extra(const dfn_model *m, const dfn_stored *net,
                              const dfn_stored *apply, const char *name, dfn_error *err)
{
    for (size_t i = 0; i < dfn_safetensors_count(m->file); i++) {
        const char *tensor = dfn_safetensors_get(m->file, i)->name;
        if (!dfn_bind_knows(m->net, net, tensor) &&
            !dfn_bind_knows(m->apply, apply, tensor))
            return dfn_fail(err, DFN_ERR_FORMAT, "%s: tensor '%s' does not belong to a %s",
                            name, tensor, m->info.kind);
    }
    return DFN_OK;
}

/* A table of pointers to float32 weights. */
static dfn_status point(const void ***table, const dfn_stored *w, const dfn_graph *g,
                        const char *name, dfn_error *err)
{
    const int n = dfn_graph_weight_count(g);
    *table = calloc((size_t)n + 1, sizeof **table);
    if (!*table)
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", name);
    for (int i = 0; i < n; i++)
        (*table)[i] = w[i].data;
    return DFN_OK;
}

/* Find every weight in the file. */
static dfn_status bind(dfn_model *m, const char *name, dfn_error *err)
{
    dfn_stored *net = NULL, *apply = NULL;
    bool quantised = false;
    dfn_status status = dfn_bind(&net, &quantised, m->file, m->net, name, err);
    if (!status)
        status = dfn_bind(&apply, NULL, m->file, m->apply, name, err);
    if (!status)
        status = check_extra(m, net, apply, name, err);
    if (!status)
        status = point(&m->apply_weights, apply, m->apply, name, err);
    if (!status && !quantised)
        status = point(&m->net_weights, net, m->net, name, err);
    free(apply);
    if (quantised && !status)
        m->stored = net;
    else
        free(net);
    return status;
}

static dfn_status fold(dfn_model *m, dfn_error *err)
{
    dfn_folded folded;
    const dfn_status status = dfn_fold_batch_norm(m->net, m->net_weights, &folded, err);
    if (status)
        return status;
    dfn_graph_free(m->net);
    free(m->net_weights);
    m->net = folded.graph;
    m->net_weights = folded.weights;
    m->folded = folded.block;
    return DFN_OK;
}

static dfn_status finish(dfn_graph *g, const char *name, dfn_error *err)
{
    dfn_error why = {0};
    const dfn_status status = dfn_graph_finish(g, &why);
    return status ? dfn_fail(err, status, "%s: %s", name, why.text) : DFN_OK;
}

/* The text of the configuration with everything that it left to the defaults. */
static dfn_status resolve(dfn_model *m, const dfn_builder *b, const char *name,
                          dfn_error *err)
{
    size_t n;
    const dfn_config_key *keys = b->keys(&n);
    const size_t size = dfn_config_print(NULL, 0, m->config, keys, n) + 1;
    m->config_text = malloc(size);
    if (size < 2 || !m->config_text ||
        dfn_config_print(m->config_text, size, m->config, keys, n) != size - 1)
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", name);
    return DFN_OK;
}

/* The graphs of a configuration, finished. */
static dfn_status build(dfn_model *m, const dfn_builder *b, const char *text,
                        bool batch_norm, const char *name, dfn_error *err)
{
    m->config = calloc(1, b->config_size);
    m->net = dfn_graph_new();
    m->apply = dfn_graph_new();
    if (!m->config || !m->net || !m->apply)
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", name);
    dfn_status status = b->parse(m->config, text, name, batch_norm, err);
    if (status)
        return status;
    status = resolve(m, b, name, err);
    if (status)
        return status;
    m->info = b->info(m->config);
    b->net(m->net, m->config);
    b->apply(m->training ? m->net : m->apply, m->config);
    status = finish(m->net, name, err);
    if (!status && !m->training)
        status = finish(m->apply, name, err);
    return status;
}

static dfn_status load(dfn_model *m, const char *name, dfn_error *err)
{
    const char *format = dfn_safetensors_metadata(m->file, "format");
    const char *kind = dfn_safetensors_metadata(m->file, "model");
    const char *text = dfn_safetensors_metadata(m->file, "config");
    const char *norm = dfn_safetensors_metadata(m->file, "norm");
    if (!format || strcmp(format, "dfnet4-1") || !kind || !text)
        return dfn_fail(
            err, DFN_ERR_FORMAT,
            "%s: not a dfnet4 model (its metadata lacks format, model or config)", name);
    const dfn_builder *b = dfn_builder_find(kind);
    if (!b)
        return dfn_fail(err, DFN_ERR_UNSUPPORTED, "%s: unknown kind of model '%s'", name,
                        kind);
    if (norm && strcmp(norm, "batch") && strcmp(norm, "folded"))
        return dfn_fail(err, DFN_ERR_FORMAT, "%s: unknown norm '%s'", name, norm);
    const bool batch_norm = norm && !strcmp(norm, "batch");
    dfn_status status = build(m, b, text, batch_norm, name, err);
    if (!status && !(status = bind(m, name, err)) && batch_norm)
        status = m->stored ? dfn_fail(err, DFN_ERR_FORMAT,
                                      "%s: quantised weights need folded batch norms", name)
                           : fold(m, err);
    if (status)
        return status;
    return m->stored ? dfn_model_pack_stored(m, err)
                     : dfn_model_set_precision(m, DFN_WEIGHTS_F32, err);
}

dfn_status dfn_model_of_file(dfn_model **out, dfn_safetensors *file, const char *name,
                             dfn_error *err)
{
    dfn_model *m = calloc(1, sizeof *m);
    *out = NULL;
    if (!m) {
        dfn_safetensors_close(file);
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", name);
    }
    m->file = file;
    const dfn_status status = load(m, name, err);
    if (status)
        dfn_model_free(m);
    else
        *out = m;
    return status;
}

dfn_status dfn_model_load(dfn_model **out, const char *path, dfn_error *err)
{
    dfn_safetensors *file;
    *out = NULL;
    const dfn_status status = dfn_safetensors_open(&file, path, err);
    return status ? status : dfn_model_of_file(out, file, path, err);
}

dfn_status dfn_model_load_memory(dfn_model **out, const void *data, size_t size,
                                 const char *name, dfn_error *err)
{
    dfn_safetensors *file;
    *out = NULL;
    const dfn_status status = dfn_safetensors_open_memory(&file, data, size, name, err);
    return status ? status : dfn_model_of_file(out, file, name, err);
}

static dfn_status describe(dfn_model **out, const char *config_text, bool training,
                           bool batch_norm, const char *name, dfn_error *err)
{
    const dfn_builder *b;
    *out = NULL;
    dfn_status status = dfn_builder_of_config(&b, config_text, name, err);
    if (status)
        return status;
    dfn_model *m = calloc(1, sizeof *m);
    if (!m)
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", name);
    m->training = training;
    m->batch_norm = batch_norm;
    status = build(m, b, config_text, batch_norm, name, err);
    if (status)
        dfn_model_free(m);
    else
        *out = m;
    return status;
}

dfn_status dfn_model_describe(dfn_model **out, const char *config_text, const char *name,
                              dfn_error *err)
{
    return describe(out, config_text, false, false, name, err);
}

dfn_status dfn_model_training(dfn_model **out, const char *config_text, bool batch_norm,
                              const char *name, dfn_error *err)
{
    return describe(out, config_text, true, batch_norm, name, err);
}

/* A table of pointers to a graph's weights. */
static const void **point_to(const dfn_weights *w)
{
    const void **table = calloc((size_t)w->count + 1, sizeof *table);
    for (int i = 0; table && i < w->count; i++)
        table[i] = w->data[i];
    return table;
}

dfn_status dfn_model_own_weights(dfn_model *m, const dfn_weights weights[2], dfn_error *err)
{
    const void **net = point_to(&weights[0]), **apply = point_to(&weights[1]);
    if (!net || !apply) {
        free(net);
        free(apply);
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory for the weights of a model");
    }
    m->own[0] = weights[0];
    m->own[1] = weights[1];
    m->net_weights = net;
    m->apply_weights = apply;
    const dfn_status status = dfn_model_set_precision(m, DFN_WEIGHTS_F32, err);
    if (status) { /* the weights stay the caller's */
        m->own[0] = m->own[1] = (dfn_weights){0};
        m->net_weights = m->apply_weights = NULL;
        free(net);
        free(apply);
    }
    return status;
}

void dfn_model_free(dfn_model *m)
{
    if (!m)
        return;
    dfn_graph_free(m->net);
    dfn_graph_free(m->apply);
    free(m->folded);
    dfn_weights_free(&m->own[0]);
    dfn_weights_free(&m->own[1]);
    dfn_graph_free(m->run);
    dfn_weights_free(&m->run_weights);
    free(m->format);
    free(m->stored);
    free(m->net_weights);
    free(m->apply_weights);
    free(m->config);
    free(m->config_text);
    dfn_safetensors_close(m->file);
    free(m);
}

const dfn_model_info *dfn_model_get_info(const dfn_model *m) { return &m->info; }
const dfn_graph *dfn_model_net(const dfn_model *m) { return m->net; }
const dfn_graph *dfn_model_apply(const dfn_model *m) { return m->apply; }
const void *const *dfn_model_net_weights(const dfn_model *m) { return m->net_weights; }
const void *const *dfn_model_apply_weights(const dfn_model *m) { return m->apply_weights; }

const char *dfn_model_config(const dfn_model *m) { return m->config_text; }

const char *dfn_model_metadata(const dfn_model *m, const char *key)
{
    return m->file ? dfn_safetensors_metadata(m->file, key) : NULL;
}
