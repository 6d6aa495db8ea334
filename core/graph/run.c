/* run.c - walk a plan forwards and backwards. Nothing here allocates. */
#include "graph/plan.h"

#include <string.h>

size_t dfn_plan_bytes(const dfn_plan *p) { return p->bytes; }

static bool is_port(const dfn_graph *g, dfn_value v)
{
    for (int i = 0; i < g->n_port; i++)
        if (g->port[i].value == v)
            return true;
    return false;
}

void *dfn_plan_data(const dfn_plan *p, dfn_value v)
{
    if (v < 0 || v >= p->g->n_node || (p->config.mode == DFN_INFER && !is_port(p->g, v)))
        return NULL;
    return p->step[v].data;
}

void *dfn_plan_grad(const dfn_plan *p, dfn_value v)
{
    return v < 0 || v >= p->g->n_node ? NULL : p->step[v].grad;
}

dfn_shape dfn_plan_shape(const dfn_plan *p, dfn_value v)
{
    return v < 0 || v >= p->g->n_node ? (dfn_shape){0} : p->step[v].shape;
}

size_t dfn_state_bytes(const dfn_graph *g, dfn_precision precision)
{
    return g->state * (precision == DFN_F64 ? sizeof(double) : sizeof(float));
}

void dfn_state_reset(const dfn_graph *g, dfn_precision precision, void *mem)
{
    const size_t elem = precision == DFN_F64 ? sizeof(double) : sizeof(float);
    const dfn_op *const *op = precision == DFN_F64 ? dfn_op_table_f64 : dfn_op_table_c;
    if (g->state)
        memset(mem, 0, g->state * elem);
    for (int i = 0; i < g->n_node; i++)
        if (g->node[i].state && op[g->node[i].op]->reset)
            op[g->node[i].op]->reset(&g->node[i],
                                     (unsigned char *)mem + g->node[i].state_at * elem);
}

bool dfn_state_slot(const dfn_graph *g, const char *name, size_t *at, size_t *count)
{
    for (int i = 0; i < g->n_node; i++)
        if (g->node[i].state && !strcmp(g->node[i].name, name)) {
            *at = g->node[i].state_at;
            *count = g->node[i].state;
            return true;
        }
    return false;
}

/* Point every node at its slot of each stream's state. */
static void bind_states(dfn_plan *p, void *const *states)
{
    const int B = p->config.batch;
    for (int v = 0; v < p->g->n_node; v++)
        for (int b = 0; p->g->node[v].state && b < B; b++)
            p->state[v * B + b] =
                (unsigned char *)states[b] + p->g->node[v].state_at * p->elem;
}

static void bind_weights(dfn_args *a, const void *const *weights)
{
    for (int i = 0; i < a->node->n_w; i++)
        a->w[i] = weights[a->node->w[i]];
}

/* A run of another length than the last one: only t differs. */
static void bind_frames(dfn_plan *p, int frames)
{
    for (int c = 0; c < p->n_call; c++) {
        dfn_args *a = &p->call[c].args;
        for (int i = 0; i < a->n_in; i++)
            a->in_shape[i].t = p->g->node[a->node->in[i]].shape.t * frames;
        a->out_shape.t = a->node->shape.t * frames;
    }
    p->frames = frames;
}

static void prefetch(const void *at, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 64)
        __builtin_prefetch((const char *)at + i);
}

/* In real use a hop finds cold caches, and each node's description costs several misses:
 * ask for them while the nodes before are busy. */
static void prefetch_call(const dfn_call *c)
{
    prefetch(&c[1], sizeof *c);
    prefetch(c->args.node, offsetof(dfn_node, attr.list));
}

/* The first call of node v or a later one. */
static int find_call(const dfn_plan *p, dfn_value v)
{
    int low = 0, high = p->n_call;
    while (low < high) {
        const int middle = (low + high) / 2;
        if (p->call[middle].value < v)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void dfn_run_nodes(dfn_plan *p, const void *const *weights, void *const *states, int frames,
                   dfn_value first, dfn_value end)
{
    const dfn_graph *g = p->g;
    enum { AHEAD = 2 };
    if (frames < 1 || frames > p->config.frames || first < 0 || end > g->n_node ||
        (g->offline && frames != p->config.frames))
        return;
    if (g->state && first == 0) {
        for (int b = 0; p->config.mode != DFN_INFER && b < p->config.batch; b++)
            memcpy(p->before[b], states[b], p->state_bytes);
        bind_states(p, states);
    }
    if (frames != p->frames)
        bind_frames(p, frames);
    for (int i = find_call(p, first); i < p->n_call && p->call[i].value < end; i++) {
        dfn_call *c = &p->call[i];
        if (i + AHEAD < p->n_call)
            prefetch_call(c + AHEAD);
        bind_weights(&c->args, weights);
        c->fwd(&c->args);
    }
}

void dfn_run(dfn_plan *p, const void *const *weights, void *const *states, int frames)
{
    dfn_run_nodes(p, weights, states, frames, 0, p->g->n_node);
}

void dfn_plan_zero_grad(dfn_plan *p)
{
    if (p->grads && !p->config.weights_only)
        memset(p->grads, 0, p->grad_bytes);
    for (int i = 0; p->config.weights_only && i < p->g->n_port; i++) {
        const dfn_value v = dfn_plan_root(p, p->g->port[i].value);
        if (p->step[v].grad)
            memset(p->step[v].grad, 0, dfn_plan_used(p, v));
    }
}

void dfn_backward_nodes(dfn_plan *p, const void *const *weights, void *const *dweights,
                        void *const *dstates, dfn_value first, dfn_value end)
{
    const dfn_graph *g = p->g;
    const int B = p->config.batch;
    if (p->config.mode == DFN_INFER || first < 0 || end > g->n_node)
        return;
    if (g->state && end == g->n_node)
        bind_states(p, p->before);
    for (int b = 0; !dstates && end == g->n_node && b < B; b++)
        memset(p->dstate[b], 0, p->state_bytes);
    if (!dstates)
        dstates = p->dstate;
    for (int c = find_call(p, end) - 1; c >= 0 && p->call[c].value >= first; c--) {
        dfn_args a = p->call[c].args;
        const dfn_node *n = a.node;
        void *dw[DFN_MAX_W] = {0};
        if (!p->step[p->call[c].value].wanted)
            continue;
        bind_weights(&a, weights);
        for (int i = 0; i < a.n_in; i++)
            if (p->clear[a.fresh - p->fresh + i])
                memset(a.din[i], 0, dfn_plan_used(p, dfn_plan_root(p, n->in[i])));
        for (int i = 0; i < n->n_w; i++)
            dw[i] = dweights && !g->weight[n->w[i]].buffer ? dweights[n->w[i]] : NULL;
        for (int b = 0; b < B && n->state; b++)
            p->dslot[b] = (unsigned char *)dstates[b] + n->state_at * p->elem;
        a.dw = dw;
        a.dstate = n->state ? p->dslot : NULL;
        p->op[n->op]->bwd(&a);
    }
}

void dfn_backward(dfn_plan *p, const void *const *weights, void *const *dweights,
                  void *const *dstates)
{
    dfn_backward_nodes(p, weights, dweights, dstates, 0, p->g->n_node);
}

void dfn_update_statistics(dfn_plan *p, void *const *weights)
{
    for (int c = 0; c < p->n_call; c++) {
        const dfn_node *n = p->call[c].args.node;
        void *w[DFN_MAX_W] = {0};
        for (int i = 0; i < n->n_w; i++)
            w[i] = weights[n->w[i]];
        if (p->config.mode == DFN_TRAIN && p->op[n->op]->update)
            p->op[n->op]->update(&p->call[c].args, w);
    }
}

static bool intact(const unsigned char *buffer, size_t bytes, int value)
{
    for (int i = 0; buffer && i < DFN_GUARD_BYTES; i++)
        if (buffer[bytes + i] != value)
            return false;
    return true;
}

const char *dfn_plan_guard(const dfn_plan *p)
{
    for (int v = 0; p->config.guard && v < p->g->n_node; v++) {
        const dfn_node *n = &p->g->node[v];
        const dfn_step *s = &p->step[v];
        if (!dfn_plan_borrows(p, v) &&
            (!intact(s->data, dfn_plan_used(p, v), DFN_GUARD_VALUE) ||
             !intact(s->grad, dfn_plan_used(p, v), 0) || /* zeroed whole */
             !intact(s->save, s->save_bytes, DFN_GUARD_VALUE) ||
             !intact(s->scratch, s->scratch_bytes, DFN_GUARD_VALUE)))
            return *n->name ? n->name : p->op[n->op]->name;
    }
    return NULL;
}
