#include "op_check.h"
#include "op_values.h"

typedef struct attention_case {
    int D, heads, window;
    bool recency;
    int inputs, wrong; /* 0: three; 1: all one, 2: keys are values. wrong: size of k */
} attention_case;

static void build(dfn_graph *g, const void *context)
{
    static const char *const names[] = {"q", "k", "v"};
    const attention_case *c = context;
    dfn_value in[3], last = -1;
    for (int i = 0; i < 3; i++) {
        const int D = c->D + (i == 1 ? c->wrong : 0);
        if (!c->inputs || i < c->inputs)
            last = dfn_graph_input(g, names[i], (dfn_shape){1, {1, 1, D}});
        in[i] = last;
    }
    const dfn_attr attr = {.heads = c->heads, .window = c->window, .recency = c->recency};
    dfn_graph_output(g, "y", dfn_graph_add(g, DFN_OP_ATTENTION, NULL, &attr, 3, in));
}

/* An oracle of its own: the whole sequence at once with a mask, from the start of a stream.
 * One head after another, W = 3, with recency. */
static void check_formula(void)
{
    enum { T = 6, D = 4, H = 2, E = D / H, W = 3 };
    double x[3][T * D], want[T * D] = {0}, state[1 + 2 * (1 + (W - 1) * D)] = {0};
    dfn_graph *g = dfn_graph_new();
    dfn_plan *plan = NULL;
    dfn_error err = {0};
    void *states[] = {state};
    build(g, &(attention_case){.D = D, .heads = H, .window = W, .recency = true});
    const dfn_plan_config config = {.batch = 1, .frames = T, .precision = DFN_F64};
    if (dfn_graph_finish(g, &err) || dfn_plan_new(&plan, g, &config, &err)) {
        CHECK(false, "%s", err.text);
        dfn_graph_free(g);
        return;
    }
    CHECK(dfn_state_bytes(g, DFN_F64) <= sizeof state + 15 * sizeof *state, "state size");
    for (int i = 0; i < 3; i++) {
        check_fill(x[i], T * D, 11 + (uint64_t)i);
        memcpy(dfn_plan_data(plan, i), x[i], sizeof x[i]);
    }
    for (int h = 0; h < H; h++)
        for (int i = 0; i < T; i++) {
            double p[T], sum = 0;
            for (int j = 0; j < T; j++) {
                double s = 0;
                for (int e = h * E; e < h * E + E; e++)
                    s += x[0][i * D + e] * x[1][j * D + e];
                p[j] = j > i || j < i - W + 1
                           ? 0
                           : exp(s / sqrt(E) - pow(2, -(h + 1)) * (i - j));
                sum += p[j];
            }
            for (int j = 0; j < T; j++)
                for (int e = h * E; e < h * E + E; e++)
                    want[i * D + e] += p[j] / sum * x[2][j * D + e];
        }
    double *mem = aligned_alloc(64, 1024);
    CHECK(mem && dfn_state_bytes(g, DFN_F64) <= 1024, "no memory");
    states[0] = mem;
    dfn_state_reset(g, DFN_F64, mem);
    dfn_run(plan, NULL, states, T);
    const double *y = dfn_plan_data(plan, dfn_graph_find(g, "y"));
    for (int i = 0; i < T * D; i++)
        CHECK(fabs(y[i] - want[i]) <= 1e-14, "y[%d]: %.17g, want %.17g", i, y[i], want[i]);
    free(mem);
    dfn_plan_free(plan);
    dfn_graph_free(g);
}

int main(void)
{
    static const attention_case cases[] = {
        {.D = 1, .heads = 1, .window = 1},
        {.D = 4, .heads = 2, .window = 2},
        {.D = 6, .heads = 2, .window = 3, .recency = true},
        {.D = 4, .heads = 4, .window = 6, .recency = true},
        {.D = 3, .heads = 1, .window = 20},
        {.D = 4, .heads = 2, .window = 4, .inputs = 1},
        {.D = 4, .heads = 2, .window = 4, .inputs = 2}};
    static const char *const names[] = {
        "attention, one frame",      "attention, window 2",  "attention, window 3, recency",
        "attention, 4 heads of one", "attention, window 20", "attention of itself",
        "attention, keys are values"};
    for (int i = 0; i < 7; i++)
        op_check(&(op_case){
            .name = names[i], .build = build, .context = &cases[i], .terms = 30});
    check_formula();
    op_refused(build, &(attention_case){.D = 4, .window = 2}, "number of heads");
    op_refused(build, &(attention_case){.D = 4, .heads = 3, .window = 2},
               "number of heads");
    op_refused(build, &(attention_case){.D = 4, .heads = 2}, "needs a window");
    op_refused(build, &(attention_case){.D = 4, .heads = 2, .window = 1 << 30},
               "needs a window");
    op_refused(build, &(attention_case){.D = 4, .heads = 2, .window = 2, .wrong = 2},
               "equal size");
    return op_check_report() || check_report();
}
