#include "op_check.h"
#include "op_values.h"

typedef struct sum_case {
    int n_in;
    double temperature;
    int odd; /* size of the last input, if not 3 */
} sum_case;

static void build(dfn_graph *g, const void *context)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    const sum_case *c = context;
    dfn_value in[8];
    for (int i = 0; i < c->n_in; i++) {
        const int last = c->odd && i == c->n_in - 1 ? c->odd : 3;
        in[i] = dfn_graph_input(g, names[i], (dfn_shape){1, {1, 2, last}});
    }
    const dfn_attr attr = {.alpha = c->temperature};
    dfn_graph_output(g, "y",
                     dfn_graph_add(g, DFN_OP_WEIGHTED_SUM, "mix", &attr, c->n_in, in));
}

int main(void)
{
    op_check(&(op_case){.name = "weighted sum of 2",
                        .build = build,
                        .context = &(sum_case){2, 0, 0},
                        .terms = 10});
    op_check(&(op_case){.name = "weighted sum of 8, temperature 0.3",
                        .build = build,
                        .context = &(sum_case){8, 0.3, 0},
                        .terms = 20});
    /* exp(0) and exp(log(3)) at temperature 2: a quarter and three quarters */
    const double x[] = {4, 0, 8, -4, 1, 0, /* */ 8, 4, 0, -4, 1, -8},
                 w[] = {-1, -1 + 2 * log(3)}, want[] = {7, 3, 2, -4, 1, -6};
    op_values("weighted sum", build, &(sum_case){2, 2, 0}, 1, x, w, want);
    op_refused(build, &(sum_case){1, 0, 0}, "two to eight");
    op_refused(build, &(sum_case){3, 0, 1}, "differ in shape");
    op_refused(build, &(sum_case){3, -1, 0}, "temperature");
    op_refused(build, &(sum_case){3, NAN, 0}, "temperature");
    op_refused(build, &(sum_case){3, 1e-300, 0}, "temperature");
    return op_check_report() || check_report();
}
