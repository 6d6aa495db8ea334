/* Composite layers: gradients through all their states, streaming, sizes and refusals. */
#include "model/blocks.h"
#include "model/layers.h"
#include "op_check.h"
#include "op_values.h"

static dfn_value input(dfn_graph *g, const char *name, int D)
{
    return dfn_graph_input(g, name, (dfn_shape){1, {1, 1, D}});
}

static void build_mamba(dfn_graph *g, const void *context)
{
    const dfn_mamba_config *c = context;
    dfn_graph_output(g, "y", dfn_block_mamba(g, "layer", input(g, "x", 17), *c));
}

static void build_squeezed_mamba(dfn_graph *g, const void *context)
{
    const dfn_squeezed_mamba_config *c = context;
    dfn_graph_output(g, "y", dfn_block_squeezed_mamba(g, "stack", input(g, "x", 4), *c));
}

static void build_squeezed_gru(dfn_graph *g, const void *context)
{
    const dfn_squeezed_gru_config *c = context;
    dfn_graph_output(g, "y", dfn_squeezed_gru(g, "stack", input(g, "x", 4), *c));
}

static void build_fusion(dfn_graph *g, const void *context)
{
    const dfn_attention_config *c = context;
    const dfn_value time = input(g, "time", 3), mag = input(g, "mag", 4);
    dfn_graph_output(
        g, "y", dfn_block_fuse_attention(g, "fuse", time, mag, input(g, "phase", 2), *c));
}

static void build_simple(dfn_graph *g, const void *context)
{
    const int *n = context;
    const dfn_value x[] = {input(g, "a", 3), input(g, "b", 2)};
    dfn_graph_output(g, "y", dfn_block_fuse_simple(g, "fuse", *n, x, 4, 0.5));
}

/* Layer and sizes of the full DeepFilterNet4: known from its description. */
static void check_sizes(void)
{
    dfn_graph *g = dfn_graph_new();
    const dfn_squeezed_mamba_config c = {
        .mamba = {.states = 16, .taps = 4, .expand = 2}, .hidden = 256, .layers = 1};
    dfn_block_squeezed_mamba(g, "m", input(g, "x", 128), c);
    CHECK(!dfn_graph_finish(g, NULL), "refused");
    const size_t M = 512, N = 16, R = 16, D = 256;
    const size_t layer =
        2 * D + D * 2 * M + M * 4 + M + M * (R + 2 * N) + R * M + M + M * N + M + M * D;
    CHECK(dfn_graph_parameters(g) == 128 * D + D + layer, "%zu parameters",
          dfn_graph_parameters(g));
    /* scan and ring, each on cache lines of its own */
    CHECK(dfn_state_bytes(g, DFN_F32) == 4 * (M * N + (3 * M + 16)), "%zu bytes of state",
          dfn_state_bytes(g, DFN_F32));
    dfn_graph_free(g);
}

static void check_refusals(void)
{
    op_refused(build_mamba, &(dfn_mamba_config){4, 4, 0}, "impossible expansion");
    op_refused(build_mamba, &(dfn_mamba_config){1 << 30, 4, 2}, "impossible expansion");
    op_refused(build_mamba, &(dfn_mamba_config){4, 1 << 30, 2}, "layer.mamba.conv1d");
    op_refused(build_squeezed_mamba,
               &(dfn_squeezed_mamba_config){
                   .mamba = {2, 2, 2}, .hidden = 5, .layers = 1, .groups = 2},
               "stack.linear_in.0");
    op_refused(build_fusion, &(dfn_attention_config){1 << 30, 2, 2, false}, "size");
    op_refused(build_fusion, &(dfn_attention_config){4, 3, 2, false}, "number of heads");
    op_refused(build_simple, &(int){9}, "2 to 8 branches");
}

int main(void)
{
    op_check(&(op_case){.name = "mamba layer",
                        .build = build_mamba,
                        .context = &(dfn_mamba_config){3, 3, 1},
                        .B = 1,
                        .T = 5});
    op_check(&(op_case){.name = "squeezed mamba, grouped, skip",
                        .build = build_squeezed_mamba,
                        .context = &(dfn_squeezed_mamba_config){.mamba = {2, 2, 2},
                                                                .hidden = 4,
                                                                .layers = 2,
                                                                .out = 6,
                                                                .groups = 2,
                                                                .skip = true}});
    for (int skip = DFN_SKIP_NONE; skip <= DFN_SKIP_HIDDEN; skip++)
        op_check(&(op_case){.name = "squeezed gru",
                            .build = build_squeezed_gru,
                            .context = &(dfn_squeezed_gru_config){.hidden = 6,
                                                                  .out = 4,
                                                                  .layers = 2,
                                                                  .groups_in = 2,
                                                                  .groups_out = 2,
                                                                  .skip = (dfn_skip)skip}});
    op_check(&(op_case){.name = "fusion by attention",
                        .build = build_fusion,
                        .context = &(dfn_attention_config){4, 2, 3, true}});
    op_check(
        &(op_case){.name = "simple fusion", .build = build_simple, .context = &(int){2}});
    check_sizes();
    check_refusals();
    return op_check_report() || check_report();
}
