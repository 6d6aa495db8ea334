/* stft and istft: against their definitions in double, each other, and finite differences
 * of every window and hop that is used. */
#include "op_check.h"
#include "op_values.h"

typedef struct stft_case {
    dfn_op_kind op;
    dfn_shape in;
    dfn_attr attr;
} stft_case;

static void build(dfn_graph *g, const void *context)
{
    const stft_case *c = context;
    const dfn_value x = dfn_graph_input(g, "x", c->in);
    dfn_graph_output(g, "y", dfn_graph_add(g, c->op, NULL, &c->attr, 1, &x));
}

static void gradients(void)
{
    static const struct {
        const char *name;
        stft_case c;
    } cases[] = {
        {"stft 16/4 hann", {DFN_OP_STFT, {1, {1, 1, 5}}, {.size = 16, .hop = 4}}},
        {"stft 12/6 vorbis",
         {DFN_OP_STFT, {1, {2, 3, 1}}, {.size = 12, .hop = 6, .variant = 1}}},
        {"stft 10/3 hann", {DFN_OP_STFT, {3, {1, 1, 1}}, {.size = 10, .hop = 3}}},
        {"stft of a short signal", {DFN_OP_STFT, {1, {1, 1, 1}}, {.size = 40, .hop = 10}}},
        {"istft 12/6 vorbis",
         {DFN_OP_ISTFT, {1, {1, 7, 2}}, {.size = 12, .hop = 6, .variant = 1}}},
        {"istft 16/4 hann", {DFN_OP_ISTFT, {1, {1, 9, 2}}, {.size = 16, .hop = 4}}},
        {"istft 10/3 hann", {DFN_OP_ISTFT, {1, {1, 6, 2}}, {.size = 10, .hop = 3}}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        op_check(&(op_case){
            .name = cases[i].name, .build = build, .context = &cases[i].c, .terms = 8});
}

static const double PI = 3.14159265358979323846;

static double window(const dfn_attr *a, int i)
{
    if (!a->variant)
        return 0.5 - 0.5 * cos(2 * PI * i / a->size);
    return sin(PI / 2 * pow(sin(PI * (i + 0.5) / a->size), 2));
}

/* The transform by its definition, walking to and fro at the ends of the signal. */
static void define(double *y, const double *x, int N, const dfn_attr *a)
{
    for (int m = 0; m <= N / a->hop; m++)
        for (int k = 0; k <= a->size / 2; k++, y += 2) {
            y[0] = y[1] = 0;
            for (int i = 0; i < a->size; i++) {
                int at = m * a->hop + i - a->size / 2;
                while (at < 0 || at >= N)
                    at = at < 0 ? -at : 2 * (N - 1) - at;
                y[0] += x[at] * window(a, i) * cos(2 * PI * k * i / a->size);
                y[1] -= x[at] * window(a, i) * sin(2 * PI * k * i / a->size);
            }
            y[0] /= sqrt(a->size);
            y[1] /= sqrt(a->size);
        }
}

static void definition(int N, dfn_attr attr)
{
    enum { MAX = 1 << 14 };
    static double x[MAX], y[MAX];
    const stft_case c = {DFN_OP_STFT, {1, {1, 1, 1}}, attr};
    CHECK((1 + N / attr.hop) * (attr.size + 2) <= MAX, "room");
    check_fill(x, N, 3);
    define(y, x, N, &attr);
    op_values("stft", build, &c, N, x, NULL, y);
}

/* What istft makes of all but the last frame of a spectrogram is the signal, as far as that
 * frame does not reach. */
static void inverse(int T, dfn_attr attr)
{
    enum { MAX = 1 << 13 };
    static double x[MAX], spec[MAX], y[MAX];
    dfn_plan *p = NULL;
    const stft_case c = {DFN_OP_ISTFT, {1, {1, attr.size / 2 + 1, 2}}, attr};
    const dfn_plan_config config = {
        .batch = 1, .frames = T, .mode = DFN_EVAL, .precision = DFN_F64};
    dfn_graph *g = dfn_graph_new();
    CHECK((T + 1) * (attr.size + 2) <= MAX, "room");
    check_fill(x, T * attr.hop, 4);
    define(spec, x, T * attr.hop, &attr);
    build(g, &c);
    if (dfn_graph_finish(g, NULL) || dfn_plan_new(&p, g, &config, NULL))
        abort();
    memcpy(dfn_plan_data(p, 0), spec, (size_t)(T * (attr.size + 2)) * sizeof *spec);
    dfn_run(p, NULL, NULL, T);
    memcpy(y, dfn_plan_data(p, dfn_graph_find(g, "y")), (size_t)(T * attr.hop) * sizeof *y);
    for (int i = 0; i < T * attr.hop - attr.size / 2; i++)
        CHECK(fabs(y[i] - x[i]) <= 1e-12, "%d/%d: sample %d is %g, was %g", attr.size,
              attr.hop, i, y[i], x[i]);
    dfn_plan_free(p);
    dfn_graph_free(g);
}

static void refuse(dfn_op_kind op, dfn_shape in, dfn_attr attr, const char *text)
{
    op_refused(build, &(stft_case){op, in, attr}, text);
}

int main(void)
{
    gradients();
    definition(100, (dfn_attr){.size = 32, .hop = 8});
    definition(100, (dfn_attr){.size = 30, .hop = 15, .variant = 1});
    definition(97, (dfn_attr){.size = 20, .hop = 7});
    definition(5, (dfn_attr){.size = 32, .hop = 2}); /* mirrored several times */
    definition(2, (dfn_attr){.size = 16, .hop = 8});
    inverse(9, (dfn_attr){.size = 32, .hop = 16, .variant = 1});
    inverse(12, (dfn_attr){.size = 32, .hop = 8});
    inverse(11, (dfn_attr){.size = 20, .hop = 7});
    inverse(40, (dfn_attr){.size = 12, .hop = 1});

    static const dfn_shape samples = {1, {1, 1, 64}}, spec = {1, {1, 9, 2}};
    static const dfn_attr bad_size[] = {{.hop = 4},
                                        {.size = 14, .hop = 4},
                                        {.size = 15, .hop = 4},
                                        {.size = -16, .hop = 4}};
    for (int i = 0; i < 4; i++)
        refuse(DFN_OP_STFT, samples, bad_size[i], "transform size");
    refuse(DFN_OP_STFT, samples, (dfn_attr){.size = 16}, "hop");
    refuse(DFN_OP_STFT, samples, (dfn_attr){.size = 16, .hop = 9}, "hop");
    refuse(DFN_OP_STFT, samples, (dfn_attr){.size = 16, .hop = 4, .variant = 2}, "window");
    refuse(DFN_OP_ISTFT, spec, (dfn_attr){.size = 16, .hop = -1}, "hop");
    refuse(DFN_OP_ISTFT, spec, (dfn_attr){.size = 20, .hop = 4}, "one spectrum");
    refuse(DFN_OP_ISTFT, samples, (dfn_attr){.size = 16, .hop = 4}, "one spectrum");
    return op_check_report() | check_report();
}
