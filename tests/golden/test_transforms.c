/* STFT and inverse STFT against PyTorch, with gradients, and the phase features: products
 * of neighbours in time and frequency, raw and normalised. */
#include "check.h"
#include "spectra.h"

/* Graphs and plans, one per transform size of the case. */
static void stft(void)
{
    golden *c = golden_open("stft_torch");
    const int N = size(c, "in.x", 0);
    for (int i = 0;; i++) {
        char path[16], y[32], dy[32], dx[32];
        snprintf(path, sizeof path, "ffts.%d", i);
        const int n = (int)golden_number(c, path, 0);
        if (!n) {
            CHECK(i > 0, "no transform");
            break;
        }
        snprintf(y, sizeof y, "out.f%d.y", n);
        snprintf(dy, sizeof dy, "dout.f%d.y", n);
        snprintf(dx, sizeof dx, "grad.f%d.x", n);
        dfn_graph *g = dfn_graph_new();
        const dfn_attr attr = {.size = n, .hop = n / 4};
        dfn_graph_output(g, "y", add1(g, DFN_OP_STFT, attr, input(g, "x", 1, 1, 1)));
        golden_rig r;
        start(&r, c, g, 1, N);
        golden_input(&r, "x", "in.x", NULL);
        golden_run(&r);
        golden_compare_output(&r, "y", y, "FTC:TFC");
        golden_output_grad(&r, "y", dy, "FTC:TFC");
        golden_backward(&r);
        golden_compare_grad(&r, "x", dx, NULL);
        golden_rig_close(&r);
        dfn_graph_free(g);
    }
    golden_close(c);
}

static void istft(void)
{
    golden *c = golden_open("istft_torch");
    const dfn_attr attr = {.size = (int)golden_number(c, "fft", 0),
                           .hop = (int)golden_number(c, "hop", 0),
                           .variant = 1};
    dfn_graph *g = dfn_graph_new();
    const dfn_value x = input(g, "x", 1, size(c, "in.spec", 2), 2);
    dfn_graph_output(g, "y", add1(g, DFN_OP_ISTFT, attr, x));
    golden_rig r;
    start(&r, c, g, size(c, "in.spec", 0), size(c, "in.spec", 1));
    golden_input(&r, "x", "in.spec", NULL);
    golden_run(&r);
    golden_compare_output(&r, "y", "out.y", NULL);
    golden_output_grad(&r, "y", "dout.y", NULL);
    golden_backward(&r);
    golden_compare_grad(&r, "x", "grad.spec", NULL);
    golden_rig_close(&r);
    dfn_graph_free(g);
    golden_close(c);
}

/* z = x conj(x one frame ago), every other bin negated; and x conj(x one bin below). */
static void build_phase(dfn_graph *g, int F, double eps)
{
    const dfn_attr conjugate = {.variant = 1}, none = {0}, unit = {.alpha = eps};
    const dfn_value x = input(g, "x", 1, F, 2), sign = input(g, "sign", 1, F, 1);
    const dfn_value before = add1(g, DFN_OP_DELAY, (dfn_attr){.frames = 1}, x);
    const dfn_value advance =
        add2(g, DFN_OP_MUL, none, add2(g, DFN_OP_COMPLEX_MUL, conjugate, x, before), sign);
    const dfn_value below =
        add2(g, DFN_OP_COMPLEX_MUL, conjugate, bins(g, x, 1, F), bins(g, x, 0, F - 1));
    const dfn_value delay = join(g, add1(g, DFN_OP_AFFINE, none, bins(g, x, 0, 1)), below);
    dfn_graph_output(g, "advance", advance);
    dfn_graph_output(g, "delay", delay);
    dfn_graph_output(g, "unit advance", add1(g, DFN_OP_COMPLEX_UNIT, unit, advance));
    dfn_graph_output(g, "unit delay", add1(g, DFN_OP_COMPLEX_UNIT, unit, delay));
}

static void run_phase(golden_rig *r, const golden *c, dfn_graph *g, const char *tensor)
{
    const int T = size(c, tensor, 0), F = size(c, tensor, 1);
    build_phase(g, F, golden_number(c, "eps", 0));
    start(r, c, g, 1, T);
    golden_input(r, "x", tensor, NULL);
    float *sign = dfn_plan_data(r->plan, dfn_graph_find(g, "sign"));
    for (int i = 0; i < T * F; i++)
        sign[i] = i % F % 2 ? -1 : 1;
    golden_run(r);
}

static void phase(void)
{
    golden *c = golden_open("phase_features");
    golden_rig r;
    dfn_graph *g = dfn_graph_new();
    run_phase(&r, c, g, "in.spec");
    golden_compare_output(&r, "advance", "out.z", NULL);
    golden_compare_output(&r, "unit advance", "out.feat", NULL);
    golden_compare_output(&r, "delay", "out.gd_raw", NULL);
    golden_compare_output(&r, "unit delay", "out.gd", NULL);
    golden_rig_close(&r);
    dfn_graph_free(g);
    g = dfn_graph_new();
    run_phase(&r, c, g, "in.tone");
    golden_compare_output(&r, "unit advance", "out.tone_feat", NULL);
    golden_rig_close(&r);
    dfn_graph_free(g);
    golden_close(c);
}

int main(void)
{
    golden *c = golden_open("stft_torch");
    if (!c)
        return golden_skip();
    golden_close(c);
    stft();
    istft();
    phase();
    return check_report();
}
