/* Folding batch norms leaves the function of the graph as it was, for every kind of layer,
 * and leaves alone what cannot be folded: no weight of it moves. */
#include "check.h"
#include "cpu.h"
#include "graph/fold.h"
#include "rig.h"

#include <float.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static dfn_value norm(dfn_graph *g, const char *name, dfn_value x)
{
    return dfn_graph_add(g, DFN_OP_BATCH_NORM, name, NULL, 1, &x);
}

static dfn_value layer(dfn_graph *g, dfn_op_kind op, const char *name, dfn_value x,
                       dfn_attr a)
{
    return dfn_graph_add(g, op, name, &a, 1, &x);
}

static void build(dfn_graph *g, const void *context)
{
    (void)context;
    dfn_value x = dfn_graph_input(g, "x", (dfn_shape){1, {1, 6, 4}});
    x = norm(
        g, "n0",
        layer(g, DFN_OP_CONV2D, "c0", x,
              (dfn_attr){.out = 6, .kernel_t = 2, .kernel_f = 3, .pad_f = 1, .groups = 2}));
    x = norm(g, "n1",
             layer(g, DFN_OP_CONV_TRANSPOSE2D, "c1", x,
                   (dfn_attr){.out = 4,
                              .kernel_f = 3,
                              .stride_f = 2,
                              .pad_f = 1,
                              .out_pad_f = 1,
                              .groups = 2,
                              .bias = true}));
    x = norm(g, "n2", layer(g, DFN_OP_LINEAR, "c2", x, (dfn_attr){.out = 5, .bias = true}));
    x = norm(g, "n3",
             layer(g, DFN_OP_CONV1D, "c3", x,
                   (dfn_attr){.out = 3, .kernel_t = 3, .stride_t = 2, .causal = true}));
    dfn_value both =
        layer(g, DFN_OP_LINEAR, "c4", x, (dfn_attr){.out = 3}); /* read twice */
    dfn_value sum = dfn_graph_add(g, DFN_OP_ADD, NULL, NULL, 2,
                                  (dfn_value[]){norm(g, "n4", both), both});
    dfn_graph_output(g, "y", norm(g, "n5", sum)); /* nothing in front takes it */
}

/* Layers c0 to c3 have arrays of their own, 64-byte aligned; the others those of before. */
static void check_places(const dfn_graph *g, void *const *before, const dfn_folded *folded)
{
    const int n = dfn_graph_weight_count(folded->graph);
    int changed = 0;
    for (int i = 0; i < n; i++) {
        const char *name = dfn_graph_weight(folded->graph, i)->name;
        const void *old = NULL, *now = folded->weights[i];
        for (int j = 0; j < dfn_graph_weight_count(g); j++)
            if (!strcmp(dfn_graph_weight(g, j)->name, name))
                old = before[j];
        if (name[0] == 'c' && name[1] < '4') {
            changed++;
            CHECK(now && now != old && (uintptr_t)now % 64 == 0, "%s did not move", name);
        } else {
            CHECK(now && now == old, "%s moved", name);
        }
    }
    CHECK(changed == 8 && n == 8 + 1 + 2 * 4, "%d of %d weights", changed, n);
}

int main(void)
{
    enum { B = 2, T = 6 };
    const int all[] = {T};
    const op_case c = {.name = "fold", .build = build, .cpu = test_cpu()};
    dfn_error err = {0};
    dfn_graph *g = dfn_graph_new();
    build(g, NULL);
    CHECK(dfn_graph_finish(g, &err) == DFN_OK, "%s", err.text);

    rig before, after;
    rig_open(&before, &c, g, DFN_F32, DFN_INFER, B, T, true);
    dfn_folded result;
    if (dfn_fold_batch_norm(g, (const void *const *)before.w.data, &result, &err)) {
        CHECK(false, "%s", err.text);
        return check_report();
    }
    const dfn_graph *folded = result.graph;
    check_places(g, before.w.data, &result);
    int norms = 0;
    for (int i = 0; i < dfn_graph_node_count(folded); i++)
        norms += !strcmp(dfn_graph_node(folded, i).op, "batch_norm");
    CHECK(norms == 2, "%d batch norms are left, want 2", norms);
    rig_open(&after, &c, folded, DFN_F32, DFN_INFER, B, T, true);
    for (int i = 0; i < dfn_graph_weight_count(folded); i++)
        memcpy(after.w.data[i], result.weights[i],
               dfn_graph_weight(folded, i)->count * sizeof(float));

    double *x = rig_collect(&before, dfn_graph_find(g, "y"), 0, T, all, 1);
    double *y = rig_collect(&after, dfn_graph_find(folded, "y"), 0, T, all, 1);
    const size_t n = rig_value_size(&before, dfn_graph_find(g, "y"));
    double top = 0, worst = 0;
    for (size_t i = 0; i < n; i++) {
        top = fmax(top, fabs(x[i]));
        worst = fabs(x[i] - y[i]) <= worst ? worst : fabs(x[i] - y[i]);
    }
    /* five layers, each a sum of at most 18 products, with one more rounding per weight */
    CHECK(worst <= 5 * 19 * (double)FLT_EPSILON * top,
          "folding changes the output by %g of %g", worst, top);
    printf("fold: largest output %.3g, difference %.2e\n", top, worst);
    free(x);
    free(y);
    rig_close(&before);
    rig_close(&after);
    dfn_graph_free(result.graph);
    free(result.weights);
    free(result.block);
    dfn_graph_free(g);
    return check_report();
}
