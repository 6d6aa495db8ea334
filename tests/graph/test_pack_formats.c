/* Which format each layer gets when a precision is asked for: dfn_pack_formats. */
#include "check.h"
#include "graph/node.h"
#include "graph/pack.h"

#include <stdlib.h>

typedef struct layer {
    int F, C, out, kt, kf;
    dfn_weight_format bf16, int8; /* what it gets where these are asked for */
} layer;

static void check(const layer *l)
{
    const dfn_attr conv = {
        .out = l->out, .kernel_t = l->kt, .kernel_f = l->kf, .pad_f = l->kf / 2};
    dfn_error err = {0};
    dfn_graph *g = dfn_graph_new();
    dfn_value x = dfn_graph_input(g, "x", (dfn_shape){1, {1, l->F, l->C}});
    dfn_value y = dfn_graph_add(g, DFN_OP_CONV2D, "layer", &conv, 1, &x);
    dfn_graph_output(g, "y", y);
    if (dfn_graph_finish(g, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    const dfn_weight_format asked[] = {DFN_WEIGHTS_F32, DFN_WEIGHTS_BF16, DFN_WEIGHTS_INT8};
    const dfn_weight_format want[] = {DFN_WEIGHTS_F32, l->bf16, l->int8};
    for (int i = 0; i < 3; i++) {
        dfn_weight_format got[4] = {0};
        dfn_pack_formats(got, g, asked[i]);
        CHECK(got[y] == want[i], "%d bins, %d channels to %d, %dx%d: %d for %d, want %d",
              l->F, l->C, l->out, l->kt, l->kf, (int)got[y], (int)asked[i], (int)want[i]);
    }
    dfn_graph_free(g);
}

int main(void)
{
    const dfn_weight_format f32 = DFN_WEIGHTS_F32, bf16 = DFN_WEIGHTS_BF16,
                            int8 = DFN_WEIGHTS_INT8;
    const layer layers[] = {
        {8, 64, 64, 1, 1, bf16, int8},  {8, 31, 128, 1, 1, bf16, bf16}, /* 32 inputs */
        {8, 15, 256, 1, 1, f32, f32},                                   /* 16 inputs */
        {96, 16, 16, 1, 1, bf16, bf16}, /* few weights, many products */
        {4, 16, 16, 1, 1, f32, f32},    /* few of both */
        {32, 64, 2, 1, 3, bf16, bf16},  {32, 64, 1, 1, 3, f32, f32},   /* a single output */
        {96, 16, 10, 5, 1, bf16, bf16}, {8, 64, 40, 3, 1, bf16, bf16}, /* along time */
    };
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        check(&layers[i]);
    return check_report();
}
