/* ERB mask and assembly of the enhanced spectrum against PyTorch, with gradients.
 *
 * The mask's own post-filter is no function of the project, which filters spectra; here it
 * is computed by the test and enters as gains of its own, with its derivative. On the
 * masked spectrum the project's filter must come to the same. */
#include "check.h"
#include "spectra.h"

#include <dfnet4/dsp.h>
#include <stdlib.h>
#include <string.h>

static dfn_attr widths_of(const golden *c, int F, int E)
{
    dfn_attr attr = {.list_len = E};
    CHECK(E <= DFN_LIST_MAX, "%d bands", E);
    if (golden_number(c, "erb_widths.0", 0) > 0)
        for (int e = 0; e < E; e++) {
            char path[32];
            snprintf(path, sizeof path, "erb_widths.%d", e);
            attr.list[e] = (int)golden_number(c, path, 0);
        }
    else /* not in the file: those of DeepFilterNet */
        CHECK(dfn_erb_widths(attr.list, 48000, 2 * (F - 1), E, 2, NULL) == DFN_OK, "%d", F);
    return attr;
}

/* The project's post-filter on output "y" of every frame, compared with a tensor. */
static void compare_filtered(const golden_rig *r, const char *tensor, double beta)
{
    const dfn_tensor *t = golden_tensor(r->c, tensor);
    const float *x = dfn_plan_data(r->plan, dfn_graph_find(r->g, "x"));
    float *y = malloc(t->count * sizeof *y);
    if (!y)
        abort();
    memcpy(y, dfn_plan_data(r->plan, dfn_graph_find(r->g, "y")), t->count * sizeof *y);
    const size_t F = t->dim[3];
    for (size_t at = 0; at < t->count; at += 2 * F)
        dfn_post_filter(y + at, x + at, (int)F, (float)beta);
    golden_compare(r->c, tensor, y, sizeof *y, t->count);
    free(y);
}

/* y = (1 + b) m / (1 + b q^2), q = m / max(m sin(pi m / 2), 1e-12), and its derivative, in
 * which the limit matters: a mask of exactly 0 has a slope of 1 + b. */
static double mask_filter(double m, double b, double *slope)
{
    const double half_pi = 1.57079632679489661923, small = 1e-12;
    const double s = sin(half_pi * m);
    const bool limited = m * s < small;
    const double q = limited ? m / small : 1 / s;
    const double dq = limited ? 1 / small : -half_pi * cos(half_pi * m) / (s * s);
    const double den = 1 + b * q * q;
    *slope = (1 + b) * (1 / den - m * 2 * b * q * dq / (den * den));
    return (1 + b) * m / den;
}

static void mask(void)
{
    golden *c = golden_open("erb_mask");
    const int F = size(c, "in.spec", 3), E = size(c, "in.m", 3), T = size(c, "in.spec", 2);
    const dfn_attr gain = widths_of(c, F, E);
    const double floor_gain = pow(10, -golden_number(c, "atten_db", 0) / 20);
    const double beta = golden_number(c, "beta", 0);
    dfn_graph *g = dfn_graph_new();
    const dfn_value x = input(g, "x", 1, F, 2), m = input(g, "m", 1, 1, E);
    const dfn_value filtered = input(g, "filtered", 1, 1, E);
    const dfn_value above =
        add1(g, DFN_OP_AFFINE, (dfn_attr){.alpha = 1, .beta = -floor_gain}, m);
    const dfn_value clamped =
        add1(g, DFN_OP_AFFINE, (dfn_attr){.alpha = 1, .beta = floor_gain},
             add1(g, DFN_OP_ACTIVATION, (dfn_attr){.act = DFN_ACT_RELU}, above));
    dfn_graph_output(g, "y", add2(g, DFN_OP_ERB_GAIN, gain, x, m));
    dfn_graph_output(g, "y_lim", add2(g, DFN_OP_ERB_GAIN, gain, x, clamped));
    dfn_graph_output(g, "y_pf", add2(g, DFN_OP_ERB_GAIN, gain, x, filtered));
    golden_rig r;
    start(&r, c, g, size(c, "in.spec", 0), T);
    golden_input(&r, "x", "in.spec", NULL);
    golden_input(&r, "m", "in.m", NULL);
    const dfn_tensor *gains = golden_tensor(c, "in.m");
    double *slope = calloc(gains->count, sizeof *slope);
    if (!slope)
        abort();
    for (size_t i = 0; i < gains->count; i++)
        ((float *)dfn_plan_data(r.plan, filtered))[i] =
            (float)mask_filter(golden_at(gains, i), beta, &slope[i]);
    golden_run(&r);
    golden_compare_output(&r, "y", "out.y", NULL);
    golden_compare_output(&r, "y_lim", "out.y_lim", NULL);
    golden_compare_output(&r, "y_pf", "out.y_pf", NULL);
    compare_filtered(&r, "out.y_pf", beta);
    golden_output_grad(&r, "y", "dout.y", NULL);
    golden_output_grad(&r, "y_lim", "dout.y_lim", NULL);
    golden_output_grad(&r, "y_pf", "dout.y_pf", NULL);
    golden_backward(&r);
    golden_compare_grad(&r, "x", "grad.spec", NULL);
    float *dm = dfn_plan_grad(r.plan, m);
    for (size_t i = 0; i < gains->count; i++)
        dm[i] += (float)slope[i] * ((const float *)dfn_plan_grad(r.plan, filtered))[i];
    golden_compare_grad(&r, "m", "grad.m", NULL);
    free(slope);
    golden_rig_close(&r);
    dfn_graph_free(g);
    golden_close(c);
}

/* The deep filter reads the noisy spectrum, the mask the bins above it. */
static void assembly(void)
{
    golden *c = golden_open("df_assemble");
    const int F = size(c, "in.spec", 3), E = size(c, "in.m", 3);
    const int O = size(c, "in.coefs", 1), nb = size(c, "in.coefs", 3);
    const dfn_attr filter = {.size = nb, .order = O, .variant = 1};
    CHECK(golden_number(c, "lookahead", 0) == 0, "lookahead");
    dfn_graph *g = dfn_graph_new();
    const dfn_value x = input(g, "x", 1, F, 2), m = input(g, "m", 1, 1, E);
    const dfn_value h = input(g, "c", O, nb, 2);
    const dfn_value masked = add2(g, DFN_OP_ERB_GAIN, widths_of(c, F, E), x, m);
    dfn_graph_output(
        g, "y", join(g, add2(g, DFN_OP_DEEP_FILTER, filter, x, h), bins(g, masked, nb, F)));
    golden_rig r;
    start(&r, c, g, size(c, "in.spec", 0), size(c, "in.spec", 2));
    golden_input(&r, "x", "in.spec", NULL);
    golden_input(&r, "m", "in.m", NULL);
    golden_input(&r, "c", "in.coefs", "BOTFC:BTOFC");
    golden_run(&r);
    golden_compare_output(&r, "y", "out.spec_e", NULL);
    compare_filtered(&r, "out.spec_pf", golden_number(c, "beta", 0));
    golden_output_grad(&r, "y", "dout.spec_e", NULL);
    golden_backward(&r);
    golden_compare_grad(&r, "x", "grad.spec", NULL);
    golden_compare_grad(&r, "m", "grad.m", NULL);
    golden_compare_grad(&r, "c", "grad.coefs", "BOTFC:BTOFC");
    golden_rig_close(&r);
    dfn_graph_free(g);
    golden_close(c);
}

int main(void)
{
    golden *c = golden_open("erb_mask");
    if (!c)
        return golden_skip();
    golden_close(c);
    mask();
    assembly();
    return check_report();
}
