/* Plain GRU layers, with their first and last states and gradients of both. */
#include "check.h"
#include "sequence.h"

#include <stdlib.h>
#include <string.h>

/* Copy states [layers][B][H] into `tensor`'s order, or out of it. */
static void each(const golden_rig *r, void *const *state, const char *tensor, bool compare)
{
    const dfn_tensor *t = golden_tensor(r->c, tensor);
    const int layers = (int)t->dim[0];
    float *h = calloc(t->count, sizeof *h), *at = h;
    size_t H, k = 0;
    for (int l = 0; l < layers; l++)
        for (int b = 0; b < r->B; b++) {
            float *slot = sequence_slot(r, state, b, "w", l, &H);
            for (size_t i = 0; i < H; i++)
                if (compare)
                    *at++ = slot[i];
                else
                    slot[i] = (float)golden_at(t, k++);
        }
    if (compare)
        golden_compare(r->c, tensor, h, sizeof *h, t->count);
    free(h);
}

static void start(golden_rig *r)
{
    if (golden_has(r->c, "in.h0"))
        each(r, r->state, "in.h0", false);
}

static void at_end(golden_rig *r) { each(r, r->state, "out.h", true); }
static void seed(golden_rig *r, void *const *d) { each(r, d, "dout.h", false); }
static void arrive(golden_rig *r, void *const *d)
{
    if (golden_has(r->c, "grad.h0"))
        each(r, d, "grad.h0", true);
}

static void build(dfn_graph *g, const golden *c)
{
    dfn_value x = sequence_input(g, c, "x");
    for (int layer = 0; layer < (int)golden_tensor(c, "out.h")->dim[0]; layer++)
        x = dfn_graph_add(
            g, DFN_OP_GRU, "w",
            &(dfn_attr){.out = (int)golden_tensor(c, "out.h")->dim[2], .variant = layer}, 1,
            &x);
    dfn_graph_output(g, "y", x);
}

int main(void)
{
    const sequence s = {
        .in = {"x"}, .start = start, .at_end = at_end, .seed = seed, .arrive = arrive};
    if (!sequence_check("gru", build, &s))
        return golden_skip();
    sequence_check("gru_step_extreme", build, &s);
    return check_report();
}
