/* complex_mul, complex_abs, complex_compress, complex_unit. */
#include "op_check.h"
#include "op_values.h"

#include <float.h>

typedef struct complex_case {
    const char *name;
    dfn_op_kind op;
    int n_in;
    bool same; /* both inputs are the same value */
    dfn_shape in;
    dfn_attr attr;
    double scale;
} complex_case;

static void build(dfn_graph *g, const void *context)
{
    const complex_case *c = context;
    dfn_value in[2] = {dfn_graph_input(g, "a", c->in)};
    if (c->n_in > 1)
        in[1] = c->same ? in[0] : dfn_graph_input(g, "b", c->in);
    dfn_graph_output(g, "y", dfn_graph_add(g, c->op, NULL, &c->attr, c->n_in, in));
}

static const complex_case cases[] = {
    {"complex_mul", DFN_OP_COMPLEX_MUL, 2, false, {1, {2, 3, 2}}, {0}, 1},
    {"complex_mul conjugate",
     DFN_OP_COMPLEX_MUL,
     2,
     false,
     {1, {1, 3, 2}},
     {.variant = 1},
     1},
    {"complex_mul square", DFN_OP_COMPLEX_MUL, 2, true, {1, {1, 3, 2}}, {0}, 1},
    {"complex_mul power", DFN_OP_COMPLEX_MUL, 2, true, {1, {1, 3, 2}}, {.variant = 1}, 1},
    {"complex_abs", DFN_OP_COMPLEX_ABS, 1, false, {1, {2, 3, 2}}, {0}, 1},
    {"complex_compress 0.3",
     DFN_OP_COMPLEX_COMPRESS,
     1,
     false,
     {1, {2, 3, 2}},
     {.alpha = 0.3},
     1},
    {"complex_compress 0.6",
     DFN_OP_COMPLEX_COMPRESS,
     1,
     false,
     {1, {1, 3, 2}},
     {.alpha = 0.6},
     9},
    {"complex_compress 1",
     DFN_OP_COMPLEX_COMPRESS,
     1,
     false,
     {1, {1, 3, 2}},
     {.alpha = 1},
     1},
    {"complex_unit", DFN_OP_COMPLEX_UNIT, 1, false, {1, {2, 3, 2}}, {.alpha = 0.1}, 1},
};
enum { CASES = sizeof cases / sizeof *cases };

static void values(const complex_case *c, const double *x, const double *y)
{
    op_values(c->name, build, c, 1, x, NULL, y);
}

static void known(void)
{
    const double root = sqrt(0.5);
    complex_case c = {"a b", DFN_OP_COMPLEX_MUL, 2, false, {1, {1, 2, 2}}, {0}, 1};
    static const double ab[] = {1, 2, 0, -1, 3, -1, 5, 7};
    values(&c, ab, (double[]){5, 5, 7, -5});
    c.attr.variant = 1;
    values(&c, ab, (double[]){1, 7, -7, -5});
    c = (complex_case){"|a|", DFN_OP_COMPLEX_ABS, 1, false, {1, {1, 3, 2}}, {0}, 1};
    values(&c, (double[]){3, -4, 0, 0, 1e-200, 0}, (double[]){5, 0, 1e-200});
    c = (complex_case){"compress",     DFN_OP_COMPLEX_COMPRESS, 1, false,
                       {1, {1, 4, 2}}, {.alpha = 0.5},          1};
    values(
        &c, (double[]){0, 4, -8, 8, 0, 0, -1e-20, 0}, /* below 1e-12: 1e-12^0.5 */
        (double[]){0, 2, -root * sqrt(8 / root), root * sqrt(8 / root), 1e-6, 0, -1e-6, 0});
}

/* Known values of complex_unit, 0 among them. */
static void known_unit(void)
{
    const complex_case c = {"unit",         DFN_OP_COMPLEX_UNIT, 1, false,
                            {1, {1, 3, 2}}, {.alpha = 5},        1};
    values(&c, (double[]){3, -4, 0, 0, 0, 15}, (double[]){0.3, -0.4, 0, 0, 0, 0.75});
}

/* The gradient of y with respect to x at one number, for dy. */
static void gradient(const complex_case *c, const double *x, const double *dy, double *dx)
{
    dfn_graph *g = dfn_graph_new();
    dfn_plan *p = NULL;
    const dfn_plan_config config = {
        .batch = 1, .frames = 1, .mode = DFN_EVAL, .precision = DFN_F64};
    build(g, c);
    if (dfn_graph_finish(g, NULL) || dfn_plan_new(&p, g, &config, NULL))
        abort();
    const dfn_value y = dfn_graph_find(g, "y");
    memcpy(dfn_plan_data(p, 0), x, 2 * sizeof *x);
    dfn_run(p, NULL, NULL, 1);
    dfn_plan_zero_grad(p);
    memcpy(dfn_plan_grad(p, y), dy, dfn_shape_frame(dfn_graph_shape(g, y)) * sizeof *dy);
    dfn_backward(p, NULL, NULL, NULL);
    memcpy(dx, dfn_plan_grad(p, 0), 2 * sizeof *dx);
    dfn_plan_free(p);
    dfn_graph_free(g);
}

static void close_to(const char *name, double got, double want)
{
    CHECK(fabs(got - want) <= 1e-12 * fabs(want), "%s: %.15g, want %.15g", name, got, want);
}

/* Where the derivative is not a limit of differences: at 0, and where it is guarded. */
static void guards(void)
{
    double dx[2];
    const complex_case abs = {"", DFN_OP_COMPLEX_ABS, 1, false, {1, {1, 1, 2}}, {0}, 1};
    const complex_case compress = {
        "", DFN_OP_COMPLEX_COMPRESS, 1, false, {1, {1, 1, 2}}, {.alpha = 0.3}, 1};
    gradient(&abs, (double[]){0, 0}, (double[]){1}, dx);
    CHECK(dx[0] == 0 && dx[1] == 0, "abs at 0: %g %g", dx[0], dx[1]);
    gradient(&compress, (double[]){0, 0}, (double[]){1, 1}, dx);
    CHECK(dx[0] == 0 && dx[1] == 0, "compress at 0: %g %g", dx[0], dx[1]);
    const complex_case unit = {
        "", DFN_OP_COMPLEX_UNIT, 1, false, {1, {1, 1, 2}}, {.alpha = 1e-12}, 1};
    gradient(&unit, (double[]){0, 0}, (double[]){1, 1}, dx);
    CHECK(dx[0] == 0 && dx[1] == 0, "unit at 0: %g %g", dx[0], dx[1]);
    gradient(&compress, (double[]){1e-7, 0}, (double[]){1, 1}, dx);
    close_to("along, unguarded", dx[0], 0.3 * pow(1e-7, -0.7));
    close_to("across, guarded", dx[1], pow(1e-7, 0.3) * 1e-7 / 1e-10);
    gradient(&compress, (double[]){0, 1e-13}, (double[]){1, 1}, dx);
    close_to("across, clamped", dx[0], pow(1e-12, 0.3) * 1e-13 / 1e-10);
    CHECK(dx[1] == 0, "along, clamped: %g", dx[1]);
    gradient(&compress, (double[]){2, 0}, (double[]){0, 1}, dx);
    close_to("across, unguarded", dx[1], pow(2, 0.3) / 2);
}

static void refuse(dfn_op_kind op, int n_in, dfn_shape in, dfn_attr attr, const char *text)
{
    op_refused(build, &(complex_case){"", op, n_in, false, in, attr, 1}, text);
}

static void build_unlike(dfn_graph *g, const void *context)
{
    const dfn_value in[] = {dfn_graph_input(g, "a", (dfn_shape){1, {1, 2, 2}}),
                            dfn_graph_input(g, "b", *(const dfn_shape *)context)};
    dfn_graph_output(g, "y", dfn_graph_add(g, DFN_OP_COMPLEX_MUL, NULL, NULL, 2, in));
}

int main(void)
{
    for (int i = 0; i < CASES; i++)
        op_check(&(op_case){.name = cases[i].name,
                            .build = build,
                            .context = &cases[i],
                            .scale = cases[i].scale,
                            .terms = 8});
    known();
    known_unit();
    guards();

    static const dfn_shape complex = {1, {1, 2, 2}}, real = {1, {1, 2, 1}};
    refuse(DFN_OP_COMPLEX_MUL, 1, complex, (dfn_attr){0}, "two inputs");
    refuse(DFN_OP_COMPLEX_MUL, 2, real, (dfn_attr){0}, "not complex");
    refuse(DFN_OP_COMPLEX_MUL, 2, complex, (dfn_attr){.variant = 2}, "variant");
    refuse(DFN_OP_COMPLEX_ABS, 1, real, (dfn_attr){0}, "complex");
    refuse(DFN_OP_COMPLEX_ABS, 2, complex, (dfn_attr){0}, "one");
    refuse(DFN_OP_COMPLEX_COMPRESS, 1, real, (dfn_attr){.alpha = 0.5}, "complex");
    refuse(DFN_OP_COMPLEX_COMPRESS, 2, complex, (dfn_attr){.alpha = 0.5}, "one");
    refuse(DFN_OP_COMPLEX_COMPRESS, 1, complex, (dfn_attr){0}, "exponent");
    refuse(DFN_OP_COMPLEX_COMPRESS, 1, complex, (dfn_attr){.alpha = 1.5}, "exponent");
    refuse(DFN_OP_COMPLEX_COMPRESS, 1, complex, (dfn_attr){.alpha = (double)NAN},
           "exponent");
    refuse(DFN_OP_COMPLEX_UNIT, 1, real, (dfn_attr){.alpha = 1e-12}, "complex");
    refuse(DFN_OP_COMPLEX_UNIT, 2, complex, (dfn_attr){.alpha = 1e-12}, "one");
    refuse(DFN_OP_COMPLEX_UNIT, 1, complex, (dfn_attr){0}, "positive");
    op_refused(build_unlike, &(dfn_shape){1, {2, 1, 2}}, "differ");
    op_refused(build_unlike, &(dfn_shape){2, {1, 2, 2}}, "differ");
    return op_check_report() | check_report();
}
