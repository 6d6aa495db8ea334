/* Every allocation of building, planning and making weights fails once in turn: always
 * DFN_ERR_NOMEM, nothing leaks, and nothing is left behind in the results. */
#include "check.h"
#include "cpu.h"
#include "fail_alloc.h"

#include <dfnet4/graph.h>
#include <stdlib.h>

/* Enough nodes, weights and outputs for each list to grow twice. */
static void build(dfn_graph *g)
{
    dfn_value x = dfn_graph_input(g, "x", (dfn_shape){1, {1, 1, 4}});
    for (int i = 0; i < 40; i++) {
        char name[16];
        snprintf(name, sizeof name, "fc%d", i);
        const dfn_attr full = {.out = 4, .bias = true}, late = {.frames = 2};
        x = dfn_graph_add(g, DFN_OP_LINEAR, name, &full, 1, &x);
        x = dfn_graph_add(g, DFN_OP_DELAY, NULL, &late, 1, &x);
        dfn_graph_output(g, name, x);
    }
}

/* Build, plan, allocate, free; the first error. */
static dfn_status all(dfn_mode mode, dfn_error *err)
{
    dfn_plan *p = NULL;
    dfn_weights w = {0};
    dfn_graph *g = dfn_graph_new();
    if (!g)
        return dfn_fail(err, DFN_ERR_NOMEM, "no graph");
    build(g);
    const dfn_plan_config config = {
        .batch = 2, .frames = 3, .mode = mode, .cpu = test_cpu()};
    dfn_status status = dfn_graph_finish(g, err);
    if (!status)
        status = dfn_plan_new(&p, g, &config, err);
    CHECK(!p == (status != DFN_OK), "a plan although it failed, or none");
    if (!status) {
        status = dfn_weights_new(&w, g, DFN_F32, err);
        CHECK(!w.data == (status != DFN_OK) && !w.block == (status != DFN_OK),
              "weights although they failed, or none");
    }
    dfn_weights_free(&w);
    dfn_plan_free(p);
    dfn_graph_free(g);
    return status;
}

int main(void)
{
    for (dfn_mode mode = DFN_INFER; mode <= DFN_TRAIN; mode++) {
        const int before = fail_alloc_live();
        int n = 0;
        for (bool complete = false; !complete; n++) {
            dfn_error err = {0};
            fail_alloc_after(n);
            const dfn_status status = all(mode, &err);
            complete = fail_alloc_count() <= n;
            fail_alloc_after(-1);
            CHECK(status == (complete ? DFN_OK : DFN_ERR_NOMEM), "allocation %d: %s", n,
                  dfn_strerror(status));
            CHECK(complete || err.text[0], "allocation %d: no message", n);
            CHECK(fail_alloc_live() == before, "allocation %d: %d blocks leak", n,
                  fail_alloc_live() - before);
        }
        printf("mode %d: %d allocations failed in turn\n", (int)mode, n - 1);
        CHECK(n > 100, "only %d allocations", n); /* 81 names of nodes and 40 of outputs */
    }
    return check_report();
}
