/* erb_feature and unit_norm: gradients, known numbers, refusals, and that neither hours of
 * silence nor extreme input can damage their states. */
#include "cpu.h"
#include "op_check.h"
#include "op_values.h"

#include <float.h>

enum { BINS = 24 };

typedef struct feature {
    dfn_op_kind op;
    dfn_shape in;
    dfn_attr attr;
} feature;

static void build(dfn_graph *g, const void *context)
{
    const feature *f = context;
    const dfn_value x = dfn_graph_input(g, "x", f->in);
    dfn_graph_output(g, "y", dfn_graph_add(g, f->op, "feature", &f->attr, 1, &x));
}

static const feature erb = {DFN_OP_ERB_FEATURE,
                            {1, {1, BINS, 2}},
                            {.alpha = 0.99, .list = {2, 2, 7, 13}, .list_len = 4}};
static const feature unit = {
    DFN_OP_UNIT_NORM, {1, {1, BINS, 2}}, {.alpha = 0.99, .size = 10}};

static feature with_alpha(feature f, double alpha)
{
    f.attr.alpha = alpha;
    return f;
}

static void known(void)
{
    /* one band of two bins: powers 1 and 0.1; the state starts at -60 */
    const feature e = {
        DFN_OP_ERB_FEATURE, {1, {1, 2, 2}}, {.alpha = 0.75, .list = {2}, .list_len = 1}};
    static const double x[] = {1, 0, 0, -1, 0.1, 0.3, 0.3, 0.1};
    const double d[2] = {10 * log10(1 + 1e-10), 10 * log10(0.1 + 1e-10)};
    const double s0 = 0.25 * d[0] - 0.75 * 60, s1 = 0.25 * d[1] + 0.75 * s0;
    op_values("erb_feature", build, &e, 2, x, NULL,
              (double[]){(d[0] - s0) / 40, (d[1] - s1) / 40});

    /* two bins; the states start at 0.001 and 0.0001 */
    const feature u = {DFN_OP_UNIT_NORM, {1, {1, 3, 2}}, {.alpha = 0.5, .size = 2}};
    static const double z[] = {3, 4, 0, 0, 7, 7, 0, 0, -6, 8, 7, 7};
    const double a = sqrt(0.5 * 5 + 0.0005), b = sqrt(5 + 0.25e-4);
    op_values("unit_norm", build, &u, 2, z, NULL,
              (double[]){3 / a, 4 / a, 0, 0, 0, 0, -6 / b, 8 / b});
}

/* One stream of one feature in float, a frame at a time. */
typedef struct stream {
    dfn_graph *g;
    dfn_plan *plan;
    void *state;
    const float *y;
    int n; /* numbers of y */
} stream;

static stream open_stream(const feature *f)
{
    stream s = {.g = dfn_graph_new()};
    const dfn_plan_config config = {
        .batch = 1, .frames = 1, .precision = DFN_F32, .cpu = test_cpu()};
    build(s.g, f);
    if (dfn_graph_finish(s.g, NULL) || dfn_plan_new(&s.plan, s.g, &config, NULL))
        abort();
    s.state = aligned_alloc(64, (dfn_state_bytes(s.g, DFN_F32) + 63) / 64 * 64);
    if (!s.state)
        abort();
    dfn_state_reset(s.g, DFN_F32, s.state);
    s.y = dfn_plan_data(s.plan, dfn_graph_find(s.g, "y"));
    s.n = (int)dfn_shape_frame(dfn_graph_shape(s.g, dfn_graph_find(s.g, "y")));
    return s;
}

static void close_stream(stream *s)
{
    free(s->state);
    dfn_plan_free(s->plan);
    dfn_graph_free(s->g);
}

static void step(stream *s, const float *x)
{
    memcpy(dfn_plan_data(s->plan, 0), x, 2 * BINS * sizeof *x);
    dfn_run(s->plan, NULL, &s->state, 1);
}

static void noise(float *x, double scale, uint64_t seed)
{
    double r[2 * BINS];
    check_fill(r, 2 * BINS, seed);
    for (int i = 0; i < 2 * BINS; i++)
        x[i] = (float)(r[i] * scale);
}

/* The states must stay where arithmetic is fast and exact. */
static void check_state(const stream *s, const char *name)
{
    size_t at, count;
    CHECK(dfn_state_slot(s->g, "feature", &at, &count), "no state");
    for (size_t i = 0; i < count; i++) {
        const float v = ((const float *)s->state)[at + i];
        CHECK(isnormal(v), "%s: state[%zu] is %g", name, i, (double)v);
    }
}

/* Ten minutes of zeros, then sound: what the silence left in the state fades as alpha^n,
 * so the output meets that of a fresh state. 10 s: 0.99^1000 = 4e-5 of at most 40 dB / 40,
 * or of 1e-3 against a level near 0.01. */
static void after_silence(const feature *f, const char *name)
{
    enum { SILENT = 60000, SOUND = 1000 };
    static const float zero[2 * BINS];
    stream worn = open_stream(f), fresh = open_stream(f);
    float x[2 * BINS];
    double worst = 0;
    for (int t = 0; t < SILENT; t++)
        step(&worn, zero);
    check_state(&worn, name);
    for (int t = 0; t < SOUND; t++) {
        noise(x, 0.02, (uint64_t)t);
        step(&worn, x);
        step(&fresh, x);
        worst = 0;
        for (int i = 0; i < worn.n; i++) {
            const double e = fabs((double)worn.y[i] - (double)fresh.y[i]);
            worst = e <= worst ? worst : e;
            CHECK(isfinite(worn.y[i]), "%s: frame %d is %g", name, t, (double)worn.y[i]);
        }
    }
    CHECK(worst <= 1e-4, "%s: silence is remembered: %.3g", name, worst);
    printf("%s: %.1e from a fresh state ten seconds after silence\n", name, worst);
    close_stream(&worn);
    close_stream(&fresh);
}

/* Any finite input: output finite, state usable, and back to normal afterwards. */
static void after_extremes(const feature *f, const char *name)
{
    static const float big[] = {FLT_MAX, -FLT_MAX, 1e30f, 1e-45f, 1e-40f, 0, 1, -1e20f};
    stream s = open_stream(f);
    float x[2 * BINS];
    uint64_t seed = 1;
    for (int t = 0; t < 2000; t++) {
        for (int i = 0; i < 2 * BINS; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            x[i] = big[seed >> 61];
        }
        step(&s, x);
        for (int i = 0; i < s.n; i++)
            CHECK(isfinite(s.y[i]), "%s: frame %d is %g", name, t, (double)s.y[i]);
        check_state(&s, name);
    }
    for (int i = 0; i < 2 * BINS; i++) /* even these must not stay in the state */
        x[i] = i % 3 ? NAN : INFINITY;
    step(&s, x);
    check_state(&s, name);
    close_stream(&s);
}

static void refuse(feature f, const char *text) { op_refused(build, &f, text); }

static void refusals(void)
{
    static const double bad[] = {-0.1, 1.1, (double)NAN, (double)INFINITY};
    for (int i = 0; i < 4; i++) {
        refuse(with_alpha(erb, bad[i]), "smoothing");
        refuse(with_alpha(unit, bad[i]), "smoothing");
    }
    feature f = erb;
    f.in.d[2] = 3;
    refuse(f, "spectrum");
    f = erb;
    f.attr.list[0] = 3;
    refuse(f, "add up");
    f.attr.list_len = -1;
    refuse(f, "list");
    f = unit;
    f.in.d[0] = 2;
    refuse(f, "spectrum");
    f = unit;
    f.attr.size = BINS + 1;
    refuse(f, "out of range");
    f.attr.size = 0;
    refuse(f, "out of range");
}

int main(void)
{
    const feature cases[] = {erb,  with_alpha(erb, 0.5),  with_alpha(erb, 0),
                             unit, with_alpha(unit, 0.5), with_alpha(unit, 1)};
    static const char *const names[] = {"erb_feature 0.99", "erb_feature 0.5",
                                        "erb_feature 0",    "unit_norm 0.99",
                                        "unit_norm 0.5",    "unit_norm 1"};
    for (int i = 0; i < 6; i++)
        op_check(&(op_case){
            .name = names[i], .build = build, .context = &cases[i], .T = 6, .terms = 8});
    known();
    after_silence(&erb, "erb_feature");
    after_silence(&unit, "unit_norm");
    after_extremes(&erb, "erb_feature");
    after_extremes(&unit, "unit_norm");
    refusals();
    return op_check_report() | check_report();
}
