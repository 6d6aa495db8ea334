/* op_values.h - known numbers through an op, and what an op must refuse.
 *
 * op_check shows that an op is consistent with itself; a few numbers worked out by hand
 * show that it is the right op. */
#ifndef OP_VALUES_H
#define OP_VALUES_H

#include "check.h"

#include <dfnet4/graph.h>
#include <stdlib.h>
#include <string.h>

typedef void (*op_build)(dfn_graph *g, const void *context);

static inline void op_values_fill(dfn_plan *p, const dfn_graph *g, const double *x)
{
    for (dfn_value v = 0; v < dfn_graph_node_count(g); v++) {
        const dfn_shape s = dfn_plan_shape(p, v);
        const size_t n = (size_t)s.t * dfn_shape_frame(s);
        if (strcmp(dfn_graph_node(g, v).op, "input"))
            continue;
        memcpy(dfn_plan_data(p, v), x, n * sizeof *x);
        x += n;
    }
}

/* Run the graph of `build` for T frames of one stream in double. `x` holds the inputs and
 * `w` the weights, one behind the other in the order they were made; `want` the output
 * called "y". */
static inline void op_values(const char *name, op_build build, const void *context, int T,
                             const double *x, const double *w, const double *want)
{
    dfn_error err = {0};
    dfn_graph *g = dfn_graph_new();
    build(g, context);
    dfn_plan *p = NULL;
    dfn_weights table = {0};
    const dfn_plan_config config = {
        .batch = 1, .frames = T, .mode = DFN_EVAL, .precision = DFN_F64};
    if (dfn_graph_finish(g, &err) || dfn_plan_new(&p, g, &config, &err) ||
        dfn_weights_new(&table, g, DFN_F64, &err)) {
        CHECK(false, "%s: %s", name, err.text);
        dfn_plan_free(p);
        dfn_graph_free(g);
        return;
    }
    for (int i = 0; i < table.count; i++) {
        const size_t n = dfn_graph_weight(g, i)->count;
        memcpy(table.data[i], w, n * sizeof *w);
        w += n;
    }
    void *state = aligned_alloc(64, (dfn_state_bytes(g, DFN_F64) + 64) / 64 * 64);
    if (!state)
        abort();
    dfn_state_reset(g, DFN_F64, state);
    op_values_fill(p, g, x);
    dfn_run(p, (const void *const *)table.data, &state, T);
    const dfn_value v = dfn_graph_find(g, "y");
    const dfn_shape s = dfn_plan_shape(p, v);
    const double *y = dfn_plan_data(p, v);
    for (size_t i = 0; i < (size_t)s.t * dfn_shape_frame(s); i++)
        CHECK(fabs(y[i] - want[i]) <= 1e-12 * (1 + fabs(want[i])),
              "%s: y[%zu] is %.15g, want %.15g", name, i, y[i], want[i]);
    free(state);
    dfn_weights_free(&table);
    dfn_plan_free(p);
    dfn_graph_free(g);
}

/* Multiply-adds of one frame. */
static inline void op_cost(op_build build, const void *context, uint64_t want)
{
    dfn_graph *g = dfn_graph_new();
    build(g, context);
    CHECK(!dfn_graph_finish(g, NULL) && dfn_graph_macs(g) == want,
          "%llu multiply-adds, want %llu", (unsigned long long)dfn_graph_macs(g),
          (unsigned long long)want);
    dfn_graph_free(g);
}

/* The graph of `build` must be refused with a message that contains `text`. */
static inline void op_refused(op_build build, const void *context, const char *text)
{
    dfn_error err = {0};
    dfn_graph *g = dfn_graph_new();
    build(g, context);
    CHECK(dfn_graph_finish(g, &err) == DFN_ERR_ARG, "not refused: '%s'", text);
    CHECK(strstr(err.text, text), "'%s' does not say '%s'", err.text, text);
    dfn_graph_free(g);
}

#endif
