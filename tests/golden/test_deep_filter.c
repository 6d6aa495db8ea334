/* Deep filters of every order, lookahead and layout against PyTorch, with gradients. */
#include "check.h"
#include "layout.h"
#include "spectra.h"

#include <stdlib.h>
#include <string.h>

/* Lookahead is a delay of everything but the newest spectrum: the run is `late` frames
 * longer than the case, its inputs end and its answers start that many frames late. */
typedef struct late_rig {
    golden_rig r;
    int late;
} late_rig;

/* Where element i of a tensor of the case stands in the run; shift is 0 or `late`. */
static size_t place(const late_rig *l, int shift, const dfn_tensor *t, size_t i)
{
    const size_t T = (size_t)l->r.T, frames = T - (size_t)l->late;
    const size_t n = t->count / ((size_t)l->r.B * frames), b = i / (frames * n);
    return (b * T + (size_t)shift) * n + i % (frames * n);
}

static void put(const late_rig *l, float *to, int shift, const char *tensor,
                const char *order)
{
    const dfn_tensor *t = golden_tensor(l->r.c, tensor);
    for (size_t i = 0; i < t->count; i++)
        to[place(l, shift, t, i)] =
            (float)golden_at(t, layout_index(order, t->dim, t->rank, i));
}

static void compare(const late_rig *l, const float *x, int shift, const char *tensor,
                    const char *order)
{
    const dfn_tensor *t = golden_tensor(l->r.c, tensor);
    float *y = calloc(t->count, sizeof *y);
    if (!y)
        abort();
    for (size_t i = 0; i < t->count; i++)
        y[layout_index(order, t->dim, t->rank, i)] = x[place(l, shift, t, i)];
    golden_compare(l->r.c, tensor, y, sizeof *y, t->count);
    free(y);
}

static float *data(const late_rig *l, const char *port)
{
    return dfn_plan_data(l->r.plan, dfn_graph_find(l->r.g, port));
}

static float *grad(const late_rig *l, const char *port)
{
    return dfn_plan_grad(l->r.plan, dfn_graph_find(l->r.g, port));
}

/* One order, one lookahead, one layout of the coefficients. */
static void one(const golden *c, int order, int late, bool taps_outside)
{
    const char *layout = taps_outside ? "BOTFC:BTOFC" : "BOTFC:BTFOC";
    char spec[48], coefs[48], y[48], dy[48], dspec[48], dcoefs[48];
    snprintf(spec, sizeof spec, "in.o%dl%d.spec", order, late);
    snprintf(coefs, sizeof coefs, "in.o%dl%d.coefs", order, late);
    snprintf(y, sizeof y, "out.o%dl%d.y", order, late);
    snprintf(dy, sizeof dy, "dout.o%dl%d.y", order, late);
    snprintf(dspec, sizeof dspec, "grad.o%dl%d.spec", order, late);
    snprintf(dcoefs, sizeof dcoefs, "grad.o%dl%d.coefs", order, late);
    const int F = size(c, spec, 3), nb = size(c, coefs, 3);
    CHECK(size(c, coefs, 1) == order, "%s", coefs);

    dfn_graph *g = dfn_graph_new();
    const dfn_attr delay = {.frames = late};
    const dfn_attr filter = {.size = nb, .order = order, .variant = taps_outside};
    const dfn_value x = input(g, "x", 1, F, 2);
    const dfn_value h =
        taps_outside ? input(g, "c", order, nb, 2) : input(g, "c", nb, order, 2);
    const dfn_value low =
        add2(g, DFN_OP_DEEP_FILTER, filter, x, add1(g, DFN_OP_DELAY, delay, h));
    dfn_graph_output(g, "y", join(g, low, bins(g, add1(g, DFN_OP_DELAY, delay, x), nb, F)));

    late_rig l = {.late = late};
    start(&l.r, c, g, size(c, spec, 0), size(c, spec, 2) + late);
    put(&l, data(&l, "x"), 0, spec, NULL);
    put(&l, data(&l, "c"), 0, coefs, layout);
    golden_run(&l.r);
    compare(&l, data(&l, "y"), late, y, NULL);
    dfn_plan_zero_grad(l.r.plan);
    put(&l, grad(&l, "y"), late, dy, NULL);
    golden_backward(&l.r);
    compare(&l, grad(&l, "x"), 0, dspec, NULL);
    compare(&l, grad(&l, "c"), 0, dcoefs, layout);
    golden_rig_close(&l.r);
    dfn_graph_free(g);
}

static void all_orders(void)
{
    golden *c = golden_open("df_op");
    int found = 0;
    for (int order = 1; order <= 64; order++)
        for (int late = 0; late <= 16; late++) {
            char name[32];
            snprintf(name, sizeof name, "in.o%dl%d.spec", order, late);
            if (!golden_has(c, name))
                continue;
            one(c, order, late, true);
            one(c, order, late, false);
            found++;
        }
    CHECK(found > 0, "no case");
    printf("df_op: %d orders and lookaheads, two layouts each\n", found);
    golden_close(c);
}

/* alpha times the filtered bins plus 1 - alpha times the spectrum. */
static void blended(void)
{
    golden *c = golden_open("df_op_alpha");
    const int F = size(c, "in.spec", 3), O = size(c, "in.coefs", 2);
    const int nb = size(c, "in.coefs", 3);
    const dfn_attr filter = {.size = nb, .order = O, .variant = 1};
    CHECK(golden_number(c, "lookahead", 0) == 0, "lookahead");
    dfn_graph *g = dfn_graph_new();
    const dfn_value x = input(g, "x", 1, F, 2), h = input(g, "c", O, nb, 2);
    const dfn_value a = input(g, "a", 1, 1, 1);
    const dfn_value rest = add1(g, DFN_OP_AFFINE, (dfn_attr){.alpha = -1, .beta = 1}, a);
    const dfn_value wet =
        add2(g, DFN_OP_MUL, (dfn_attr){0}, add2(g, DFN_OP_DEEP_FILTER, filter, x, h), a);
    const dfn_value dry = add2(g, DFN_OP_MUL, (dfn_attr){0}, bins(g, x, 0, nb), rest);
    const dfn_value low = add2(g, DFN_OP_ADD, (dfn_attr){0}, wet, dry);
    dfn_graph_output(g, "y", join(g, low, bins(g, x, nb, F)));
    golden_rig r;
    start(&r, c, g, size(c, "in.spec", 0), size(c, "in.spec", 2));
    golden_input(&r, "x", "in.spec", NULL);
    golden_input(&r, "c", "in.coefs", NULL);
    golden_input(&r, "a", "in.alpha", NULL);
    golden_run(&r);
    golden_compare_output(&r, "y", "out.y", NULL);
    golden_output_grad(&r, "y", "dout.y", NULL);
    golden_backward(&r);
    golden_compare_grad(&r, "x", "grad.spec", NULL);
    golden_compare_grad(&r, "c", "grad.coefs", NULL);
    golden_compare_grad(&r, "a", "grad.alpha", NULL);
    golden_rig_close(&r);
    dfn_graph_free(g);
    golden_close(c);
}

enum { MOST = 4 };

/* Filters of several resolutions, widest first; the coefficients are called c0, c1, ... */
typedef struct resolutions {
    int n, F, bins[MOST];
    dfn_value x, y[MOST];
} resolutions;

static resolutions filters(dfn_graph *g, const golden *c)
{
    resolutions m = {.F = size(c, "in.spec", 3)};
    m.x = input(g, "x", 1, m.F, 2);
    for (; m.n < MOST; m.n++) {
        char tensor[32], path[32];
        snprintf(tensor, sizeof tensor, "in.coefs%d", m.n);
        if (!golden_has(c, tensor))
            break;
        const int O = size(c, tensor, 1), nb = size(c, tensor, 3);
        snprintf(path, sizeof path, "resolutions.%d.1", m.n);
        CHECK(golden_number(c, path, 0) == O, "order of resolution %d", m.n);
        CHECK(!m.n || nb < m.bins[m.n - 1], "resolution %d is not smaller", m.n);
        const dfn_attr attr = {.size = nb, .order = O, .variant = 1};
        m.bins[m.n] = nb;
        m.y[m.n] = add2(g, DFN_OP_DEEP_FILTER, attr, m.x,
                        input(g, tensor + strlen("in."), O, nb, 2));
    }
    CHECK(m.n > 1 && m.n < MOST, "%d resolutions", m.n);
    return m;
}

/* Run a case with prefix "ref." or "renorm.", and compare all but the weights. */
static void run_resolutions(golden_rig *r, const resolutions *m, const char *prefix)
{
    char name[48], port[16];
    for (int i = 0; i < m->n; i++) {
        snprintf(name, sizeof name, "in.coefs%d", i);
        golden_input(r, name + strlen("in."), name, "BOTFC:BTOFC");
    }
    golden_input(r, "x", "in.spec", NULL);
    golden_run(r);
    snprintf(name, sizeof name, "out.%sy", prefix);
    golden_compare_output(r, "y", name, NULL);
    snprintf(name, sizeof name, "dout.%sy", prefix);
    golden_output_grad(r, "y", name, NULL);
    golden_backward(r);
    snprintf(name, sizeof name, "grad.%sspec", prefix);
    golden_compare_grad(r, "x", name, NULL);
    for (int i = 0; i < m->n; i++) {
        snprintf(name, sizeof name, "grad.%scoefs%d", prefix, i);
        snprintf(port, sizeof port, "coefs%d", i);
        golden_compare_grad(r, port, name, "BOTFC:BTOFC");
    }
}

/* As the reference code: where a resolution does not reach, it passes its input. */
static void leaking(const golden *c)
{
    dfn_graph *g = dfn_graph_new();
    const resolutions m = filters(g, c);
    dfn_value all[MOST];
    for (int i = 0; i < m.n; i++)
        all[i] = join(g, m.y[i], bins(g, m.x, m.bins[i], m.F));
    dfn_graph_output(
        g, "y",
        dfn_graph_add(g, DFN_OP_WEIGHTED_SUM, "op.resolution_weights", NULL, m.n, all));
    golden_rig r;
    start(&r, c, g, size(c, "in.spec", 0), size(c, "in.spec", 2));
    run_resolutions(&r, &m, "ref.");
    golden_compare_weight_grads(&r, "grad.ref.");
    golden_rig_close(&r);
    dfn_graph_free(g);
}

/* Softmax over the resolutions that reach a bin. The logits are an input, the same in every
 * frame, since several ranges of bins share them. */
static void renormalised(const golden *c)
{
    dfn_graph *g = dfn_graph_new();
    const resolutions m = filters(g, c);
    const dfn_value w = input(g, "w", 1, 1, m.n);
    dfn_value y = -1;
    for (int k = m.n; k > 0; k--) { /* the range that resolutions 0 .. k - 1 reach */
        const int from = k < m.n ? m.bins[k] : 0, to = m.bins[k - 1];
        const dfn_value p =
            add1(g, DFN_OP_SOFTMAX, (dfn_attr){.axis = 2},
                 add1(g, DFN_OP_SLICE, (dfn_attr){.axis = 2, .start = 0, .length = k}, w));
        dfn_value sum = -1;
        for (int i = 0; i < k; i++) {
            const dfn_attr one_of = {.axis = 2, .start = i, .length = 1};
            const dfn_value part =
                add2(g, DFN_OP_MUL, (dfn_attr){0}, bins(g, m.y[i], from, to),
                     add1(g, DFN_OP_SLICE, one_of, p));
            sum = i ? add2(g, DFN_OP_ADD, (dfn_attr){0}, sum, part) : part;
        }
        y = k < m.n ? join(g, y, sum) : sum;
    }
    dfn_graph_output(g, "y", join(g, y, bins(g, m.x, m.bins[0], m.F)));
    golden_rig r;
    const int B = size(c, "in.spec", 0), T = size(c, "in.spec", 2);
    start(&r, c, g, B, T);
    float *logits = dfn_plan_data(r.plan, w), sum[MOST] = {0};
    for (int i = 0; i < B * T * m.n; i++)
        logits[i] = (float)golden_at(golden_tensor(c, "w.op.resolution_weights"),
                                     (size_t)(i % m.n));
    run_resolutions(&r, &m, "renorm.");
    for (int i = 0; i < B * T * m.n; i++)
        sum[i % m.n] += ((const float *)dfn_plan_grad(r.plan, w))[i];
    golden_compare(c, "grad.renorm.w.op.resolution_weights", sum, sizeof *sum, (size_t)m.n);
    golden_rig_close(&r);
    dfn_graph_free(g);
}

int main(void)
{
    golden *c = golden_open("df_multires");
    if (!c)
        return golden_skip();
    leaking(c);
    renormalised(c);
    golden_close(c);
    all_orders();
    blended();
    return check_report();
}
