/* STFT and inverse STFT against PyTorch, with gradients. */
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

int main(void)
{
    golden *c = golden_open("stft_torch");
    if (!c)
        return golden_skip();
    golden_close(c);
    stft();
    istft();
    return check_report();
}
