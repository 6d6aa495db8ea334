/* precision.c - the form of a model that streams run: packed weights, fused activations. */
#include "graph/node.h"
#include "graph/pack.h"
#include "model/inside.h"

#include <stdlib.h>
#include <string.h>

static const char *const format_name[] = {"float32", "float32", "bf16", "int8"};

static bool is_format(dfn_weight_format f)
{
    return (int)f >= DFN_WEIGHTS_F32 && f <= DFN_WEIGHTS_INT8;
}

/* Layers without matrices are float32, whatever was asked. */
static void tidy(dfn_weight_format *format, const dfn_graph *g)
{
    dfn_rows rows;
    for (dfn_value v = 0; v < g->n_node; v++)
        if (!dfn_rows_find(&rows, g, v, 0))
            format[v] = DFN_WEIGHTS_F32;
}

/* The weights as they were loaded or given; owner: the caller. NULL: no memory. */
static dfn_stored *weights_of(const dfn_model *m)
{
    const size_t n = (size_t)m->net->n_weight;
    dfn_stored *w = calloc(n + 1, sizeof *w);
    for (size_t i = 0; w && i < n; i++)
        w[i] = m->stored ? m->stored[i] : (dfn_stored){.data = m->net_weights[i]};
    return w;
}

/* Pack; the model takes over `format` on success. */
static dfn_status pack(dfn_model *m, dfn_weight_format *format, dfn_error *err)
{
    dfn_graph *run;
    dfn_weights packed;
    dfn_stored *weights = weights_of(m);
    if (!weights)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory while packing weights");
    const dfn_status status = dfn_pack(m->net, weights, format, &run, &packed, err);
    free(weights);
    if (status)
        return status;
    dfn_graph_free(m->run);
    dfn_weights_free(&m->run_weights);
    free(m->format);
    m->run = run;
    m->run_weights = packed;
    m->format = format;
    if (m->file)
        dfn_safetensors_rest(m->file);
    return DFN_OK;
}

/* What the file says: layers are as they are stored. */
static void stored_formats(dfn_weight_format *format, const dfn_model *m)
{
    for (dfn_value v = 0; v < m->net->n_node; v++) {
        const dfn_node *n = &m->net->node[v];
        const dfn_weight_format f = n->n_w ? m->stored[n->w[0]].format : DFN_WEIGHTS_PLAIN;
        format[v] = f ? f : DFN_WEIGHTS_F32;
    }
}

static dfn_status check_weights(const dfn_model *m, dfn_error *err)
{
    if (!m->net_weights && !m->stored)
        return dfn_fail(
            err, DFN_ERR_ARG,
            "the model has no weights: it is only described by a configuration");
    return DFN_OK;
}

static dfn_status refuse_quantised(const dfn_model *m, dfn_error *err)
{
    return dfn_fail(err, DFN_ERR_UNSUPPORTED,
                    "the model's file is quantised to %s: it runs in that precision only",
                    format_name[dfn_model_precision(m)]);
}

static dfn_weight_format *formats_new(const dfn_model *m, dfn_error *err)
{
    dfn_weight_format *format = calloc((size_t)m->net->n_node, sizeof *format);
    if (!format)
        dfn_fail(err, DFN_ERR_NOMEM, "out of memory while packing weights");
    return format;
}

dfn_status dfn_model_pack_stored(dfn_model *m, dfn_error *err)
{
    dfn_weight_format *format = formats_new(m, err);
    if (!format)
        return DFN_ERR_NOMEM;
    stored_formats(format, m);
    const dfn_status status = pack(m, format, err);
    if (status)
        free(format);
    return status;
}

dfn_status dfn_model_set_precision(dfn_model *m, dfn_weight_format precision,
                                   dfn_error *err)
{
    dfn_status status = check_weights(m, err);
    if (status)
        return status;
    if (!is_format(precision))
        return dfn_fail(err, DFN_ERR_ARG, "unknown precision of weights");
    if (m->stored)
        return precision == dfn_model_precision(m) ? DFN_OK : refuse_quantised(m, err);
    dfn_weight_format *format = formats_new(m, err);
    if (!format)
        return DFN_ERR_NOMEM;
    dfn_pack_formats(format, m->net, precision);
    tidy(format, m->net);
    status = pack(m, format, err);
    if (status)
        free(format);
    return status;
}

dfn_status dfn_model_set_formats(dfn_model *m, const dfn_weight_format *formats,
                                 dfn_error *err)
{
    const size_t n = (size_t)m->net->n_node;
    dfn_status status = check_weights(m, err);
    if (status)
        return status;
    for (size_t v = 0; v < n; v++)
        if (!is_format(formats[v]))
            return dfn_fail(err, DFN_ERR_ARG, "unknown format of weights");
    dfn_weight_format *own = formats_new(m, err);
    if (!own)
        return DFN_ERR_NOMEM;
    memcpy(own, formats, n * sizeof *own);
    tidy(own, m->net);
    if (m->stored) {
        status =
            memcmp(own, m->format, n * sizeof *own) ? refuse_quantised(m, err) : DFN_OK;
        free(own);
        return status;
    }
    status = pack(m, own, err);
    if (status)
        free(own);
    return status;
}

const dfn_weight_format *dfn_model_formats(const dfn_model *m) { return m->format; }

bool dfn_model_quantised(const dfn_model *m) { return m->stored; }

dfn_weight_format dfn_model_precision(const dfn_model *m)
{
    dfn_weight_format least = DFN_WEIGHTS_F32;
    for (dfn_value v = 0; m->format && v < m->net->n_node; v++)
        least = m->format[v] > least ? m->format[v] : least;
    return least;
}

const dfn_graph *dfn_model_run_net(const dfn_model *m) { return m->run; }
const void *const *dfn_model_run_weights(const dfn_model *m)
{
    return (const void *const *)m->run_weights.data;
}
