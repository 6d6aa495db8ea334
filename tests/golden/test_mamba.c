/* Mamba: the block, a layer of a stack, and the squeezed stack, with their states in the
 * middle and at the end. */
#include "check.h"
#include "model/blocks.h"
#include "sequence.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct names {
    char block[64], conv[80]; /* nodes of the scan and of the convolution */
    char suffix[16];          /* of the tensors of their states */
} names;

/* Layer i of the case; false if there is none. A block alone is layer 0; the states of a
 * single layer have no number. */
static bool layer(const golden *c, int i, names *n)
{
    char tensor[80];
    *n = (names){.block = "w"};
    if (golden_has(c, "w.mamba.A_log"))
        snprintf(n->block, sizeof n->block, "w.mamba");
    else if (!golden_has(c, "w.A_log"))
        snprintf(n->block, sizeof n->block, "w.mamba_layers.%d.mamba", i);
    snprintf(n->conv, sizeof n->conv, "%s.conv1d", n->block);
    if (!golden_has(c, "out.state_end.h"))
        snprintf(n->suffix, sizeof n->suffix, ".%d", i);
    snprintf(tensor, sizeof tensor, "out.state_end.h%s", n->suffix);
    return golden_has(c, tensor) && (!i || *n->suffix);
}

/* State of the scan, [B][M][N]; ours is [N][M]. */
static void compare_scan(const golden_rig *r, const names *n, const char *when)
{
    char tensor[64];
    snprintf(tensor, sizeof tensor, "out.state_%s.h%s", when, n->suffix);
    const dfn_tensor *t = golden_tensor(r->c, tensor);
    const size_t M = (size_t)t->dim[1], N = (size_t)t->dim[2];
    float *h = malloc(t->count * sizeof *h), *at = h;
    if (!h)
        abort();
    for (int b = 0; b < r->B; b++) {
        size_t size;
        const float *slot = sequence_slot(r, r->state, b, n->block, 0, &size);
        CHECK(size == M * N, "%s: %zu numbers", n->block, size);
        for (size_t i = 0; i < M * N && size == M * N; i++)
            *at++ = slot[i % N * M + i / N];
    }
    golden_compare(r->c, tensor, h, sizeof *h, (size_t)(at - h));
    free(h);
}

/* The ring of the convolution, [B][M][K-1], oldest frame first. */
static void compare_conv(const golden_rig *r, const names *n, const char *when)
{
    char tensor[64];
    snprintf(tensor, sizeof tensor, "out.state_%s.conv%s", when, n->suffix);
    const dfn_tensor *t = golden_tensor(r->c, tensor);
    const int M = (int)t->dim[1], R = (int)t->dim[2];
    float *ring = malloc(t->count * sizeof *ring), *at = ring;
    if (!ring)
        abort();
    for (int b = 0; b < r->B; b++) {
        size_t size;
        const float *slot = sequence_slot(r, r->state, b, n->conv, 0, &size);
        CHECK(size == 1 + (size_t)(M * R), "%s: %zu numbers", n->conv, size);
        for (int m = 0; m < M; m++)
            for (int k = 0; k < R; k++)
                *at++ = slot[1 + ((int)slot[0] + k) % R * M + m];
    }
    golden_compare(r->c, tensor, ring, sizeof *ring, t->count);
    free(ring);
}

static void compare_states(const golden_rig *r, const char *when)
{
    names n;
    for (int i = 0; layer(r->c, i, &n); i++) {
        compare_scan(r, &n, when);
        compare_conv(r, &n, when);
    }
}

static void at_mid(golden_rig *r) { compare_states(r, "mid"); }
static void at_end(golden_rig *r) { compare_states(r, "end"); }

/* Sizes that the case does not name are those of its weights. */
static dfn_mamba_config mamba_config(const golden *c)
{
    names n;
    char name[100];
    CHECK(layer(c, 0, &n), "no layer");
    snprintf(name, sizeof name, "%s.A_log", n.block);
    const dfn_tensor *a = golden_tensor(c, name);
    snprintf(name, sizeof name, "%s.in_proj.weight", n.block);
    const int D = (int)golden_tensor(c, name)->dim[1];
    snprintf(name, sizeof name, "%s.weight", n.conv);
    return (dfn_mamba_config){.states = (int)a->dim[1],
                              .taps = (int)golden_tensor(c, name)->dim[2],
                              .expand = (int)a->dim[0] / D};
}

static void build_mixer(dfn_graph *g, const golden *c)
{
    dfn_graph_output(
        g, "y", dfn_block_mamba_mixer(g, "w", sequence_input(g, c, "x"), mamba_config(c)));
}

static void build_mamba(dfn_graph *g, const golden *c)
{
    dfn_graph_output(g, "y",
                     dfn_block_mamba(g, "w", sequence_input(g, c, "x"), mamba_config(c)));
}

static void build_squeezed(dfn_graph *g, const golden *c)
{
    const dfn_squeezed_mamba_config config = {.mamba = mamba_config(c),
                                              .hidden = (int)golden_number(c, "hidden", 0),
                                              .layers = (int)golden_number(c, "layers", 0),
                                              .out = (int)golden_number(c, "output", 0),
                                              .groups = (int)golden_number(c, "groups", 1),
                                              .skip = golden_has(c, "w.gru_skip.weight")};
    dfn_graph_output(g, "y",
                     dfn_block_squeezed_mamba(g, "w", sequence_input(g, c, "x"), config));
}

int main(void)
{
    const sequence s = {.in = {"x"}, .at_mid = at_mid, .at_end = at_end};
    if (!sequence_check("mambablock", build_mixer, &s))
        return golden_skip();
    sequence_check("mamba_", build_mamba, &s);
    sequence_check("squeezedmamba", build_squeezed, &s);
    return check_report();
}
