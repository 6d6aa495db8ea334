/* Features of the phase that the phase encoder reads, put together from ops, of a clip with
 * digital silence and of a tone. Whole and frame by frame. */
#include "check.h"
#include "spectra.h"

/* a conj(b), and the same without its size */
static void outputs(dfn_graph *g, const char *raw, const char *unit, double eps,
                    dfn_value z)
{
    dfn_graph_output(g, raw, z);
    dfn_graph_output(g, unit, add1(g, DFN_OP_COMPLEX_UNIT, (dfn_attr){.alpha = eps}, z));
}

/* A hop of half a transform turns bin k by k half turns: odd bins change sign. Two bins are
 * one row of four numbers here. */
static dfn_value flip_odd_bins(dfn_graph *g, dfn_value z, int F)
{
    const dfn_attr pairs = {.dims = {1, F / 2, 4}}, single = {.dims = {1, F, 2}};
    const dfn_attr even = {.axis = 2, .length = 2},
                   odd = {.axis = 2, .start = 2, .length = 2};
    if (F % 2)
        return join(g, flip_odd_bins(g, bins(g, z, 0, F - 1), F - 1), bins(g, z, F - 1, F));
    z = add1(g, DFN_OP_RESHAPE, pairs, z);
    const dfn_value minus =
        add1(g, DFN_OP_AFFINE, (dfn_attr){.alpha = -1}, add1(g, DFN_OP_SLICE, odd, z));
    z = add2(g, DFN_OP_CONCAT, (dfn_attr){.axis = 2}, add1(g, DFN_OP_SLICE, even, z),
             minus);
    return add1(g, DFN_OP_RESHAPE, single, z);
}

/* Phase advance from frame to frame, and group delay from bin to bin. */
static void build(dfn_graph *g, const golden *c)
{
    const int F = size(c, "in.spec", 1);
    const double eps = golden_number(c, "eps", 0);
    const dfn_attr conjugate = {.variant = 1};
    const dfn_value x = input(g, "x", 1, F, 2);
    const dfn_value before = add1(g, DFN_OP_DELAY, (dfn_attr){.frames = 1}, x);
    const dfn_value z = add2(g, DFN_OP_COMPLEX_MUL, conjugate, x, before);
    outputs(g, "z", "feat", eps, flip_odd_bins(g, z, F));
    const dfn_value delay =
        add2(g, DFN_OP_COMPLEX_MUL, conjugate, bins(g, x, 1, F), bins(g, x, 0, F - 1));
    const dfn_value zero = add1(g, DFN_OP_AFFINE, (dfn_attr){0}, bins(g, x, 0, 1));
    outputs(g, "gd_raw", "gd", eps, join(g, zero, delay));
}

static void check_signal(const golden *c, const dfn_graph *g, const char *signal, int n,
                         const char *const (*known)[2])
{
    golden_rig r;
    golden_rig_open(&r, c, g, DFN_EVAL, DFN_F32, 1, size(c, signal, 0));
    golden_input(&r, "x", signal, NULL);
    golden_run(&r);
    for (int i = 0; i < n; i++)
        golden_compare_output(&r, known[i][0], known[i][1], NULL);
    for (int i = 0; i < n; i++)
        golden_compare_frames(&r, "x", signal, NULL, known[i][0], known[i][1]);
    golden_rig_close(&r);
}

int main(void)
{
    static const char *const clip[][2] = {
        {"z", "out.z"}, {"feat", "out.feat"}, {"gd_raw", "out.gd_raw"}, {"gd", "out.gd"}};
    static const char *const tone[][2] = {{"feat", "out.tone_feat"}};
    golden *c = golden_open("phase_features");
    if (!c)
        return golden_skip();
    dfn_graph *g = dfn_graph_new();
    dfn_error err = {0};
    build(g, c);
    if (dfn_graph_finish(g, &err)) {
        CHECK(false, "%s", err.text);
    } else {
        check_signal(c, g, "in.spec", 4, clip);
        check_signal(c, g, "in.tone", 1, tone);
    }
    dfn_graph_free(g);
    golden_close(c);
    return check_report();
}
