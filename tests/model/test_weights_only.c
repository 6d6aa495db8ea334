/* A plan for the gradients of weights only leaves things out, shares memory and writes over
 * what nobody needs: outputs and gradients stay the same, bit for bit. But where it cuts a
 * layer's output into slices of 256 and more, a gradient is the sum of two products: there,
 * it is the same but for rounding. */
#include "check.h"
#include "cpu.h"
#include "model/random.h"

#include <dfnet4/model.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { B = 2, T = 21 };

static const char *const texts[] = {
    "[deepfilternet]\nconv_ch = 8\nemb_hidden_dim = 32\ndf_hidden_dim = 32\n"
    "enc_linear_groups = 8\nlinear_groups = 4\n",
    "[deepfilternet4]\nmodel_variant = lite\nconv_ch = 8\nemb_hidden_dim = 32\n"
    "df_hidden_dim = 32\nenc_linear_groups = 8\nlinear_groups = 4\n",
    "[deepfilternet4]\nconv_ch = 8\nuse_multi_res_df = false\nadaptive_order = true\n"
    "emb_hidden_dim = 32\ndf_hidden_dim = 32\nenc_linear_groups = 8\nlinear_groups = 4\n",
    "[deepfilternet4]\nconv_ch = 8\nuse_time_branch = true\nuse_phase_branch = true\n"
    "fusion_type = attention\nfusion_dim = 32\nfusion_heads = 4\ntime_branch_ch = 8\n"
    "phase_branch_ch = 8\nemb_hidden_dim = 32\ndf_hidden_dim = 32\n"
    "enc_linear_groups = 8\nlinear_groups = 4\n",
};
enum { CUT = 2 /* the text with slices of 256 */ };

typedef struct step {
    dfn_plan *p;
    dfn_weights dw;
    void *state[B], *dstate[B]; /* dstate: what a piece after this one sends back */
} step;

static void fill(void *to, size_t n, dfn_precision f, double scale, uint64_t seed)
{
    double *x = malloc(n * sizeof *x);
    if (!x)
        abort();
    check_fill(x, (int)n, seed);
    for (size_t i = 0; i < n; i++)
        if (f == DFN_F64)
            ((double *)to)[i] = scale * x[i];
        else
            ((float *)to)[i] = (float)(scale * x[i]);
    free(x);
}

static size_t numbers(const dfn_plan *p, dfn_value v)
{
    const dfn_shape s = dfn_plan_shape(p, v);
    return B * (size_t)s.t * dfn_shape_frame(s);
}

/* One step; losses only where a plan for weights only takes them: `of`. */
static step run(const dfn_graph *g, const dfn_weights *w, dfn_plan_config config,
                const dfn_plan *of)
{
    step s = {0};
    dfn_error err = {0};
    if (dfn_plan_new(&s.p, g, &config, &err) ||
        dfn_weights_new(&s.dw, g, config.precision, &err)) {
        CHECK(false, "%s", err.text);
        exit(1);
    }
    for (int b = 0; b < B; b++) {
        const size_t bytes = dfn_state_bytes(g, config.precision);
        const size_t count = bytes / (config.precision == DFN_F64 ? sizeof(double) : 4);
        s.state[b] = aligned_alloc(64, (bytes + 64) / 64 * 64);
        s.dstate[b] = aligned_alloc(64, (bytes + 64) / 64 * 64);
        dfn_state_reset(g, config.precision, s.state[b]);
        fill(s.dstate[b], count, config.precision, 0.1, 200 + (uint64_t)b);
    }
    for (dfn_value v = 0; v < dfn_graph_node_count(g); v++)
        if (!strcmp(dfn_graph_node(g, v).op, "input"))
            fill(dfn_plan_data(s.p, v), numbers(s.p, v), config.precision, 0.05,
                 (uint64_t)v + 1);
    dfn_run(s.p, (const void *const *)w->data, s.state, T);
    dfn_plan_zero_grad(s.p);
    static const char *const outputs[] = {"enhanced", "mask",  "lsnr",
                                          "vad",      "order", "emb"};
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++) {
        const dfn_value v = dfn_graph_find(g, outputs[i]);
        if (v >= 0 && dfn_plan_grad(of ? of : s.p, v))
            fill(dfn_plan_grad(s.p, v), numbers(s.p, v), config.precision, 1, 100 + i);
    }
    dfn_backward(s.p, (const void *const *)w->data, s.dw.data, s.dstate);
    return s;
}

static void finish(step *s)
{
    dfn_plan_free(s->p);
    dfn_weights_free(&s->dw);
    for (int b = 0; b < B; b++) {
        free(s->state[b]);
        free(s->dstate[b]);
    }
}

/* Weights in double are those in float. */
static dfn_weights weights(const dfn_graph *g, dfn_precision f)
{
    dfn_weights w = {0}, d = {0};
    if (dfn_weights_new(&w, g, DFN_F32, NULL) || dfn_weights_new(&d, g, DFN_F64, NULL))
        exit(1);
    dfn_random_fill(&w, g, 5);
    for (int i = 0; i < w.count; i++)
        for (size_t k = 0; k < dfn_graph_weight(g, i)->count; k++)
            ((double *)d.data[i])[k] = (double)((float *)w.data[i])[k];
    dfn_weights_free(f == DFN_F32 ? &d : &w);
    return f == DFN_F32 ? w : d;
}

static double number(const void *x, size_t i, dfn_precision f)
{
    return f == DFN_F64 ? ((const double *)x)[i] : (double)((const float *)x)[i];
}

/* n numbers, but for rounding: 1e-16 or 6e-8 of the largest term in sums of some hundred
 * terms, again and again along a hundred layers. A fault would be as large as they are. */
static bool near(const void *a, const void *b, size_t n, dfn_precision f)
{
    double most = 0, worst = 0;
    for (size_t i = 0; i < n; i++) {
        most = fmax(most, fabs(number(a, i, f)));
        worst = check_worse(fabs(number(a, i, f) - number(b, i, f)), worst);
    }
    return worst <= (f == DFN_F64 ? 1e-11 : 1e-3) * most;
}

static void compare(const dfn_graph *g, dfn_plan_config config, bool exact)
{
    const size_t elem = config.precision == DFN_F64 ? sizeof(double) : sizeof(float);
    dfn_weights w = weights(g, config.precision);
    dfn_plan_config only = config;
    only.weights_only = true;
    step b = run(g, &w, only, NULL), a = run(g, &w, config, b.p);
    int nonzero = 0;
    for (int i = 0; i < w.count; i++) {
        const dfn_weight *x = dfn_graph_weight(g, i);
        CHECK(exact ? !memcmp(a.dw.data[i], b.dw.data[i], x->count * elem)
                    : near(a.dw.data[i], b.dw.data[i], x->count, config.precision),
              "gradient of %s differs", x->name);
        for (size_t k = 0; k < x->count * elem; k++)
            nonzero += ((unsigned char *)a.dw.data[i])[k] != 0;
    }
    CHECK(nonzero > 1000, "gradients are zero");
    const dfn_value v = dfn_graph_find(g, "enhanced");
    CHECK(!memcmp(dfn_plan_data(a.p, v), dfn_plan_data(b.p, v), numbers(a.p, v) * elem),
          "the output differs");
    CHECK(dfn_plan_bytes(b.p) < dfn_plan_bytes(a.p), "it takes no less memory");
    CHECK(!dfn_plan_grad(b.p, dfn_graph_find(g, "spec")), "a gradient of the input");
    finish(&a);
    finish(&b);
    dfn_weights_free(&w);
}

int main(void)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        dfn_error err = {0};
        dfn_model *m = NULL;
        CHECK(!dfn_model_training(&m, texts[i], true, "test", &err), "%s", err.text);
        if (!m)
            continue;
        dfn_plan_config c = {.batch = B, .frames = T, .mode = DFN_TRAIN};
        compare(dfn_model_net(m), c, i != CUT);
        c.cpu = test_cpu();
        compare(dfn_model_net(m), c, i != CUT);
        c.precision = DFN_F64;
        compare(dfn_model_net(m), c, i != CUT);
        c.mode = DFN_EVAL;
        compare(dfn_model_net(m), c, i != CUT);
        dfn_model_free(m);
    }
    return check_report();
}
