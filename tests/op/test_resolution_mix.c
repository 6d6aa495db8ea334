#include "op_check.h"
#include "op_values.h"

typedef struct mix_case {
    const char *name;
    int n_in;
    dfn_shape in[5];
} mix_case;

static void build(dfn_graph *g, const void *context)
{
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    const mix_case *c = context;
    dfn_value in[5];
    for (int i = 0; i < c->n_in; i++)
        in[i] = dfn_graph_input(g, names[i], c->in[i]);
    dfn_graph_output(g, "y",
                     dfn_graph_add(g, DFN_OP_RESOLUTION_MIX, "df_op", NULL, c->n_in, in));
}

static const mix_case cases[] = {
    {"mix of 2, wide and short first", 2, {{1, {5, 1, 2}}, {1, {2, 3, 2}}}},
    {"mix of 3, in no order", 3, {{1, {3, 3, 2}}, {1, {6, 5, 2}}, {1, {2, 4, 2}}}},
    {"mix of 4, two of one size",
     4,
     {{1, {4, 2, 2}}, {1, {1, 1, 2}}, {1, {4, 2, 2}}, {1, {5, 1, 2}}}},
    {"mix of 2, the narrow one first", 2, {{1, {1, 2, 2}}, {1, {2, 1, 2}}}},
};
enum { CASES = sizeof cases / sizeof *cases };

/* Bin 0 is seen by both with weights 1/4 and 3/4, bin 1 by the second alone. */
static void known(void)
{
    const double w[] = {-100, -100 + log(3)};
    const double x[] = {4, 8, -4, 0, /* one bin, two taps */ 8, 4, 5, -6 /* two bins */};
    const double y[] = {1, 2, 5, 3, 0, 0, 5, -6};
    op_values("resolution_mix", build, &cases[3], 1, x, w, y);
}

/* Filters that let the newest frame pass as it is are together such a filter, in every bin
 * and whatever the weights are. */
static void unity(void)
{
    const mix_case c = {"", 3, {{1, {1, 5, 2}}, {1, {2, 3, 2}}, {1, {4, 2, 2}}}};
    double x[10 + 12 + 16] = {0}, y[40] = {0};
    for (int i = 8; i < 10; i += 2)
        x[i] = 1;
    for (int f = 0; f < 2; f++)
        x[10 + 6 * f + 4] = 1;
    for (int f = 0; f < 4; f++)
        x[22 + 4 * f + 2] = y[10 * f + 8] = 1;
    op_values("resolution_mix of ones", build, &c, 1, x, (double[]){0.3, -2, 1}, y);
}

int main(void)
{
    for (int i = 0; i < CASES; i++)
        op_check(&(op_case){
            .name = cases[i].name, .build = build, .context = &cases[i], .terms = 16});
    known();
    unity();
    op_cost(build, &cases[1], 2 * (3 * 3 + 6 * 5 + 2 * 4));

    const dfn_shape a = {1, {4, 2, 2}};
    op_refused(build, &(mix_case){"", 1, {a}}, "two to four");
    op_refused(build, &(mix_case){"", 5, {a, a, a, a, a}}, "two to four");
    op_refused(build, &(mix_case){"", 2, {a, {1, {4, 2, 1}}}}, "no complex filter");
    op_refused(build, &(mix_case){"", 2, {{1, {4, 4, 1}}, a}}, "no complex filter");
    op_refused(build, &(mix_case){"", 2, {a, {2, {4, 2, 2}}}}, "as long");
    op_refused(build, &(mix_case){"", 2, {{1, {1 << 20, 1, 2}}, {1, {1, 1 << 20, 2}}}},
               "too large");
    return op_check_report() | check_report();
}
