/* What the graph and its plans refuse, and what a graph says about itself. */
#include "check.h"
#include "op_values.h"

#include <dfnet4/graph.h>
#include <stdlib.h>
#include <string.h>

static dfn_value vector(dfn_graph *g, const char *name)
{
    return dfn_graph_input(g, name, (dfn_shape){1, {1, 1, 4}});
}

static dfn_value linear(dfn_graph *g, const char *name, int out, dfn_value x)
{
    const dfn_attr attr = {.out = out};
    return dfn_graph_add(g, DFN_OP_LINEAR, name, &attr, 1, &x);
}

static void empty(dfn_graph *g, const void *context)
{
    (void)g;
    (void)context;
}

static void unknown_op(dfn_graph *g, const void *context)
{
    const dfn_value x = vector(g, "x");
    dfn_graph_add(g, *(const dfn_op_kind *)context, "a", NULL, 1, &x);
}

static void inputs(dfn_graph *g, const void *context)
{
    const dfn_value x = vector(g, "x");
    const dfn_value in[9] = {x, x, x, x, x, x, x, x, x};
    dfn_graph_add(g, DFN_OP_CONCAT, NULL, NULL, *(const int *)context, in);
}

static void missing_input(dfn_graph *g, const void *context)
{
    const dfn_value in[2] = {vector(g, "x"), *(const dfn_value *)context};
    dfn_graph_add(g, DFN_OP_ADD, "sum", NULL, 2, in);
}

static void missing_output(dfn_graph *g, const void *context)
{
    vector(g, "x");
    dfn_graph_output(g, "y", *(const dfn_value *)context);
}

static void same_port(dfn_graph *g, const void *context)
{
    dfn_graph_output(g, context, vector(g, "x"));
    vector(g, context);
}

static void nameless_input(dfn_graph *g, const void *context) { vector(g, context); }

static void nameless_output(dfn_graph *g, const void *context)
{
    dfn_graph_output(g, context, vector(g, "x"));
}

static void same_weight(dfn_graph *g, const void *context)
{
    const dfn_value x = vector(g, "x");
    linear(g, context, 4, linear(g, "fc", 4, x));
}

static void nameless_weight(dfn_graph *g, const void *context)
{
    linear(g, context, 4, vector(g, "x"));
}

static void size(dfn_graph *g, const void *context)
{
    const dfn_shape *s = context;
    dfn_graph_output(g, "y", dfn_graph_input(g, "x", *s));
}

static void wide(dfn_graph *g, const void *context)
{
    const dfn_value x = dfn_graph_input(g, "x", (dfn_shape){1, {1, 65536, 2}});
    linear(g, "fc", *(const int *)context, x);
}

static void own_words(dfn_graph *g, const void *context)
{
    dfn_graph_refuse(g, "%s: the kernel is \n even", (const char *)context);
}

static void check_refusals(void)
{
    static const dfn_op_kind ops[] = {(dfn_op_kind)-1, DFN_OP_COUNT, DFN_OP_INPUT};
    static const int counts[] = {-1, 0, 9}, outs[] = {0, -1, 32768, INT32_MAX};
    static const dfn_value values[] = {-1, 1, 1000};
    static const dfn_shape shapes[] = {{0, {1, 1, 1}},
                                       {1, {1, 0, 1}},
                                       {1, {1, 1, -3}},
                                       {1, {65536, 32768, 1}},
                                       {INT32_MAX, {INT32_MAX, INT32_MAX, INT32_MAX}}};
    char name[300];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    op_refused(empty, NULL, "empty");
    for (int i = 0; i < 3; i++) {
        op_refused(unknown_op, &ops[i], "unknown op");
        op_refused(inputs, &counts[i], "number of inputs");
        op_refused(missing_input, &values[i], "input 1 of 'sum' does not exist");
        op_refused(missing_output, &values[i], "output 'y' does not exist");
    }
    op_refused(same_port, "y", "called 'y'");
    op_refused(same_port, "x", "called 'x'");
    op_refused(nameless_input, NULL, "needs a name");
    op_refused(nameless_input, "", "needs a name");
    op_refused(nameless_output, NULL, "needs a name");
    op_refused(nameless_weight, NULL, "a node with weights needs a name");
    op_refused(nameless_weight, "", "a node with weights needs a name");
    op_refused(nameless_weight, name, "too long");
    op_refused(same_weight, "fc", "two weights are called 'fc.weight'");
    for (int i = 0; i < 5; i++)
        op_refused(size, &shapes[i], "impossible shape");
    for (int i = 0; i < 4; i++)
        op_refused(wide, &outs[i], i < 2 ? "number of outputs" : "too large");
    op_refused(own_words, "enc", "enc: the kernel is ? even"); /* one line */
}

/* The first error stays, and every call after it is harmless. */
static void check_sticky(void)
{
    dfn_error err = {0};
    dfn_graph *g = dfn_graph_new();
    const dfn_value bad = linear(g, "fc", 0, vector(g, "x"));
    CHECK(bad == -1, "an error returns %d", bad);
    CHECK(linear(g, "other", 4, bad) == -1, "a failed graph accepts a node");
    CHECK(vector(g, "z") == -1, "a failed graph accepts an input");
    CHECK(dfn_graph_shape(g, bad).d[2] == 0, "a value that is none has a shape");
    dfn_graph_output(g, "y", bad);
    dfn_graph_refuse(g, "a later error");
    for (int i = 0; i < 2; i++) {
        err = (dfn_error){0};
        CHECK(dfn_graph_finish(g, &err) == DFN_ERR_ARG, "finished");
        CHECK(strstr(err.text, "'fc': needs a number of outputs"), "'%s'", err.text);
    }
    CHECK(dfn_graph_finish(g, NULL) == DFN_ERR_ARG, "finished");
    const dfn_plan_config config = {.batch = 1, .frames = 1};
    dfn_plan *p = NULL;
    CHECK(dfn_plan_new(&p, g, &config, &err) == DFN_ERR_ARG && !p, "planned");
    dfn_graph_free(g);
    dfn_graph_free(NULL);
}

static void check_finished(void)
{
    dfn_error err = {0};
    for (int late = 0; late < 3; late++) {
        dfn_graph *g = dfn_graph_new();
        const dfn_value x = vector(g, "x");
        dfn_graph_output(g, "y", linear(g, "fc", 4, x));
        CHECK(!dfn_graph_finish(g, &err) && !dfn_graph_finish(g, &err), "%s", err.text);
        if (late == 0)
            dfn_graph_output(g, "z", x);
        else if (late == 1)
            linear(g, "fc2", 4, x);
        else
            vector(g, "z");
        CHECK(dfn_graph_find(g, "z") == -1 && dfn_graph_node_count(g) == 2,
              "a finished graph grows");
        CHECK(dfn_graph_finish(g, &err) && strstr(err.text, "finished"), "'%s'", err.text);
        dfn_graph_free(g);
    }
}

static void check_plans(void)
{
    static const struct {
        dfn_plan_config c;
        const char *text;
    } bad[] = {
        {{.batch = 0, .frames = 1}, "batch"},
        {{.batch = 1, .frames = 0}, "frames"},
        {{.batch = 1, .frames = -1}, "frames"},
        {{.batch = 1, .frames = 1, .mode = (dfn_mode)3}, "mode"},
        {{.batch = 1, .frames = 1, .precision = (dfn_precision)2}, "mode"},
        {{.batch = 1, .frames = INT32_MAX}, "too large"},
        {{.batch = 1 << 20, .frames = 1 << 10}, "too large"},
        {{.batch = 65536, .frames = 32768}, "too large"},
    };
    dfn_graph *g = dfn_graph_new();
    dfn_graph_output(g, "y", linear(g, "fc", 4, vector(g, "x")));
    CHECK(!dfn_graph_finish(g, NULL), "not finished");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        dfn_error err = {0};
        dfn_plan *p = NULL;
        CHECK(dfn_plan_new(&p, g, &bad[i].c, &err) == DFN_ERR_ARG && !p, "plan %zu", i);
        CHECK(strstr(err.text, bad[i].text), "'%s' does not say '%s'", err.text,
              bad[i].text);
    }
    dfn_graph_free(g);
    dfn_plan_free(NULL);
}

static void check_answers(void)
{
    dfn_graph *g = dfn_graph_new();
    const dfn_value x = dfn_graph_input(g, "x", (dfn_shape){1, {1, 3, 4}});
    const dfn_attr late = {.frames = 2}, full = {.out = 5, .bias = true};
    const dfn_value d = dfn_graph_add(g, DFN_OP_DELAY, "late", &late, 1, &x);
    const dfn_value y = dfn_graph_add(g, DFN_OP_LINEAR, "fc", &full, 1, &d);
    const dfn_value z = dfn_graph_add(g, DFN_OP_BATCH_NORM, "bn", NULL, 1, &y);
    dfn_graph_output(g, "z", dfn_graph_add(g, DFN_OP_DELAY, "later", &late, 1, &z));
    CHECK(!dfn_graph_finish(g, NULL), "not finished");
    CHECK(dfn_graph_find(g, "x") == x && dfn_graph_find(g, "z") == z + 1 &&
              dfn_graph_find(g, "fc") == -1,
          "find");
    CHECK(dfn_graph_weight_count(g) == 6, "%d weights", dfn_graph_weight_count(g));
    CHECK(!strcmp(dfn_graph_weight(g, 1)->name, "fc.bias"), "name of a weight");
    CHECK(dfn_graph_weight(g, 5)->buffer && !dfn_graph_weight(g, 3)->buffer, "buffers");
    CHECK(dfn_graph_parameters(g) == 4 * 5 + 5 + 2 * 5, "parameters");
    CHECK(dfn_graph_macs(g) == 3 * 4 * 5 + 3 * 5, "multiply-adds");
    const dfn_node_info info = dfn_graph_node(g, y);
    CHECK(!strcmp(info.op, "linear") && !strcmp(info.name, "fc") && info.n_in == 1 &&
              info.in[0] == d && info.parameters == 25 && info.shape.d[2] == 5,
          "node");
    size_t at, count;
    CHECK(dfn_state_slot(g, "late", &at, &count) && count == 1 + 2 * 12, "state slot");
    CHECK(!dfn_state_slot(g, "fc", &at, &count), "a state where there is none");
    size_t next, more;
    CHECK(dfn_state_slot(g, "later", &next, &more) && at + count <= next && !(next % 16),
          "state slots overlap or leave the cache lines");
    CHECK((next + more) * sizeof(float) <= dfn_state_bytes(g, DFN_F32), "state bytes");
    CHECK(dfn_state_bytes(g, DFN_F64) == 2 * dfn_state_bytes(g, DFN_F32), "state bytes");
    CHECK(!dfn_graph_offline(g), "offline");
    dfn_graph_free(g);
}

int main(void)
{
    check_refusals();
    check_sticky();
    check_finished();
    check_plans();
    check_answers();
    return check_report();
}
