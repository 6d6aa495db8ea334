/* gradients.c - see gradients.h. A plan for the gradients of weights only
 * (config.weights_only)
 *
 *   leaves out what no weight can change, and what changes no output;
 *   shares memory by lifetime: a gradient is needed from the last consumer of its value (the
 *     first one to run backwards) to the node that makes it;
 *   writes a gradient first, instead of adding to zeros, where the op can do that, or over
 *     that of its output, where nobody else adds to it;
 *   overwrites values that nobody needs any more with those made of them;
 *   joins a ReLU with the node whose value it would overwrite;
 *   cuts a value that is only read in slices: the node makes these, and nobody copies. */
#include "graph/gradients.h"

#include <limits.h>

/* Consumers of a value, views of it included. */
typedef struct uses {
    int count, last; /* inputs of nodes that compute something; the last such node */
    bool port;       /* seen from outside */
} uses;

static bool shares(const dfn_plan *p)
{
    return p->config.weights_only && p->config.mode != DFN_INFER && !p->config.guard;
}

/* A gradient that has to be written, though nobody wants it. */
static bool wasted(const dfn_plan *p, dfn_value v, int i)
{
    return p->step[v].wanted && !p->step[dfn_plan_root(p, p->g->node[v].in[i])].wanted &&
           !p->op[p->g->node[v].op]->skips;
}

/* Whether v's own buffer is written by a node. */
static bool computed(const dfn_plan *p, dfn_value v)
{
    return !dfn_plan_borrows(p, v) && p->g->node[v].op != DFN_OP_INPUT;
}

static uses find_uses(const dfn_plan *p, dfn_value v, bool wanted_only)
{
    uses u = {.last = -1};
    for (dfn_value c = v + 1; c < p->g->n_node; c++)
        for (int i = 0; i < p->g->node[c].n_in && computed(p, c); i++)
            if (dfn_plan_root(p, p->g->node[c].in[i]) == v &&
                (!wanted_only || p->step[c].wanted)) {
                u.count++;
                u.last = c;
            }
    for (int i = 0; i < p->g->n_port; i++)
        u.port = u.port || dfn_plan_root(p, p->g->port[i].value) == v;
    return u;
}

static bool trainable(const dfn_graph *g, dfn_value v)
{
    for (int i = 0; i < g->node[v].n_w; i++)
        if (!g->weight[g->node[v].w[i]].buffer)
            return true;
    return false;
}

/* Values that some weight can change, and that can change an output. */
static void find_wanted(dfn_plan *p)
{
    const dfn_graph *g = p->g;
    for (dfn_value v = 0; v < g->n_node; v++) {
        p->step[v].wanted = !shares(p) || trainable(g, v);
        for (int i = 0; i < g->node[v].n_in; i++)
            p->step[v].wanted |= p->step[g->node[v].in[i]].wanted;
    }
    for (dfn_value v = g->n_node - 1; v >= 0 && shares(p); v--)
        if (computed(p, v)) {
            const uses u = find_uses(p, v, true);
            p->step[v].wanted = p->step[v].wanted && (u.count || u.port);
        }
}

/* Whether node v may make its input's gradient in that of its output, or its output over
 * its input: nobody else has to do with the input. */
static bool alone(const dfn_plan *p, dfn_value v, dfn_value source)
{
    const uses u = find_uses(p, source, false);
    return u.count == 1 && u.last == v && !u.port && computed(p, source) &&
           dfn_plan_used(p, source) == dfn_plan_used(p, v);
}

static bool writes_over(const dfn_plan *p, dfn_value v)
{
    const dfn_op *op = p->op[p->g->node[v].op];
    return op->over && op->over(&p->g->node[v]);
}

/* Whether two slices along one axis have a number in common. */
static bool overlap(const dfn_attr *a, const dfn_attr *b)
{
    return a->start < b->start + b->length && b->start < a->start + a->length;
}

/* Whether all consumers of `source` are slices of at least `least` that together write every
 * number of its gradient once. */
static bool sliced(const dfn_plan *p, dfn_value source, int least)
{
    const dfn_graph *g = p->g;
    const dfn_attr *first = NULL;
    int length = 0;
    for (dfn_value c = source + 1; c < g->n_node; c++) {
        const dfn_node *n = &g->node[c];
        bool here = false;
        for (int i = 0; i < n->n_in && computed(p, c); i++)
            here = here || dfn_plan_root(p, n->in[i]) == source;
        if (!here)
            continue;
        if (n->op != DFN_OP_SLICE || n->in[0] != source || !p->step[c].wanted ||
            n->attr.length < least)
            return false;
        for (dfn_value b = source + 1; b < c; b++)
            if (g->node[b].op == DFN_OP_SLICE && g->node[b].in[0] == source &&
                overlap(&g->node[b].attr, &n->attr))
                return false;
        first = first ? first : &n->attr;
        if (n->attr.axis != first->axis)
            return false;
        length += n->attr.length;
    }
    return first && length == p->step[source].shape.d[first->axis];
}

/* Whether node v makes its slices itself: along the last axis, and not too narrow for it. */
static bool cuts(const dfn_plan *p, dfn_value v)
{
    enum { LEAST = 256 };
    if (!computed(p, v) || !p->op[p->g->node[v].op]->parts || !p->step[v].wanted ||
        find_uses(p, v, false).port || !sliced(p, v, LEAST))
        return false;
    return p->g->node[find_uses(p, v, false).last].attr.axis == 2;
}

/* The first node that has to do with the gradient of v. */
static dfn_value maker(const dfn_plan *p, dfn_value v)
{
    const dfn_value source = p->g->node[v].n_in ? p->g->node[v].in[0] : v;
    return p->step[v].taken && p->step[source].cut ? source : v;
}

static void cut(dfn_plan *p, dfn_value v)
{
    p->step[v].cut = true;
    for (dfn_value s = v + 1; s < p->g->n_node; s++)
        if (p->g->node[s].n_in && p->g->node[s].in[0] == v) {
            p->step[s].taken = true;
            p->n_part++;
        }
}

/* Let node v make a gradient in place, and its value over its input's, if it may. */
static void join(dfn_plan *p, dfn_value v)
{
    const dfn_graph *g = p->g;
    dfn_value source = -1;
    for (int i = g->node[v].n_in - 1; i >= 0; i--) {
        const dfn_value s = dfn_plan_root(p, g->node[v].in[i]);
        if (p->step[s].wanted && alone(p, v, s))
            source = s;
    }
    if (source < 0)
        return;
    if (p->op[g->node[v].op]->in_place)
        p->step[source].shares = p->step[v].shares;
    p->step[v].over = writes_over(p, v) && p->op[g->node[source].op]->forgets;
    p->step[v].taken =
        p->step[v].taken ||
        (p->step[v].over && g->node[v].attr.act == DFN_ACT_RELU &&
         p->step[source].shares == p->step[v].shares && p->op[g->node[source].op]->relu);
}

void dfn_gradient_plan(dfn_plan *p)
{
    const dfn_graph *g = p->g;
    find_wanted(p);
    for (dfn_value v = 0; v < g->n_node; v++)
        p->step[v].shares = v;
    for (dfn_value v = 0; v < g->n_node && shares(p); v++)
        if (cuts(p, v))
            cut(p, v);
    for (dfn_value v = g->n_node - 1; v >= 0 && shares(p); v--)
        if (computed(p, v) && p->step[v].wanted)
            join(p, v);
}

int dfn_gradient_lifetimes(const dfn_plan *p, dfn_lifetime *l)
{
    int n = 0;
    for (dfn_value v = 0; v < p->g->n_node; v++) {
        if (dfn_plan_borrows(p, v) || !p->step[v].wanted || p->step[v].shares != v ||
            p->step[v].cut)
            continue;
        const uses u = find_uses(p, v, true);
        l[n] = (dfn_lifetime){.bytes = dfn_plan_value_bytes(p, v), .node = v};
        l[n].first = maker(p, v);
        l[n].last = u.port ? INT_MAX : u.last;
        for (dfn_value s = 0; s < v; s++) /* chains of values that share it */
            if (p->step[s].shares == v && l[n].first > maker(p, s))
                l[n].first = maker(p, s);
        if (!shares(p)) {
            l[n].first = -1;
            l[n].last = INT_MAX;
        }
        n++;
    }
    return n;
}

size_t dfn_gradient_waste(const dfn_plan *p)
{
    size_t most = 0;
    for (dfn_value v = 0; v < p->g->n_node; v++)
        for (int i = 0; i < p->g->node[v].n_in && computed(p, v); i++) {
            const size_t bytes = dfn_plan_used(p, p->g->node[v].in[i]);
            if (wasted(p, v, i) && most < bytes)
                most = bytes;
        }
    return most;
}

void dfn_gradient_arguments(dfn_plan *p, dfn_value v, int at)
{
    const dfn_node *n = &p->g->node[v];
    for (int i = 0; i < n->n_in && shares(p); i++) {
        const dfn_value source = dfn_plan_root(p, n->in[i]);
        const uses u = find_uses(p, source, true);
        if (wasted(p, v, i))
            p->din[at + i] = p->waste;
        int here = 0;
        for (int k = 0; k < n->n_in; k++)
            here += dfn_plan_root(p, n->in[k]) == source;
        const bool first = p->step[source].wanted && !u.port && u.last == v;
        p->fresh[at + i] = first && here == 1 && p->op[n->op]->fresh;
        p->clear[at + i] = first && !p->fresh[at + i];
        if (n->op == DFN_OP_SLICE && p->step[source].wanted && !u.port &&
            sliced(p, source, 1)) {
            p->fresh[at + i] = true;
            p->clear[at + i] = false;
        }
    }
}
