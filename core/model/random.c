/* random.c - weights of a network that has not been trained.
 *
 *   linear, convolution   U(-k, k), k = 1 / sqrt(fan-in), biases too (PyTorch's defaults;
 * the fan-in of a grouped linear layer is that of one group) GRU                   U(-k,
 * k), k = 1 / sqrt(hidden units) norms                 weight 1, bias 0, running mean 0,
 * running variance 1 sums with softmax     0: equal shares selective scan A_log[m][n] =
 * log(n + 1), D = 1; the bias of the layer that makes its time step is softplus^-1 of steps
 * spread evenly in logarithm over 0.001 to 0.1 (Gu and Dao, Mamba, 2023)
 *
 * Integers, square roots and divisions are exact or rounded alike everywhere; the
 * logarithms are computed in double and stored in float. So all machines get the same
 * numbers. */
#include "model/random.h"

#include "graph/node.h"
#include "model/own.h"

#include <math.h>
#include <string.h>

static const double step_min = 0.001, step_max = 0.1;

/* SplitMix64 (Steele, Lea and Flood, 2014). */
static uint64_t next(uint64_t *s)
{
    uint64_t z = *s += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* -1 to 1 in steps of 2^-23: exact in a float. */
static float uniform(uint64_t *s)
{
    return (float)((int32_t)(next(s) >> 40) - (1 << 23)) / (float)(1 << 23);
}

/* Every weight has a sequence of its own: seed and name (FNV-1a) start it. */
static uint64_t start(uint64_t seed, const char *name)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
    return next(&seed) ^ hash;
}

static void fill(float *x, size_t n, float value)
{
    for (size_t i = 0; i < n; i++)
        x[i] = value;
}

/* Numbers that one output of a node adds up. */
static size_t fan_in(const dfn_node *n, const dfn_weight *w)
{
    size_t count = 1;
    if (n->op == DFN_OP_GROUPED_LINEAR) /* [groups][in of a group][out of a group] */
        return (size_t)w->dim[1];
    if (n->op == DFN_OP_GRU)
        return (size_t)w->dim[0] / 3;
    for (int i = 1; i < w->rank; i++)
        count *= (size_t)w->dim[i];
    return count;
}

static void fill_uniform(float *x, const dfn_weight *w, size_t fan, uint64_t seed)
{
    const float bound = (float)(1 / sqrt((double)fan));
    uint64_t s = start(seed, w->name);
    for (size_t i = 0; i < w->count; i++)
        x[i] = bound * uniform(&s);
}

static void fill_scan(float *x, const dfn_weight *w)
{
    const int states = w->dim[1];
    if (w->rank == 1)
        fill(x, w->count, 1); /* D */
    for (size_t i = 0; w->rank == 2 && i < w->count; i++)
        x[i] = (float)log((double)(i % (size_t)states + 1));
}

static bool ends_with(const char *name, const char *end)
{
    const size_t n = strlen(name), m = strlen(end);
    return n >= m && !strcmp(name + n - m, end);
}

static void fill_weight(float *x, const dfn_graph *g, const dfn_node *n, int i,
                        uint64_t seed)
{
    const dfn_weight *w = &g->weight[n->w[i]];
    switch (n->op) {
    case DFN_OP_LAYER_NORM:
    case DFN_OP_BATCH_NORM:
        fill(x, w->count, ends_with(w->name, "weight") || ends_with(w->name, "var"));
        break;
    case DFN_OP_WEIGHTED_SUM:
    case DFN_OP_RESOLUTION_MIX: fill(x, w->count, 0); break;
    case DFN_OP_SELECTIVE_SCAN: fill_scan(x, w); break;
    default: fill_uniform(x, w, fan_in(n, &g->weight[n->w[0]]), seed);
    }
}

/* The layer with a bias behind a scan's time step, past its activation; or NULL. */
static const dfn_node *step_layer(const dfn_graph *g, const dfn_node *scan)
{
    const dfn_node *n = &g->node[scan->in[1]];
    if (n->op == DFN_OP_ACTIVATION)
        n = &g->node[n->in[0]];
    return n->op == DFN_OP_LINEAR && n->n_w == 2 ? n : NULL;
}

static void fill_steps(float *x, const dfn_weight *w, uint64_t seed)
{
    uint64_t s = start(seed, w->name);
    for (size_t i = 0; i < w->count; i++) {
        const double at = (1 + (double)uniform(&s)) / 2;
        const double step = step_min * exp(at * log(step_max / step_min));
        x[i] = (float)(step + log(-expm1(-step))); /* softplus of it is `step` */
    }
}

void dfn_random_fill(dfn_weights *w, const dfn_graph *g, uint64_t seed)
{
    for (int v = 0; v < g->n_node; v++)
        for (int i = 0; i < g->node[v].n_w; i++)
            fill_weight(w->data[g->node[v].w[i]], g, &g->node[v], i, seed);
    for (int v = 0; v < g->n_node; v++) {
        const dfn_node *n = &g->node[v];
        const dfn_node *layer = n->op == DFN_OP_SELECTIVE_SCAN ? step_layer(g, n) : NULL;
        if (layer)
            fill_steps(w->data[layer->w[1]], &g->weight[layer->w[1]], seed);
    }
}

dfn_status dfn_model_random(dfn_model **out, const char *config_text, const char *name,
                            uint64_t seed, dfn_error *err)
{
    dfn_weights own[2] = {{0}, {0}};
    dfn_status status = dfn_model_describe(out, config_text, name, err);
    if (status)
        return status;
    const dfn_graph *graph[2] = {dfn_model_net(*out), dfn_model_apply(*out)};
    for (int i = 0; i < 2 && !status; i++) {
        status = dfn_weights_new(&own[i], graph[i], DFN_F32, err);
        if (!status)
            dfn_random_fill(&own[i], graph[i], seed);
    }
    if (!status)
        status = dfn_model_own_weights(*out, own, err);
    if (status) {
        dfn_weights_free(&own[0]);
        dfn_weights_free(&own[1]);
        dfn_model_free(*out);
        *out = NULL;
    }
    return status;
}
