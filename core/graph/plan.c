/* plan.c - compile a graph for a batch and a number of frames: shapes, buffers, arguments.
 */
#include "graph/plan.h"

#include "graph/arena.h"
#include "graph/gradients.h"

#include <limits.h>

/* Bytes of a value with its guard, rounded up to the alignment of every buffer. */
size_t dfn_plan_value_bytes(const dfn_plan *p, dfn_value v)
{
    const size_t bytes = dfn_plan_used(p, v) + (p->config.guard ? DFN_GUARD_BYTES : 0);
    return (bytes + DFN_ALIGN - 1) / DFN_ALIGN * DFN_ALIGN;
}

static bool shares_memory(const dfn_plan *p)
{
    return p->config.mode == DFN_INFER && !p->config.guard;
}

/* Fill l with the lifetime of every value that has a buffer of its own; returns how many.
 */
static int find_lifetimes(const dfn_plan *p, dfn_lifetime *l)
{
    const dfn_graph *g = p->g;
    int n = 0;
    for (dfn_value v = 0; v < g->n_node; v++) {
        if (dfn_plan_borrows(p, v) || p->step[v].over || p->step[v].cut)
            continue;
        /* an input is written before the run starts, an output read after it ends */
        dfn_lifetime life = {
            .bytes = dfn_plan_value_bytes(p, v), .node = v, .first = v, .last = v};
        if (g->node[v].op == DFN_OP_INPUT)
            life.first = -1;
        for (dfn_value u = v; u < g->n_node; u++)
            for (int i = 0; i < g->node[u].n_in; i++)
                if (dfn_plan_root(p, g->node[u].in[i]) == v && life.last < u)
                    life.last = u;
        for (int i = 0; i < g->n_port; i++)
            if (g->port[i].output && dfn_plan_root(p, g->port[i].value) == v)
                life.last = INT_MAX;
        if (!shares_memory(p)) {
            life.first = -1;
            life.last = INT_MAX;
        }
        l[n++] = life;
    }
    return n;
}

/* Shapes and sizes of every node for this batch and these frames. */
static dfn_status infer_all(dfn_plan *p, dfn_spec *spec, dfn_error *err)
{
    const dfn_graph *g = p->g;
    for (dfn_value v = 0; v < g->n_node; v++) {
        const dfn_node *n = &g->node[v];
        dfn_shape in[DFN_MAX_IN];
        if (n->packed && (p->config.mode != DFN_INFER || p->config.precision != DFN_F32))
            return dfn_fail(
                err, DFN_ERR_ARG,
                "'%s' has packed weights: they run in DFN_INFER and DFN_F32 only", n->name);
        if (n->op == DFN_OP_INPUT) {
            spec[v].out = n->shape;
            if (n->shape.t > INT_MAX / p->config.frames)
                return dfn_fail(err, DFN_ERR_ARG, "input '%s': too many frames", n->name);
            spec[v].out.t *= p->config.frames;
        } else {
            for (int i = 0; i < n->n_in; i++)
                in[i] = p->step[n->in[i]].shape;
            const char *why =
                p->op[n->op]->infer(n, in, n->n_in, p->config.batch, &spec[v]);
            if (why)
                return dfn_fail(err, DFN_ERR_ARG, "%s '%s' with %d frames: %s",
                                p->op[n->op]->name, n->name, p->config.frames, why);
        }
        p->step[v].shape = spec[v].out;
        p->step[v].part = spec[v].part && shares_memory(p);
        p->step[v].part_at = p->step[v].part ? spec[v].part_at : 0;
        const dfn_shape out = spec[v].out;
        if (!dfn_shape_fits(out) ||
            (size_t)out.t * dfn_shape_frame(out) > (size_t)(INT_MAX / p->config.batch))
            return dfn_fail(err, DFN_ERR_ARG,
                            "%s '%s' is too large for %d streams of %d frames",
                            p->op[n->op]->name, n->name, p->config.batch, p->config.frames);
    }
    return DFN_OK;
}

/* All buffers in one block: measures with base NULL, places otherwise. */
static void layout(dfn_plan *p, dfn_arena *a, const dfn_spec *spec, dfn_lifetime *l)
{
    const dfn_graph *g = p->g;
    const size_t guard = p->config.guard ? DFN_GUARD_BYTES / p->elem : 0;
    const size_t B = (size_t)p->config.batch;
    const bool keep = p->config.mode != DFN_INFER;
    size_t scratch = 0;

    p->call = dfn_arena_take(a, (size_t)p->n_call, sizeof *p->call);
    p->in_shape = dfn_arena_take(a, (size_t)p->n_in, sizeof *p->in_shape);
    p->in = dfn_arena_take(a, (size_t)p->n_in, sizeof *p->in);
    p->din = dfn_arena_take(a, (size_t)p->n_in, sizeof *p->din);
    p->fresh = dfn_arena_take(a, (size_t)p->n_in, sizeof *p->fresh);
    p->clear = dfn_arena_take(a, (size_t)p->n_in, sizeof *p->clear);
    p->part = dfn_arena_take(a, (size_t)p->n_part, sizeof *p->part);
    const int n = find_lifetimes(p, l);
    unsigned char *values = dfn_arena_take(a, dfn_place(l, n), 1);
    for (int i = 0; i < n && values; i++)
        p->step[l[i].node].data = values + l[i].at;
    for (dfn_value v = 0; v < g->n_node; v++) {
        if (scratch < spec[v].scratch)
            scratch = spec[v].scratch;
        if (guard) {
            p->step[v].scratch = dfn_arena_take(a, spec[v].scratch + guard, p->elem);
            p->step[v].scratch_bytes = spec[v].scratch * p->elem;
        }
        if (keep && spec[v].save) {
            p->step[v].save = dfn_arena_take(a, spec[v].save + guard, p->elem);
            p->step[v].save_bytes = spec[v].save * p->elem;
        }
    }
    unsigned char *shared = dfn_arena_take(a, scratch, p->elem);
    for (dfn_value v = 0; v < g->n_node && !guard; v++)
        p->step[v].scratch = shared;
    if (!keep)
        return;
    const size_t start = a->used;
    const int grads = dfn_gradient_lifetimes(p, l);
    unsigned char *gradient = dfn_arena_take(a, dfn_place(l, grads), 1);
    for (int i = 0; i < grads && gradient; i++)
        p->step[l[i].node].grad = gradient + l[i].at;
    p->waste = dfn_arena_take(a, dfn_gradient_waste(p), 1);
    p->grads = a->base ? a->base + start : NULL;
    p->grad_bytes = a->used - start;
    for (size_t b = 0; b < B; b++) {
        void *before = dfn_arena_take(a, p->state_bytes, 1);
        void *dstate = dfn_arena_take(a, p->state_bytes, 1);
        if (a->base) {
            p->before[b] = before;
            p->dstate[b] = dstate;
        }
    }
}

static void guard_fill(unsigned char *buffer, size_t bytes)
{
    if (buffer)
        memset(buffer + bytes, DFN_GUARD_VALUE, DFN_GUARD_BYTES);
}

static bool is_call(const dfn_plan *p, dfn_value v)
{
    return !dfn_plan_borrows(p, v) && p->g->node[v].op != DFN_OP_INPUT && !p->step[v].taken;
}

/* Whether node v does a ReLU that follows. */
static bool takes_relu(const dfn_plan *p, dfn_value v)
{
    for (dfn_value r = v + 1; r < p->g->n_node; r++)
        if (p->step[r].taken && p->step[r].over &&
            dfn_plan_root(p, p->g->node[r].in[0]) == v)
            return true;
    return false;
}

/* Slices of v, which is cut, from p->part[at] on; returns how many. */
static int fill_parts(dfn_plan *p, dfn_value v, int at)
{
    int n = 0;
    for (dfn_value s = v + 1; s < p->g->n_node; s++)
        if (p->g->node[s].n_in && p->g->node[s].in[0] == v)
            p->part[at + n++] = (dfn_part){.out = p->step[s].data,
                                           .dout = p->step[s].grad,
                                           .start = p->g->node[s].attr.start,
                                           .length = p->g->node[s].attr.length};
    return n;
}

/* Arguments that stay the same from run to run; `at` inputs are bound already. */
static dfn_args arguments(dfn_plan *p, dfn_value v, const dfn_spec *spec, int at)
{
    const dfn_node *n = &p->g->node[v];
    for (int i = 0; i < n->n_in; i++) {
        p->in_shape[at + i] = p->step[n->in[i]].shape;
        p->in[at + i] = p->step[n->in[i]].data;
        p->din[at + i] = p->step[n->in[i]].grad;
    }
    if (p->config.mode != DFN_INFER)
        dfn_gradient_arguments(p, v, at);
    return (dfn_args){.node = n,
                      .kernels = &p->kernels,
                      .B = p->config.batch,
                      .n_in = n->n_in,
                      .mode = p->config.mode,
                      .relu = takes_relu(p, v),
                      .out_shape = p->step[v].shape,
                      .in_shape = p->in_shape + at,
                      .in = p->in + at,
                      .out = p->step[v].data,
                      .dout = p->step[v].grad,
                      .din = p->din + at,
                      .fresh = p->fresh + at,
                      .save = p->step[v].save,
                      .scratch = spec->scratch ? p->step[v].scratch : NULL,
                      .state =
                          n->state ? p->state + (size_t)v * (size_t)p->config.batch : NULL};
}

static void bind(dfn_plan *p, const dfn_spec *spec)
{
    const dfn_graph *g = p->g;
    int calls = 0, inputs = 0, parts = 0;
    for (dfn_value v = 0; v < g->n_node; v++)
        p->step[v].grad = p->step[p->step[v].shares].grad;
    for (dfn_value v = 0; v < g->n_node; v++) {
        if (p->step[v].over)
            p->step[v].data = p->step[g->node[v].in[0]].data;
        if (dfn_plan_borrows(p, v)) {
            const dfn_step *source = &p->step[g->node[v].in[0]];
            p->step[v].data = source->data + p->step[v].part_at * p->elem;
            p->step[v].grad = source->grad;
        }
        if (is_call(p, v)) {
            p->call[calls++] = (dfn_call){.fwd = p->op[g->node[v].op]->fwd,
                                          .value = v,
                                          .args = arguments(p, v, &spec[v], inputs)};
            inputs += g->node[v].n_in;
            if (p->step[v].cut) {
                dfn_args *a = &p->call[calls - 1].args;
                a->part = p->part + parts;
                parts += a->parts = fill_parts(p, v, parts);
            }
        }
        if (p->config.guard && !g->node[v].view) {
            guard_fill(p->step[v].data, dfn_plan_used(p, v));
            guard_fill(p->step[v].save, p->step[v].save_bytes);
            guard_fill(p->step[v].scratch, p->step[v].scratch_bytes);
        }
    }
}

static dfn_status compile(dfn_plan *p, dfn_spec *spec, dfn_lifetime *l, dfn_error *err)
{
    dfn_status status = infer_all(p, spec, err);
    if (status)
        return status;
    dfn_gradient_plan(p);
    for (dfn_value v = 0; v < p->g->n_node; v++) {
        p->n_call += is_call(p, v);
        p->n_in += is_call(p, v) ? p->g->node[v].n_in : 0;
    }
    dfn_arena measure = {0};
    layout(p, &measure, spec, l);
    if (measure.overflow)
        return dfn_fail(err, DFN_ERR_ARG, "the plan is too large");
    p->bytes = measure.used;
    p->block =
        p->config.mode == DFN_INFER ? dfn_block_new(p->bytes) : dfn_block_large(p->bytes);
    if (!p->block)
        return dfn_fail(err, DFN_ERR_NOMEM, "no memory for a plan of %zu bytes", p->bytes);
    dfn_arena placing = {.base = p->block};
    layout(p, &placing, spec, l);
    bind(p, spec);
    return DFN_OK;
}

static void configure(dfn_plan *p, const dfn_graph *g, const dfn_plan_config *config)
{
    p->g = g;
    p->config = *config;
    p->frames = config->frames;
    p->elem = config->precision == DFN_F64 ? sizeof(double) : sizeof(float);
    p->op = config->precision == DFN_F64 ? dfn_op_table_f64 : dfn_op_table_c;
    p->state_bytes = dfn_state_bytes(g, config->precision);
    if (config->precision == DFN_F64)
        dfn_kernels_init_f64(&p->kernels.f64, config->cpu);
    else
        dfn_kernels_init_c(&p->kernels.f32, config->cpu);
    if (config->precision == DFN_F64)
        return;
    p->kernels.f32.ahead = dfn_cpu_ahead();
    if (config->mode == DFN_INFER) /* rows that do not depend on how many there are */
        p->kernels.f32.matmul = dfn_matmul_c;
    else if (config->gemm)
        p->kernels.f32.matmul = config->gemm;
    else if (config->bf16 && config->mode == DFN_TRAIN &&
             p->kernels.f32.matmul_bf16 != dfn_matmul_bf16_c)
        p->kernels.f32.matmul = p->kernels.f32.matmul_bf16;
}

dfn_status dfn_plan_new(dfn_plan **out, const dfn_graph *g, const dfn_plan_config *config,
                        dfn_error *err)
{
    *out = NULL;
    if (!g->finished || config->batch < 1 || config->frames < 1 ||
        (int)config->mode < DFN_INFER || config->mode > DFN_TRAIN ||
        (int)config->precision < DFN_F32 || config->precision > DFN_F64)
        return dfn_fail(err, DFN_ERR_ARG,
                        "a plan needs a finished graph, batch, frames and a known mode");
    const size_t N = (size_t)g->n_node, B = (size_t)config->batch;
    dfn_plan *p = calloc(1, sizeof *p);
    dfn_spec *spec = calloc(N, sizeof *spec);
    dfn_lifetime *l = calloc(N, sizeof *l);
    dfn_step *step = calloc(N, sizeof *step);
    void **slots = calloc((N + 3) * B, sizeof *slots);
    dfn_status status = DFN_ERR_NOMEM;
    if (p && spec && l && step && slots) {
        p->step = step;
        p->state = slots;
        p->before = slots + N * B;
        p->dstate = p->before + B;
        p->dslot = p->dstate + B;
        configure(p, g, config);
        status = compile(p, spec, l, err);
    } else {
        dfn_fail(err, status, "no memory for a plan");
        free(step);
        free(slots);
    }
    free(spec);
    free(l);
    if (status)
        dfn_plan_free(p);
    else
        *out = p;
    return status;
}

void dfn_plan_free(dfn_plan *p)
{
    if (!p)
        return;
    free(p->step);
    free(p->state);
    free(p->block);
    free(p);
}
