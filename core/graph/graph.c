/* graph.c - building a graph, and asking about it. */
#include "op/ops.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_MAX = 1 << 16 };

dfn_graph *dfn_graph_new(void) { return calloc(1, sizeof(dfn_graph)); }

void dfn_graph_free(dfn_graph *g)
{
    if (!g)
        return;
    for (int i = 0; i < g->n_node; i++)
        free(g->node[i].name);
    for (int i = 0; i < g->n_weight; i++)
        free((char *)(uintptr_t)g->weight[i].name);
    for (int i = 0; i < g->n_port; i++)
        free(g->port[i].name);
    free(g->node);
    free(g->weight);
    free(g->port);
    free(g);
}

static bool failed(const dfn_graph *g) { return g->err.status != DFN_OK; }

void dfn_graph_refuse(dfn_graph *g, const char *format, ...)
{
    char text[sizeof g->err.text];
    if (failed(g))
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    dfn_fail(&g->err, DFN_ERR_ARG, "%s", text);
}

/* Room for one more element; false and the graph's error set if there is none. */
static bool grow(dfn_graph *g, void *array, int n, int *cap, size_t size)
{
    if (n < *cap)
        return true;
    if (n >= LIST_MAX) {
        dfn_graph_refuse(g, "more than %d nodes, weights or outputs", LIST_MAX);
        return false;
    }
    void *old, *bigger;
    memcpy(&old, array, sizeof old);
    const int want = *cap ? 2 * *cap : 16;
    bigger = realloc(old, (size_t)want * size);
    if (!bigger) {
        dfn_fail(&g->err, DFN_ERR_NOMEM, "out of memory while building a graph");
        return false;
    }
    memcpy(array, &bigger, sizeof bigger);
    *cap = want;
    return true;
}

static char *copy_text(dfn_graph *g, const char *text)
{
    const size_t n = strlen(text) + 1;
    char *copy = malloc(n);
    if (copy)
        memcpy(copy, text, n);
    else
        dfn_fail(&g->err, DFN_ERR_NOMEM, "out of memory while building a graph");
    return copy;
}

static bool add_port(dfn_graph *g, const char *name, dfn_value v, bool output)
{
    if (!name || !*name) {
        dfn_graph_refuse(g, "an input or output needs a name");
        return false;
    }
    if (dfn_graph_find(g, name) >= 0) {
        dfn_graph_refuse(g, "two inputs or outputs are called '%s'", name);
        return false;
    }
    if (!grow(g, &g->port, g->n_port, &g->cap_port, sizeof *g->port))
        return false;
    char *copy = copy_text(g, name);
    if (!copy)
        return false;
    g->port[g->n_port++] = (dfn_port){.name = copy, .value = v, .output = output};
    return true;
}

/* A fresh node at the end, not yet counted. */
static dfn_node *new_node(dfn_graph *g, dfn_op_kind op, const char *name)
{
    if (g->finished)
        dfn_graph_refuse(g, "the graph is finished");
    if (failed(g) || !grow(g, &g->node, g->n_node, &g->cap_node, sizeof *g->node))
        return NULL;
    dfn_node *n = &g->node[g->n_node];
    *n = (dfn_node){.op = op, .name = copy_text(g, name ? name : "")};
    return n->name ? n : NULL;
}

dfn_value dfn_graph_input(dfn_graph *g, const char *name, dfn_shape shape)
{
    if (!failed(g) && !dfn_shape_fits(shape))
        dfn_graph_refuse(g, "input '%s' has an impossible shape", name ? name : "");
    dfn_node *n = new_node(g, DFN_OP_INPUT, name);
    if (!n)
        return -1;
    n->shape = shape;
    g->n_node++;
    return add_port(g, name, g->n_node - 1, false) ? g->n_node - 1 : -1;
}

static bool add_weight(dfn_graph *g, dfn_node *n, const dfn_spec *s, int i)
{
    char name[256];
    size_t count = 1;
    const char *suffix = s->w[i].suffix;
    if (!*n->name) {
        dfn_graph_refuse(g, "a node with weights needs a name");
        return false;
    }
    if (snprintf(name, sizeof name, "%s%s%s", n->name, *suffix ? "." : "", suffix) >=
        (int)sizeof name) {
        dfn_graph_refuse(g, "the weight name '%s' is too long", name);
        return false;
    }
    for (int j = 0; j < g->n_weight; j++)
        if (!strcmp(g->weight[j].name, name)) {
            dfn_graph_refuse(g, "two weights are called '%s'", name);
            return false;
        }
    for (int j = 0; j < s->w[i].rank; j++) {
        if (s->w[i].dim[j] < 1 || count > INT_MAX / (size_t)s->w[i].dim[j]) {
            dfn_graph_refuse(g, "weight '%s' has an impossible shape", name);
            return false;
        }
        count *= (size_t)s->w[i].dim[j];
    }
    if (!grow(g, &g->weight, g->n_weight, &g->cap_weight, sizeof *g->weight))
        return false;
    dfn_weight *w = &g->weight[g->n_weight];
    *w = (dfn_weight){.name = copy_text(g, name),
                      .rank = s->w[i].rank,
                      .count = count,
                      .buffer = s->w[i].buffer};
    memcpy(w->dim, s->w[i].dim, sizeof w->dim);
    if (!w->name)
        return false;
    n->w[n->n_w++] = g->n_weight++;
    return true;
}

dfn_value dfn_graph_add(dfn_graph *g, dfn_op_kind op, const char *name,
                        const dfn_attr *attr, int n_in, const dfn_value *in)
{
    dfn_shape shape[DFN_MAX_IN];
    if (failed(g))
        return -1;
    if ((int)op < 0 || op >= DFN_OP_COUNT || op == DFN_OP_INPUT || n_in < 1 ||
        n_in > DFN_MAX_IN) {
        dfn_graph_refuse(g, "unknown op or number of inputs");
        return -1;
    }
    for (int i = 0; i < n_in; i++) {
        if (in[i] < 0 || in[i] >= g->n_node) {
            dfn_graph_refuse(g, "input %d of '%s' does not exist", i, name ? name : "");
            return -1;
        }
        shape[i] = g->node[in[i]].shape;
    }
    dfn_node *n = new_node(g, op, name);
    if (!n)
        return -1;
    n->attr = attr ? *attr : (dfn_attr){0};
    n->n_in = n_in;
    memcpy(n->in, in, (size_t)n_in * sizeof *in);
    g->n_node++;

    dfn_spec s = {0};
    const dfn_op *o = dfn_op_table_c[op];
    const char *why = o->infer(n, shape, n_in, 1, &s);
    if (!why && (!dfn_shape_fits(s.out) || s.state > INT_MAX - 15))
        why = "the result or its state is too large";
    if (why) {
        dfn_graph_refuse(g, "%s '%s': %s", o->name, n->name, why);
        return -1;
    }
    for (int i = 0; i < s.n_w; i++)
        if (!add_weight(g, n, &s, i))
            return -1;
    n->shape = s.out;
    n->macs = s.macs;
    n->packed = s.packed;
    n->view = s.view;
    n->offline = s.offline;
    n->state = s.state;
    n->state_at = g->state;
    g->state += (s.state + 15) / 16 * 16; /* each slot starts on a cache line */
    g->offline |= s.offline;
    return g->n_node - 1;
}

void dfn_graph_output(dfn_graph *g, const char *name, dfn_value v)
{
    if (failed(g))
        return;
    if (g->finished)
        dfn_graph_refuse(g, "the graph is finished");
    else if (v < 0 || v >= g->n_node)
        dfn_graph_refuse(g, "output '%s' does not exist", name ? name : "");
    else
        add_port(g, name, v, true);
}

dfn_status dfn_graph_finish(dfn_graph *g, dfn_error *err)
{
    if (!failed(g) && !g->n_port)
        dfn_graph_refuse(g, "the graph is empty");
    if (failed(g)) {
        if (err)
            *err = g->err;
        return g->err.status;
    }
    g->finished = true;
    return DFN_OK;
}

dfn_value dfn_graph_find(const dfn_graph *g, const char *name)
{
    for (int i = 0; i < g->n_port; i++)
        if (!strcmp(g->port[i].name, name))
            return g->port[i].value;
    return -1;
}

dfn_shape dfn_graph_shape(const dfn_graph *g, dfn_value v)
{
    return v < 0 || v >= g->n_node ? (dfn_shape){0} : g->node[v].shape;
}

int dfn_graph_weight_count(const dfn_graph *g) { return g->n_weight; }
const dfn_weight *dfn_graph_weight(const dfn_graph *g, int i) { return &g->weight[i]; }
bool dfn_graph_offline(const dfn_graph *g) { return g->offline; }
int dfn_graph_node_count(const dfn_graph *g) { return g->n_node; }

static size_t node_parameters(const dfn_graph *g, const dfn_node *n)
{
    size_t sum = 0;
    for (int i = 0; i < n->n_w; i++)
        if (!g->weight[n->w[i]].buffer)
            sum += g->weight[n->w[i]].count;
    return sum;
}

size_t dfn_graph_parameters(const dfn_graph *g)
{
    size_t sum = 0;
    for (int i = 0; i < g->n_node; i++)
        sum += node_parameters(g, &g->node[i]);
    return sum;
}

uint64_t dfn_graph_macs(const dfn_graph *g)
{
    uint64_t sum = 0;
    for (int i = 0; i < g->n_node; i++)
        sum += g->node[i].macs;
    return sum;
}

dfn_node_info dfn_graph_node(const dfn_graph *g, dfn_value v)
{
    const dfn_node *n = &g->node[v];
    return (dfn_node_info){.op = dfn_op_table_c[n->op]->name,
                           .name = n->name,
                           .shape = n->shape,
                           .parameters = node_parameters(g, n),
                           .state = n->state,
                           .macs = n->macs,
                           .format = n->attr.format,
                           .view = n->view,
                           .n_in = n->n_in,
                           .in = n->in};
}
