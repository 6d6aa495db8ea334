/* Framing, features, gains, post-filter, attenuation limit and synthesis against libDF. */
#include "check.h"
#include "cpu.h"
#include "golden.h"

#include <dfnet4/cpu.h>
#include <dfnet4/dsp.h>
#include <dfnet4/graph.h>
#include <stdlib.h>
#include <string.h>

static float *numbers(size_t n)
{
    float *x = calloc(n + 16, sizeof *x);
    if (!x)
        abort();
    return x;
}

static const float *floats(const golden *c, const char *name)
{
    return golden_tensor(c, name)->data;
}

typedef struct front {
    const golden *c;
    int rate, size, hop, bins, E, nb, T, kept; /* kept: frames with stored spectra */
    double alpha;
    int widths[256];
    dfn_stft *stft;
    dfn_graph *g; /* features and gains of one frame */
    dfn_plan *plan;
    void *state;
    float *spec, *gained; /* [T][bins][2] */
} front;

static void build(front *f)
{
    dfn_error err = {0};
    dfn_attr attr = {.list_len = f->E, .alpha = f->alpha, .size = f->nb};
    memcpy(attr.list, f->widths, sizeof attr.list);
    f->g = dfn_graph_new();
    dfn_value in[] = {dfn_graph_input(f->g, "spec", (dfn_shape){1, {1, f->bins, 2}}),
                      dfn_graph_input(f->g, "gains", (dfn_shape){1, {1, 1, f->E}})};
    dfn_graph_output(f->g, "gained",
                     dfn_graph_add(f->g, DFN_OP_ERB_GAIN, NULL, &attr, 2, in));
    dfn_graph_output(f->g, "erb",
                     dfn_graph_add(f->g, DFN_OP_ERB_FEATURE, "erb", &attr, 1, in));
    dfn_graph_output(f->g, "unit",
                     dfn_graph_add(f->g, DFN_OP_UNIT_NORM, "unit", &attr, 1, in));
    const dfn_plan_config config = {
        .batch = 1, .frames = 1, .precision = DFN_F32, .cpu = test_cpu()};
    if (dfn_graph_finish(f->g, &err) || dfn_plan_new(&f->plan, f->g, &config, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    f->state = aligned_alloc(64, (dfn_state_bytes(f->g, DFN_F32) + 63) / 64 * 64);
    if (!f->state)
        abort();
    dfn_state_reset(f->g, DFN_F32, f->state);
}

static void open_front(front *f, const golden *c)
{
    dfn_error err = {0};
    *f = (front){.c = c,
                 .rate = (int)golden_number(c, "sr", 0),
                 .size = (int)golden_number(c, "fft", 0),
                 .hop = (int)golden_number(c, "hop", 0),
                 .E = (int)golden_number(c, "nb_erb", 0),
                 .nb = (int)golden_number(c, "nb_df", 0),
                 .T = (int)golden_number(c, "frames", 0),
                 .kept = (int)golden_tensor(c, "in.frames")->count,
                 .alpha = golden_number(c, "alpha", 0)};
    f->bins = f->size / 2 + 1;
    if (dfn_stft_new(&f->stft, f->size, f->hop, dfn_cpu_detect(), &err) ||
        dfn_erb_widths(f->widths, f->rate, f->size, f->E,
                       (int)golden_number(c, "min_nb_erb_freqs", 0), &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    f->spec = numbers((size_t)f->T * (size_t)f->bins * 2);
    f->gained = numbers((size_t)f->T * (size_t)f->bins * 2);
    build(f);
}

static void close_front(front *f)
{
    dfn_stft_free(f->stft);
    dfn_plan_free(f->plan);
    dfn_graph_free(f->g);
    free(f->state);
    free(f->spec);
    free(f->gained);
}

static const float *slot(const front *f, const char *name)
{
    size_t at, count;
    if (!dfn_state_slot(f->g, name, &at, &count))
        abort();
    return (const float *)f->state + at;
}

/* libDF adds up a rounded step: the error is one of the largest value, not of each. */
static void check_start(const front *f, const char *tensor, const char *name, int n)
{
    const dfn_tensor *t = golden_tensor(f->c, tensor);
    const double top = fmax(fabs(golden_at(t, 0)), fabs(golden_at(t, t->count - 1)));
    CHECK(t->count == (size_t)n, "%s has %zu numbers", tensor, t->count);
    for (int i = 0; i < n; i++)
        CHECK(fabs((double)slot(f, name)[i] - golden_at(t, i)) <= 1.2e-7 * top,
              "%s[%d]: %.9g", tensor, i, (double)slot(f, name)[i]);
}

/* Analysis of the whole clip, and what synthesis makes of it. */
static void check_framing(front *f)
{
    const float *audio = floats(f->c, "in.audio");
    const size_t H = (size_t)f->hop, F2 = (size_t)f->bins * 2;
    float *past = numbers(H), *tail = numbers(H), *out = numbers(H);
    double worst = 0;
    for (size_t t = 0; t < (size_t)f->T; t++) {
        dfn_stft_analyse(f->stft, f->spec + t * F2, past, audio + t * H);
        dfn_stft_synthesise(f->stft, out, tail, f->spec + t * F2);
        for (size_t i = 0; i < H; i++) {
            const double want = t ? (double)audio[(t - 1) * H + i] : 0;
            const double e = fabs((double)out[i] - want);
            worst = e <= worst ? worst : e; /* NaN becomes the worst */
        }
    }
    golden_compare(f->c, "out.spec", f->spec, sizeof(float), (size_t)f->T * F2);
    printf("round trip: %.3g\n", worst);
    CHECK(worst <= 2e-7, "round trip off by %g", worst); /* a float evaluation of libDF */
    free(past);
    free(tail);
    free(out);
}

/* Features and gains frame by frame, on our own spectra. */
static void check_features(front *f)
{
    const size_t T = (size_t)f->T, F2 = (size_t)f->bins * 2, E = (size_t)f->E;
    const size_t nb = (size_t)f->nb;
    float *erb = numbers(T * E), *db = numbers(T * E), *mean = numbers(T * E);
    float *unit = numbers(T * nb * 2), *level = numbers(T * nb);
    check_start(f, "w.erb_norm_init", "erb", f->E);
    check_start(f, "w.unit_norm_init", "unit", f->nb);
    for (size_t t = 0; t < T; t++) {
        memcpy(dfn_plan_data(f->plan, dfn_graph_find(f->g, "spec")), f->spec + t * F2,
               F2 * sizeof(float));
        memcpy(dfn_plan_data(f->plan, dfn_graph_find(f->g, "gains")),
               floats(f->c, "in.gains") + t * E, E * sizeof(float));
        dfn_run(f->plan, NULL, &f->state, 1);
        memcpy(f->gained + t * F2, dfn_plan_data(f->plan, dfn_graph_find(f->g, "gained")),
               F2 * sizeof(float));
        memcpy(unit + t * nb * 2, dfn_plan_data(f->plan, dfn_graph_find(f->g, "unit")),
               nb * 2 * sizeof(float));
        memcpy(level + t * nb, slot(f, "unit"), nb * sizeof(float));
        const float *y = dfn_plan_data(f->plan, dfn_graph_find(f->g, "erb"));
        for (size_t e = 0; e < E; e++) {
            erb[t * E + e] = y[e];
            mean[t * E + e] = slot(f, "erb")[e];
            db[t * E + e] = 40 * y[e] + mean[t * E + e];
        }
    }
    golden_compare(f->c, "out.feat_erb", erb, sizeof(float), T * E);
    golden_compare(f->c, "out.erb_db", db, sizeof(float), T * E);
    golden_compare(f->c, "out.erb_state", mean, sizeof(float), T * E);
    golden_compare(f->c, "out.feat_spec", unit, sizeof(float), T * nb * 2);
    golden_compare(f->c, "out.unit_state", level, sizeof(float), T * nb);
    free(erb);
    free(db);
    free(mean);
    free(unit);
    free(level);
}

/* The kept frames of the masked spectrum, post-filtered on `bins` bins, then limited. */
static void compare_filtered(const front *f, const char *tensor, double beta, int bins,
                             double limit_db)
{
    const size_t F2 = (size_t)f->bins * 2;
    float *y = numbers((size_t)f->kept * F2);
    for (size_t i = 0; i < (size_t)f->kept; i++) {
        const size_t t = (size_t)golden_at(golden_tensor(f->c, "in.frames"), i);
        memcpy(y + i * F2, f->gained + t * F2, F2 * sizeof *y);
        dfn_post_filter(y + i * F2, f->spec + t * F2, bins, (float)beta);
        dfn_attenuation_limit(y + i * F2, f->spec + t * F2, f->bins, (float)limit_db);
    }
    golden_compare(f->c, tensor, y, sizeof *y, (size_t)f->kept * F2);
    free(y);
}

static void check_synthesis(const front *f)
{
    const size_t H = (size_t)f->hop, F2 = (size_t)f->bins * 2;
    const dfn_tensor *noise = golden_tensor(f->c, "in.rand_spec");
    float *audio = numbers((size_t)f->T * H), *tail = numbers(H), *y = numbers(F2);
    for (size_t t = 0; t < noise->dim[0]; t++)
        dfn_stft_synthesise(f->stft, audio + t * H, tail,
                            (const float *)noise->data + t * F2);
    golden_compare(f->c, "out.rand_audio", audio, sizeof *audio, noise->dim[0] * H);
    memset(tail, 0, H * sizeof *tail);
    for (size_t t = 0; t < (size_t)f->T; t++) {
        memcpy(y, f->gained + t * F2, F2 * sizeof *y);
        /* libDF filters in blocks of four and leaves the last bin out */
        dfn_post_filter(y, f->spec + t * F2, f->bins - 1,
                        (float)golden_number(f->c, "pf_beta.0", 0));
        dfn_attenuation_limit(y, f->spec + t * F2, f->bins,
                              (float)golden_number(f->c, "atten_lim_db", 0));
        dfn_stft_synthesise(f->stft, audio + t * H, tail, y);
    }
    golden_compare(f->c, "out.audio_chain", audio, sizeof *audio, (size_t)f->T * H);
    free(audio);
    free(tail);
    free(y);
}

static void check_tables(const golden *c)
{
    const dfn_tensor *t;
    int tables = 0;
    for (size_t i = 0; (t = golden_get(c, i)); i++) {
        int rate, size, bands, min, widths[256];
        if (sscanf(t->name, "w.erb_widths_%d_%d_%d_%d", &rate, &size, &bands, &min) != 4)
            continue;
        tables++;
        CHECK(t->count == (size_t)bands, "%s", t->name);
        CHECK(dfn_erb_widths(widths, rate, size, bands, min, NULL) == DFN_OK, "%s",
              t->name);
        for (int e = 0; e < bands; e++)
            CHECK(widths[e] == golden_at(t, (size_t)e), "%s: band %d is %d", t->name, e,
                  widths[e]);
    }
    printf("%d tables of ERB widths are equal\n", tables);
    CHECK(tables > 0, "no tables");
}

static void check_alpha(const front *f)
{
    const dfn_tensor *tau = golden_tensor(f->c, "in.tau");
    float *alpha = numbers(tau->count);
    for (size_t i = 0; i < tau->count; i++)
        alpha[i] = (float)dfn_norm_alpha(f->rate, f->hop, golden_at(tau, i));
    golden_compare(f->c, "out.alpha_of_tau", alpha, sizeof *alpha, tau->count);
    free(alpha);
}

int main(void)
{
    golden *c = golden_open("dsp_libdf");
    front f;
    if (!c)
        return golden_skip();
    open_front(&f, c);
    const double beta = golden_number(c, "pf_beta.0", 0);
    const double limit = golden_number(c, "atten_lim_db", 0);
    check_framing(&f);
    check_features(&f);
    compare_filtered(&f, "out.spec_gain", 0, f.bins, 100);
    compare_filtered(&f, "out.pf_b002", beta, f.bins - 1, 100);
    compare_filtered(&f, "out.pf_b002_all", beta, f.bins, 100);
    compare_filtered(&f, "out.pf_b01", golden_number(c, "pf_beta.1", 0), f.bins - 1, 100);
    compare_filtered(&f, "out.lim12", beta, f.bins - 1, limit);
    check_synthesis(&f);
    check_tables(c);
    check_alpha(&f);
    close_front(&f);
    golden_close(c);
    return check_report();
}
