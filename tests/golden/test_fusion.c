/* Fusion of branches: by attention over a sliding window, and frame by frame. */
#include "check.h"
#include "model/blocks.h"
#include "sequence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Weight i of the graph in its case: a tensor of the same name, or rows of a packed input
 * projection [3 D][D] or [3 D]: q, k, v. Returns the position of its first number. */
static size_t locate(const golden_rig *r, int i, char *tensor, size_t size)
{
    const dfn_weight *info = dfn_graph_weight(r->g, i);
    const char *at = strstr(info->name, "_proj.");
    snprintf(tensor, size, "%s", info->name);
    if (golden_has(r->c, tensor) || !at)
        return 0;
    snprintf(tensor, size, "%.*sin_proj_%s", (int)(at - 1 - info->name), info->name,
             at + strlen("_proj."));
    return (size_t)(strchr("qkv", at[-1]) - "qkv") * info->count;
}

static void weights(golden_rig *r)
{
    for (int i = 0; i < dfn_graph_weight_count(r->g); i++) {
        char name[256];
        const size_t start = locate(r, i, name, sizeof name);
        const dfn_tensor *t = golden_tensor(r->c, name);
        const size_t n = dfn_graph_weight(r->g, i)->count;
        CHECK(t->count == n || t->count == 3 * n, "%s has another size", name);
        for (size_t j = 0; j < n; j++)
            ((float *)r->w.data[i])[j] = (float)golden_at(t, start + j);
    }
}

/* The three parts of a packed projection come one after the other: q, k, v, each with its
 * weight and bias. Gather them in the order of the tensor, and compare at the last part. */
static void weight_grads(golden_rig *r)
{
    for (int i = 0; i < dfn_graph_weight_count(r->g); i++) {
        char name[256], grad[300];
        const size_t start = locate(r, i, name, sizeof name);
        const dfn_tensor *t = golden_tensor(r->c, name);
        const size_t n = dfn_graph_weight(r->g, i)->count;
        snprintf(grad, sizeof grad, "grad.%s", name);
        if (t->count == n)
            golden_compare(r->c, grad, r->dw.data[i], sizeof(float), n);
        if (t->count == n || start != 2 * n)
            continue;
        float *packed = malloc(3 * n * sizeof *packed);
        if (!packed)
            abort();
        for (int k = 0; k < 3; k++) /* q two linears before v, each of two weights */
            memcpy(packed + (size_t)k * n, r->dw.data[i - 4 + 2 * k], n * sizeof *packed);
        golden_compare(r->c, grad, packed, sizeof *packed, 3 * n);
        free(packed);
    }
}

/* After a run over all frames every value can be read, also those inside. */
static void intermediates(golden_rig *r)
{
    static const struct {
        const char *node, *tensor;
    } inside[] = {{"w.time_proj", "out.t"},
                  {"w.mag_proj", "out.m"},
                  {"w.phase_proj", "out.p"},
                  {"w.time_mag_attn.out_proj", "out.attn1"},
                  {"w.mag_phase_attn.out_proj", "out.attn2"},
                  {"w.norm_tm", "out.t2"},
                  {"w.norm_mp", "out.m2"}};
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++)
        for (dfn_value v = 0; v < dfn_graph_node_count(r->g); v++)
            if (!strcmp(dfn_graph_node(r->g, v).name, inside[i].node))
                golden_compare(r->c, inside[i].tensor, dfn_plan_data(r->plan, v),
                               sizeof(float), golden_tensor(r->c, inside[i].tensor)->count);
}

static void build_attention(dfn_graph *g, const golden *c)
{
    const dfn_attention_config config = {.size = (int)golden_number(c, "d", 0),
                                         .heads = (int)golden_number(c, "heads", 0),
                                         .window = (int)golden_number(c, "W", 0),
                                         .recency = golden_number(c, "alibi", 0) != 0};
    const dfn_value time = sequence_input(g, c, "time");
    const dfn_value mag = sequence_input(g, c, "mag");
    const dfn_value phase = sequence_input(g, c, "phase");
    dfn_graph_output(g, "y", dfn_block_fuse_attention(g, "w", time, mag, phase, config));
}

static void build_simple(dfn_graph *g, const golden *c)
{
    static const char *const ports[] = {"x0", "x1", "x2"};
    dfn_value x[3];
    for (int i = 0; i < 3; i++)
        x[i] = sequence_input(g, c, ports[i]);
    dfn_graph_output(g, "y",
                     dfn_block_fuse_simple(g, "w", 3, x, (int)golden_number(c, "out", 0),
                                           golden_number(c, "temperature", 1)));
}

int main(void)
{
    const sequence attention = {.in = {"time", "mag", "phase"},
                                .weights = weights,
                                .weight_grads = weight_grads,
                                .inside = intermediates};
    if (!sequence_check("fusion_simple", build_simple,
                        &(sequence){.in = {"x0", "x1", "x2"}}))
        return golden_skip();
    sequence_check("attn_", build_attention, &attention);
    return check_report();
}
