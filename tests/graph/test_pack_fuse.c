/* Which activations become part of the layer in front of them: those that are its only
 * reader, however many read the activation. A layer that somebody else sees stays. */
#include "check.h"
#include "pack_rig.h"

#include <float.h>
#include <stdlib.h>

typedef enum readers { ONE, LAYER_IS_OUTPUT, LAYER_READ_TWICE, MANY_OF_ACTIVATION } readers;

static dfn_graph *build(readers who)
{
    const dfn_attr fc = {.out = 20}, relu = {.act = DFN_ACT_RELU};
    dfn_error err = {0};
    dfn_graph *g = dfn_graph_new();
    dfn_value x = dfn_graph_input(g, "x", (dfn_shape){1, {1, 2, 20}});
    dfn_value layer = dfn_graph_add(g, DFN_OP_LINEAR, "layer", &fc, 1, &x);
    dfn_value act = dfn_graph_add(g, DFN_OP_ACTIVATION, NULL, &relu, 1, &layer), y = act;
    if (who == LAYER_IS_OUTPUT)
        dfn_graph_output(g, "seen", layer);
    if (who == LAYER_READ_TWICE)
        y = dfn_graph_add(g, DFN_OP_ADD, NULL, &(dfn_attr){0}, 2,
                          (dfn_value[]){act, layer});
    if (who == MANY_OF_ACTIVATION) {
        y = dfn_graph_add(g, DFN_OP_LINEAR, "next", &fc, 1, &act);
        y = dfn_graph_add(g, DFN_OP_ADD, NULL, &(dfn_attr){0}, 2, (dfn_value[]){act, y});
        dfn_graph_output(g, "seen", act);
    }
    dfn_graph_output(g, "y", y);
    if (dfn_graph_finish(g, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    return g;
}

static pack_result play(const dfn_graph *g, const dfn_weights *w)
{
    return pack_play(&(pack_run){.g = g,
                                 .w = (const void *const *)w->data,
                                 .B = 1,
                                 .end = PACK_FRAMES,
                                 .len = {PACK_FRAMES},
                                 .n_len = 1,
                                 .signal = pack_usual});
}

static void check(readers who)
{
    const dfn_weight_format format[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    const bool fuses = who == ONE || who == MANY_OF_ACTIVATION;
    dfn_graph *g = build(who), *packed;
    dfn_weights w32, w64, w;
    dfn_error err = {0};
    pack_weights(g, &w32, &w64);
    const dfn_stored stored[2] = {{.data = w32.data[0]},
                                  {.data = w32.data[g->n_weight - 1]}};
    if (dfn_pack(g, stored, format, &packed, &w, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    CHECK(packed->n_node == g->n_node - fuses && packed->node[1].packed &&
              packed->node[1].attr.act == (fuses ? DFN_ACT_RELU : DFN_ACT_NONE),
          "case %d: %d nodes of %d, activation %d", (int)who, packed->n_node, g->n_node,
          (int)packed->node[1].attr.act);
    /* |w| <= 1, |x| <= 3: sums of 20 up to 60, of 20 of those 1200; a rounding for each */
    const double bound = 43 * 1260 * (double)FLT_EPSILON;
    pack_result a = play(g, &w32), b = play(packed, &w);
    for (size_t i = 0; i < PACK_FRAMES * a.n; i++)
        CHECK(fabs(a.y[i] - b.y[i]) <= bound, "case %d: [%zu] is %g, not %g", (int)who, i,
              b.y[i], a.y[i]);
    pack_free(&a);
    pack_free(&b);
    dfn_weights_free(&w);
    dfn_weights_free(&w32);
    dfn_weights_free(&w64);
    dfn_graph_free(packed);
    dfn_graph_free(g);
}

int main(void)
{
    for (readers who = ONE; who <= MANY_OF_ACTIVATION; who++)
        check(who);
    return check_report();
}
