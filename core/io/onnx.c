#include "io/onnx.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who makes a value. Sorted by name. */
typedef struct maker {
    const char *name;
    int node;                   /* index of the node, or -1 */
    const Onnx__Tensor *tensor; /* of an initializer or a Constant node */
} maker;

/* A few bytes of a file can ask for a hundred of memory, so the parser gets a budget. */
typedef struct budget {
    size_t left;
    bool exhausted, failed;
} budget;

struct dfn_onnx {
    char *name;
    Onnx__Model *model;
    maker *makers;
    size_t n_makers;
    budget budget;
    ProtobufCAllocator allocator;
};

static void *take(void *data, size_t size)
{
    budget *b = data;
    if (size > b->left) {
        b->exhausted = true;
        return NULL;
    }
    b->left -= size;
    void *p = malloc(size);
    b->failed |= !p;
    return p;
}

static void give(void *data, void *p)
{
    (void)data;
    free(p);
}

static const char *text_of(const char *s) { return s ? s : ""; }

/* ---- constants ---- */

/* Fill `out`; returns what is wrong with the tensor, or NULL. */
static const char *view(const Onnx__Tensor *t, dfn_onnx_const *out)
{
    enum { FLOAT = 1, INT64 = 7 };
    *out = (dfn_onnx_const){.count = 1};
    if (t->n_external_data || t->data_location)
        return "its data are in another file";
    if (t->has_segment)
        return "it is split into segments";
    if (t->n_dims > DFN_ONNX_RANK_MAX)
        return "it has too many dimensions";
    out->rank = (int)t->n_dims;
    for (int i = 0; i < out->rank; i++) {
        out->dim[i] = t->dims[i];
        if (t->dims[i] < 0 || t->dims[i] > DFN_ONNX_SIZE_MAX)
            return "it has an impossible dimension";
        if (t->dims[i] && out->count > DFN_ONNX_SIZE_MAX / (size_t)t->dims[i])
            return "its shape is larger than any file that is read";
        out->count *= (size_t)t->dims[i];
    }
    const bool is_float = t->data_type == FLOAT;
    if (!is_float && t->data_type != INT64)
        return NULL;
    const size_t elem = is_float ? sizeof(float) : sizeof(int64_t);
    const void *data = is_float ? (void *)t->float_data : (void *)t->int64_data;
    size_t bytes = (is_float ? t->n_float_data : t->n_int64_data) * elem;
    if (t->has_raw_data) {
        if (bytes)
            return "it holds its data twice";
        data = t->raw_data.data;
        bytes = t->raw_data.len;
    }
    if (bytes != out->count * elem)
        return "its data do not have the size of its shape";
    if (is_float)
        out->f32 = data;
    else
        out->i64 = data;
    return NULL;
}

static const Onnx__Attribute *attribute(const dfn_onnx_node *node, const char *name)
{
    for (size_t i = 0; i < node->n_attribute; i++)
        if (!strcmp(text_of(node->attribute[i]->name), name))
            return node->attribute[i];
    return NULL;
}

static const Onnx__Tensor *constant_of(const dfn_onnx_node *node)
{
    if (strcmp(text_of(node->op_type), "Constant"))
        return NULL;
    const Onnx__Attribute *value = attribute(node, "value");
    return value ? value->t : NULL;
}

/* ---- the index of values ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const maker *)a)->name, ((const maker *)b)->name);
}

static const maker *find(const dfn_onnx *m, const char *value)
{
    const maker key = {.name = value};
    if (!*value || !m->n_makers)
        return NULL;
    return bsearch(&key, m->makers, m->n_makers, sizeof key, by_name);
}

static DFN_PRINTF(4, 5) dfn_status
    refuse_node(const dfn_onnx *m, size_t i, dfn_error *err, const char *format, ...)
{
    char why[200];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    return dfn_fail(err, DFN_ERR_FORMAT, "%s: node %zu (%.40s): %s", m->name, i,
                    text_of(m->model->graph->node[i]->op_type), why);
}

static dfn_status add_initializers(dfn_onnx *m, dfn_error *err)
{
    const Onnx__Graph *g = m->model->graph;
    for (size_t i = 0; i < g->n_initializer; i++) {
        const Onnx__Tensor *t = g->initializer[i];
        dfn_onnx_const unused;
        const char *why = *text_of(t->name) ? view(t, &unused) : "it has no name";
        if (why)
            return dfn_fail(err, DFN_ERR_FORMAT, "%s: initializer '%.120s': %s", m->name,
                            text_of(t->name), why);
        m->makers[m->n_makers++] = (maker){t->name, -1, t};
    }
    return DFN_OK;
}

static dfn_status add_nodes(dfn_onnx *m, dfn_error *err)
{
    const Onnx__Graph *g = m->model->graph;
    for (size_t i = 0; i < g->n_node; i++) {
        const Onnx__Tensor *t = constant_of(g->node[i]);
        dfn_onnx_const unused;
        const char *why = t ? view(t, &unused) : NULL;
        if (why)
            return refuse_node(m, i, err, "%s", why);
        for (size_t k = 0; k < g->node[i]->n_output; k++)
            if (*g->node[i]->output[k])
                m->makers[m->n_makers++] = (maker){g->node[i]->output[k], (int)i, t};
    }
    return DFN_OK;
}

/* Old files list their initializers among the inputs too. */
static dfn_status add_inputs(dfn_onnx *m, dfn_error *err)
{
    const Onnx__Graph *g = m->model->graph;
    const size_t n_before = m->n_makers;
    qsort(m->makers, n_before, sizeof *m->makers, by_name);
    size_t n = n_before;
    for (size_t i = 0; i < g->n_input; i++) {
        const char *name = text_of(g->input[i]->name);
        const maker *known = find(m, name);
        if (!*name)
            return dfn_fail(err, DFN_ERR_FORMAT, "%s: input %zu has no name", m->name, i);
        if (!known || known->node >= 0)
            m->makers[n++] = (maker){name, -1, NULL};
    }
    m->n_makers = n;
    qsort(m->makers, n, sizeof *m->makers, by_name);
    for (size_t i = 1; i < n; i++)
        if (!strcmp(m->makers[i - 1].name, m->makers[i].name))
            return dfn_fail(err, DFN_ERR_FORMAT, "%s: value '%.120s' is made twice",
                            m->name, m->makers[i].name);
    return DFN_OK;
}

/* The format asks for nodes in order of execution, so a cycle shows as a use too early. */
static dfn_status check_order(const dfn_onnx *m, dfn_error *err)
{
    const Onnx__Graph *g = m->model->graph;
    for (size_t i = 0; i < g->n_node; i++)
        for (size_t k = 0; k < g->node[i]->n_input; k++) {
            const char *value = g->node[i]->input[k];
            const maker *from = find(m, value);
            if (*value && !from)
                return refuse_node(m, i, err, "nothing makes its input '%.120s'", value);
            if (from && from->node >= (int)i)
                return refuse_node(m, i, err, "reads '%.120s' before it is made", value);
        }
    for (size_t i = 0; i < g->n_output; i++)
        if (!find(m, text_of(g->output[i]->name)))
            return dfn_fail(err, DFN_ERR_FORMAT, "%s: nothing makes output '%.120s'",
                            m->name, text_of(g->output[i]->name));
    return DFN_OK;
}

static dfn_status index_values(dfn_onnx *m, dfn_error *err)
{
    const Onnx__Graph *g = m->model->graph;
    size_t n = g->n_initializer + g->n_input;
    if (!g->n_node)
        return dfn_fail(err, DFN_ERR_FORMAT, "%s: not an ONNX model: no nodes", m->name);
    for (size_t i = 0; i < g->n_node; i++)
        n += g->node[i]->n_output;
    m->makers = calloc(n + 1, sizeof *m->makers);
    if (!m->makers)
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", m->name);
    dfn_status status = add_initializers(m, err);
    if (!status)
        status = add_nodes(m, err);
    if (!status)
        status = add_inputs(m, err);
    return status ? status : check_order(m, err);
}

static dfn_status unpack(dfn_onnx *m, const void *data, size_t size, dfn_error *err)
{
    if (size > DFN_ONNX_SIZE_MAX)
        return dfn_fail(err, DFN_ERR_FORMAT, "%s: larger than %d MiB", m->name,
                        DFN_ONNX_SIZE_MAX >> 20);
    if (!size)
        return dfn_fail(err, DFN_ERR_FORMAT, "%s: the file is empty", m->name);
    m->budget.left = 8 * size + (1 << 20);
    m->allocator = (ProtobufCAllocator){take, give, &m->budget};
    m->model = onnx__model__unpack(&m->allocator, size, data);
    if (!m->model && m->budget.failed)
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", m->name);
    if (!m->model && m->budget.exhausted)
        return dfn_fail(err, DFN_ERR_FORMAT, "%s: too many parts for its size", m->name);
    if (!m->model)
        return dfn_fail(err, DFN_ERR_FORMAT, "%s: damaged, or not an ONNX model", m->name);
    if (!m->model->graph)
        return dfn_fail(err, DFN_ERR_FORMAT, "%s: not an ONNX model: no graph", m->name);
    return index_values(m, err);
}

dfn_status dfn_onnx_parse(dfn_onnx **out, const void *data, size_t size, const char *name,
                          dfn_error *err)
{
    *out = NULL;
    dfn_onnx *m = calloc(1, sizeof *m);
    const size_t length = strlen(name) + 1;
    if (!m || !(m->name = malloc(length))) {
        free(m);
        return dfn_fail(err, DFN_ERR_NOMEM, "%s: out of memory", name);
    }
    memcpy(m->name, name, length);
    const dfn_status status = unpack(m, data, size, err);
    if (status) {
        dfn_onnx_free(m);
        return status;
    }
    *out = m;
    return DFN_OK;
}

void dfn_onnx_free(dfn_onnx *m)
{
    if (!m)
        return;
    if (m->model)
        onnx__model__free_unpacked(m->model, &m->allocator);
    free(m->makers);
    free(m->name);
    free(m);
}

/* ---- asking ---- */

const char *dfn_onnx_name(const dfn_onnx *m) { return m->name; }

const dfn_onnx_node *dfn_onnx_producer(const dfn_onnx *m, const char *value)
{
    const maker *from = find(m, value);
    return from && from->node >= 0 ? m->model->graph->node[from->node] : NULL;
}

bool dfn_onnx_is_input(const dfn_onnx *m, const char *value)
{
    const maker *from = find(m, value);
    return from && from->node < 0 && !from->tensor;
}

bool dfn_onnx_is_output(const dfn_onnx *m, const char *value)
{
    for (size_t i = 0; i < m->model->graph->n_output; i++)
        if (!strcmp(text_of(m->model->graph->output[i]->name), value))
            return true;
    return false;
}

bool dfn_onnx_constant(const dfn_onnx *m, const char *value, dfn_onnx_const *out)
{
    const maker *from = find(m, value);
    return from && from->tensor && !view(from->tensor, out);
}

bool dfn_onnx_has(const dfn_onnx_node *node, const char *name)
{
    return attribute(node, name) != NULL;
}

int64_t dfn_onnx_int(const dfn_onnx_node *node, const char *name, int64_t fallback)
{
    const Onnx__Attribute *a = attribute(node, name);
    return a ? a->i : fallback;
}

bool dfn_onnx_ints(const dfn_onnx_node *node, const char *name, int n, int64_t *out)
{
    const Onnx__Attribute *a = attribute(node, name);
    if (!a || a->n_ints != (size_t)n)
        return false;
    memcpy(out, a->ints, (size_t)n * sizeof *out);
    return true;
}

bool dfn_onnx_fills_with_zero(const dfn_onnx_node *node)
{
    const Onnx__Attribute *value = attribute(node, "value");
    dfn_onnx_const c;
    if (!value)
        return true;
    return value->t && !view(value->t, &c) && c.count == 1 && c.f32 && c.f32[0] == 0;
}

void dfn_onnx_text(const dfn_onnx_node *node, const char *name, char *out, size_t size)
{
    const Onnx__Attribute *a = attribute(node, name);
    size_t n = 0;
    for (size_t i = 0; a && i < a->s.len && n + 1 < size; i++)
        if (a->s.data[i] != ' ')
            out[n++] = (char)a->s.data[i];
    out[n] = '\0';
}
