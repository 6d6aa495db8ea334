/* Plans: buffers shared by lifetime, views, runs of any length, states and batches, on wide
 * random graphs. All comparisons are bit for bit: the arithmetic is the same everywhere. */
#include "check.h"
#include "cpu.h"
#include "graph/plan.h"
#include "rig.h"

#include <stdlib.h>
#include <string.h>

enum { WIDTH = 24, STEPS = 40, B = 3, T = 6 };

typedef struct random_graph {
    uint64_t seed;
    dfn_value made[STEPS + 3];
    int n;
} random_graph;

static dfn_value pick(random_graph *r)
{
    r->seed = r->seed * 6364136223846793005u + 1442695040888963407u;
    return r->made[(r->seed >> 33) % (uint64_t)r->n];
}

static dfn_value add(dfn_graph *g, dfn_op_kind op, dfn_attr attr, dfn_value x)
{
    return dfn_graph_add(g, op, NULL, &attr, 1, &x);
}

/* One new value of WIDTH numbers, made of values made before; stays within [-1, 1]. */
static dfn_value step(dfn_graph *g, random_graph *r, int kind)
{
    const dfn_value x[2] = {pick(r), pick(r)};
    const dfn_attr low = {.axis = 2, .start = 0, .length = 7};
    const dfn_attr high = {.axis = 2, .start = 7, .length = WIDTH - 7}, join = {.axis = 2};
    const dfn_attr table = {.dims = {4, 6, 1}}, row = {.dims = {1, 1, WIDTH}};
    dfn_value y;
    switch (kind) {
    case 0:
        y = dfn_graph_add(g, DFN_OP_ADD, NULL, NULL, 2, x);
        return add(g, DFN_OP_AFFINE, (dfn_attr){.alpha = 0.5}, y);
    case 1: return dfn_graph_add(g, DFN_OP_MUL, NULL, NULL, 2, x);
    case 2: {
        const dfn_value part[2] = {add(g, DFN_OP_SLICE, high, x[0]),
                                   add(g, DFN_OP_SLICE, low, x[1])};
        return dfn_graph_add(g, DFN_OP_CONCAT, NULL, &join, 2, part);
    }
    case 3:
        y = add(g, DFN_OP_RESHAPE, table, x[0]);
        y = add(g, DFN_OP_PERMUTE, (dfn_attr){.perm = {1, 0, 2}}, y);
        return add(g, DFN_OP_RESHAPE, row, y);
    default: return add(g, DFN_OP_DELAY, (dfn_attr){.frames = kind - 3}, x[0]);
    }
}

/* Outputs in every position: in the middle, views, and the last value. */
static void build(dfn_graph *g, const void *context)
{
    const uint64_t seed = *(const uint64_t *)context;
    random_graph r = {.seed = seed, .n = 2};
    r.made[0] = dfn_graph_input(g, "a", (dfn_shape){1, {1, 1, WIDTH}});
    r.made[1] = dfn_graph_input(g, "b", (dfn_shape){1, {1, 1, WIDTH}});
    for (int i = 0; i < STEPS; i++) {
        const dfn_value v = step(g, &r, (int)(seed + (uint64_t)i * i) % 6);
        r.made[r.n++] = v;
        if (i == STEPS / 2) /* an input is written before the run, wherever it is made */
            r.made[r.n++] = dfn_graph_input(g, "c", (dfn_shape){1, {1, 1, WIDTH}});
    }
    const dfn_attr table = {.dims = {2, 3, 4}}, row = {.dims = {1, 1, WIDTH}};
    const dfn_value view = add(g, DFN_OP_RESHAPE, table, r.made[STEPS / 2]);
    dfn_graph_output(g, "middle", r.made[STEPS / 3]);
    dfn_graph_output(g, "view", view);
    dfn_graph_output(g, "view of view", add(g, DFN_OP_RESHAPE, row, view));
    dfn_graph_output(g, "view of input", add(g, DFN_OP_RESHAPE, table, r.made[1]));
    dfn_graph_output(g, "last", r.made[r.n - 1]);
}

static dfn_graph *random_new(uint64_t seed)
{
    dfn_error err = {0};
    dfn_graph *g = dfn_graph_new();
    build(g, &seed);
    dfn_graph_output(g, "input", dfn_graph_find(g, "a"));
    if (dfn_graph_finish(g, &err)) {
        fprintf(stderr, "random graph: %s\n", err.text);
        exit(1);
    }
    return g;
}

static op_case plain = {.name = "random graph"};

static rig rig_new(const dfn_graph *g, dfn_mode mode, int batch, int frames)
{
    rig r;
    rig_open(&r, &plain, g, DFN_F32, mode, batch, frames, false);
    return r;
}

/* The outputs of `frames` frames of stream i of a are those of stream j of b. */
static void same_outputs(const rig *a, int i, const rig *b, int j, int frames,
                         const char *what)
{
    for (int p = 0; p < a->g->n_port; p++) {
        const dfn_value v = a->g->port[p].value;
        const size_t n = (size_t)frames * rig_frame_size(a->g, v);
        const float *x = dfn_plan_data(a->plan, v), *y = dfn_plan_data(b->plan, v);
        CHECK(!a->g->port[p].output ||
                  !memcmp(x + (size_t)i * n, y + (size_t)j * n, n * sizeof *x),
              "%s: '%s' differs", what, a->g->port[p].name);
    }
}

/* Sharing buffers changes nothing but their size. */
static void check_lifetimes(const dfn_graph *g)
{
    static const int frames[] = {T, 1, T - 2};
    rig lean = rig_new(g, DFN_INFER, B, T), full = rig_new(g, DFN_EVAL, B, T);
    size_t values = 0;
    for (int i = 0; i < 3; i++) {
        rig_feed(&lean, 0, 10 * i, frames[i]);
        rig_feed(&full, 0, 10 * i, frames[i]);
        rig_run(&lean, frames[i]);
        rig_run(&full, frames[i]);
        for (int b = 0; b < B; b++)
            same_outputs(&lean, b, &full, b, frames[i], "DFN_INFER and DFN_EVAL");
    }
    for (dfn_value v = 0; v < g->n_node; v++) {
        values += g->node[v].view ? 0 : rig_value_size(&full, v) * sizeof(float);
        const bool port = dfn_plan_data(lean.plan, v) != NULL;
        CHECK(dfn_plan_data(full.plan, v), "DFN_EVAL hides a value");
        CHECK(port || g->node[v].op != DFN_OP_INPUT, "an input is hidden");
    }
    const size_t calls = (size_t)lean.plan->n_call * sizeof *lean.plan->call;
    CHECK(2 * (dfn_plan_bytes(lean.plan) - calls) < values, "%zu of %zu bytes",
          dfn_plan_bytes(lean.plan) - calls, values);
    CHECK(dfn_plan_bytes(full.plan) >= 2 * values, "values and gradients do not fit");
    rig_close(&lean);
    rig_close(&full);
}

static void check_views(const dfn_graph *g)
{
    static const char *const names[] = {"view", "view of view", "view of input"};
    rig r = rig_new(g, DFN_EVAL, B, T);
    for (int i = 0; i < 3; i++) {
        dfn_value v = dfn_graph_find(g, names[i]);
        unsigned char *data = dfn_plan_data(r.plan, v), *grad = dfn_plan_grad(r.plan, v);
        CHECK(g->node[v].view, "'%s' is not a view", names[i]);
        while (g->node[v].view)
            v = g->node[v].in[0];
        CHECK(data == dfn_plan_data(r.plan, v), "'%s' has data of its own", names[i]);
        CHECK(grad == dfn_plan_grad(r.plan, v), "'%s' has a gradient of its own", names[i]);
    }
    CHECK(dfn_plan_data(r.plan, -1) == NULL && dfn_plan_data(r.plan, g->n_node) == NULL &&
              dfn_plan_grad(r.plan, -1) == NULL && dfn_plan_shape(r.plan, -1).t == 0,
          "a value that is none");
    rig_close(&r);
}

/* A run shorter than the plan is that of a shorter plan; one that is longer, or empty, does
 * nothing. */
static void check_lengths(const dfn_graph *g)
{
    rig wide = rig_new(g, DFN_INFER, B, T), tight = rig_new(g, DFN_INFER, B, 2);
    for (int i = 0; i < 4; i++) {
        rig_feed(&wide, 0, 2 * i, 2);
        rig_feed(&tight, 0, 2 * i, 2);
        rig_run(&wide, 2);
        rig_run(&tight, 2);
        for (int b = 0; b < B; b++)
            same_outputs(&wide, b, &tight, b, 2, "2 of 6 frames");
    }
    static const int bad[] = {0, -1, T + 1, INT32_MAX};
    for (int i = 0; i < 4; i++) {
        rig_run(&wide, bad[i]);
        same_outputs(&wide, 0, &tight, 0, 2, "a run of impossible length");
        CHECK(!memcmp(wide.state[0], tight.state[0], wide.state_bytes),
              "a run of %d frames moves the state", bad[i]);
    }
    rig_close(&wide);
    rig_close(&tight);
}

/* A run in pieces is the run, however it is cut; pieces that do not exist do nothing. */
static void check_pieces(const dfn_graph *g)
{
    rig whole = rig_new(g, DFN_INFER, B, T), cut = rig_new(g, DFN_INFER, B, T);
    for (int i = 0; i < 4; i++) {
        const int most = i ? 3 * i : g->n_node;
        rig_feed(&whole, 0, T * i, T);
        rig_feed(&cut, 0, T * i, T);
        rig_run(&whole, T);
        for (int v = 0; v < g->n_node; v += most) {
            const int end = v + most < g->n_node ? v + most : g->n_node;
            dfn_run_nodes(cut.plan, (const void *const *)cut.w.data, cut.state, T, v, end);
        }
        dfn_run_nodes(cut.plan, NULL, NULL, T, -1, g->n_node);
        dfn_run_nodes(cut.plan, NULL, NULL, T, 1, g->n_node + 1);
        for (int b = 0; b < B; b++)
            same_outputs(&whole, b, &cut, b, T, "a run in pieces");
        CHECK(!memcmp(whole.state[0], cut.state[0], whole.state_bytes), "state of pieces");
    }
    rig_close(&whole);
    rig_close(&cut);
}

/* A copied state goes on as its original, in another plan and another place of the batch,
 * and what the neighbours do is of no effect. */
static void check_states(const dfn_graph *g)
{
    rig all = rig_new(g, DFN_INFER, B, T);
    rig_feed(&all, 0, 0, T);
    rig_run(&all, T);
    for (int b = 0; b < B; b++) {
        rig one = rig_new(g, DFN_EVAL, 1, T);
        memcpy(one.state[0], all.state[b], all.state_bytes);
        rig_feed(&one, b, T, 3);
        rig_run(&one, 3);
        rig next = rig_new(g, DFN_INFER, B, T);
        for (int i = 0; i < B; i++)
            memcpy(next.state[i], all.state[i], all.state_bytes);
        rig_feed(&next, 0, T, 3);
        rig_run(&next, 3);
        same_outputs(&next, b, &one, 0, 3, "a copied state");
        CHECK(!memcmp(next.state[b], one.state[0], all.state_bytes), "the state after it");
        rig_close(&one);
        rig_close(&next);
    }
    rig fresh = rig_new(g, DFN_INFER, B, T);
    CHECK(memcmp(fresh.state[0], all.state[0], all.state_bytes) != 0, "no state moves");
    dfn_state_reset(g, DFN_F32, all.state[0]);
    CHECK(!memcmp(fresh.state[0], all.state[0], all.state_bytes), "reset is not the start");
    rig_close(&fresh);
    rig_close(&all);
}

int main(void)
{
    plain.cpu = test_cpu();
    for (uint64_t seed = 1; seed <= 20; seed++) {
        dfn_graph *g = random_new(seed);
        check_lifetimes(g);
        check_views(g);
        check_lengths(g);
        check_pieces(g);
        check_states(g);
        dfn_graph_free(g);
    }
    for (uint64_t seed = 1; seed <= 3; seed++) /* gradients, with many states and views */
        op_check(
            &(op_case){.name = "random graph", .build = build, .context = &seed, .T = 5});
    return check_report();
}
