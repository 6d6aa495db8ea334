/* GRU layers, plain and squeezed, with their first and last states and gradients of both.
 */
#include "check.h"
#include "model/layers.h"
#include "sequence.h"

#include <stdlib.h>
#include <string.h>

static bool squeezed(const golden *c) { return golden_has(c, "w.linear_in.0.weight"); }

/* Copy states [layers][B][H] into `tensor`'s order and compare, or out of it. */
static void each(const golden_rig *r, void *const *state, const char *tensor, bool compare)
{
    const dfn_tensor *t = golden_tensor(r->c, tensor);
    const int layers = (int)t->dim[0];
    float *h = calloc(t->count, sizeof *h);
    size_t H, k = 0;
    if (!h)
        abort();
    for (int l = 0; l < layers; l++)
        for (int b = 0; b < r->B; b++) {
            float *slot = sequence_slot(r, state, b, squeezed(r->c) ? "w.gru" : "w", l, &H);
            for (size_t i = 0; i < H; i++, k++)
                if (compare)
                    h[k] = slot[i];
                else
                    slot[i] = (float)golden_at(t, k);
        }
    if (compare)
        golden_compare(r->c, tensor, h, sizeof *h, k);
    free(h);
}

static void start(golden_rig *r)
{
    if (golden_has(r->c, "in.h0"))
        each(r, r->state, "in.h0", false);
}

static void at_end(golden_rig *r) { each(r, r->state, "out.h", true); }

static void seed(golden_rig *r, void *const *dstate) { each(r, dstate, "dout.h", false); }

static void arrive(golden_rig *r, void *const *dstate)
{
    if (golden_has(r->c, "grad.h0"))
        each(r, dstate, "grad.h0", true);
}

static void build(dfn_graph *g, const golden *c)
{
    const dfn_tensor *h = golden_tensor(c, "out.h");
    dfn_value x = sequence_input(g, c, "x");
    for (int layer = 0; layer < (int)h->dim[0]; layer++)
        x = dfn_unary(g, DFN_OP_GRU, "w", x,
                      (dfn_attr){.out = (int)h->dim[2], .variant = layer});
    dfn_graph_output(g, "y", x);
}

static dfn_skip skip(const char *text)
{
    static const char *const names[] = {"identity", "linear", "hidden"};
    for (int i = 0; text && i < 3; i++)
        if (!strcmp(text, names[i]))
            return (dfn_skip)(DFN_SKIP_IDENTITY + i);
    CHECK(!text, "unknown skip '%s'", text);
    return DFN_SKIP_NONE;
}

static void build_squeezed(dfn_graph *g, const golden *c)
{
    const int groups = (int)golden_number(c, "groups", 0);
    const dfn_squeezed_gru_config config = {.hidden = (int)golden_number(c, "hidden", 0),
                                            .out = (int)golden_number(c, "output", 0),
                                            .layers = (int)golden_number(c, "layers", 0),
                                            .groups_in = groups,
                                            .groups_out = groups,
                                            .skip = skip(golden_text(c, "skip"))};
    dfn_graph_output(g, "y", dfn_squeezed_gru(g, "w", sequence_input(g, c, "x"), config));
}

int main(void)
{
    const sequence s = {
        .in = {"x"}, .start = start, .at_end = at_end, .seed = seed, .arrive = arrive};
    if (!sequence_check("gru", build, &s))
        return golden_skip();
    sequence_check("squeezedgru", build_squeezed, &s);
    return check_report();
}
