#include "sequence.h"

#include "check.h"
#include "graph/arena.h"
#include "graph/node.h"

#include <stdio.h>

static void *memory(size_t bytes)
{
    void *p = dfn_block_new(bytes);
    if (!p)
        abort();
    return p;
}

dfn_value sequence_input(dfn_graph *g, const golden *c, const char *port)
{
    char name[64];
    snprintf(name, sizeof name, "in.%s", port);
    return dfn_graph_input(g, port,
                           (dfn_shape){1, {1, 1, (int)golden_tensor(c, name)->dim[2]}});
}

float *sequence_slot(const golden_rig *r, void *const *state, int b, const char *node,
                     int nth, size_t *count)
{
    for (int i = 0; i < r->g->n_node; i++) {
        const dfn_node *n = &r->g->node[i];
        if (n->state && !strcmp(n->name, node) && !nth--) {
            *count = n->state;
            return (float *)state[b] + n->state_at;
        }
    }
    fprintf(stderr, "no state of '%s'\n", node);
    exit(1);
}

/* Run frames [from, from + n) and put their outputs where they belong in y[B][T][D]. */
static void run_part(golden_rig *r, const sequence *s, int from, int n, float *y)
{
    for (int k = 0; k < SEQUENCE_IN_MAX && s->in[k]; k++) {
        char name[64];
        snprintf(name, sizeof name, "in.%s", s->in[k]);
        const dfn_tensor *t = golden_tensor(r->c, name);
        const size_t D = t->dim[2];
        float *x = dfn_plan_data(r->plan, dfn_graph_find(r->g, s->in[k]));
        for (int b = 0; b < r->B; b++)
            for (size_t i = 0; i < (size_t)n * D; i++)
                *x++ = (float)golden_at(t, (size_t)(b * r->T + from) * D + i);
    }
    dfn_run(r->plan, (const void *const *)r->w.data, r->state, n);
    const dfn_value v = dfn_graph_find(r->g, "y");
    const size_t D = dfn_shape_frame(dfn_graph_shape(r->g, v));
    const float *out = dfn_plan_data(r->plan, v);
    for (int b = 0; b < r->B; b++)
        memcpy(y + (size_t)(b * r->T + from) * D, out + (size_t)(b * n) * D,
               (size_t)n * D * sizeof *y);
}

static void restart(golden_rig *r, const sequence *s)
{
    for (int b = 0; b < r->B; b++)
        dfn_state_reset(r->g, DFN_F32, r->state[b]);
    if (s->start)
        s->start(r);
}

/* All frames in one run, then backwards. */
static void check_whole(golden_rig *r, const sequence *s, float *y, size_t n)
{
    char name[64];
    void **dstate = memory((size_t)r->B * sizeof *dstate);
    for (int b = 0; b < r->B; b++)
        dstate[b] = memory(dfn_state_bytes(r->g, DFN_F32));
    restart(r, s);
    run_part(r, s, 0, r->T, y);
    golden_compare(r->c, "out.y", y, sizeof *y, n);
    if (s->at_end)
        s->at_end(r);
    if (s->inside)
        s->inside(r);
    if (s->seed)
        s->seed(r, dstate);
    golden_output_grad(r, "y", "dout.y", NULL);
    dfn_backward(r->plan, (const void *const *)r->w.data, r->dw.data, dstate);
    for (int k = 0; k < SEQUENCE_IN_MAX && s->in[k]; k++) {
        snprintf(name, sizeof name, "grad.%s", s->in[k]);
        golden_compare_grad(r, s->in[k], name, NULL);
    }
    if (s->weight_grads)
        s->weight_grads(r);
    else
        golden_compare_weight_grads(r, "grad.");
    if (s->arrive)
        s->arrive(r, dstate);
    for (int b = 0; b < r->B; b++)
        free(dstate[b]);
    free(dstate);
}

static void check_pieces(golden_rig *r, const sequence *s, float *y, size_t n)
{
    const int mid = (int)golden_number(r->c, "mid", r->T / 2);
    restart(r, s);
    run_part(r, s, 0, mid, y);
    if (s->at_mid)
        s->at_mid(r);
    run_part(r, s, mid, r->T - mid, y);
    golden_compare(r->c, "out.y", y, sizeof *y, n);
    if (s->at_end)
        s->at_end(r);

    restart(r, s);
    for (int t = 0; t < r->T; t++)
        run_part(r, s, t, 1, y);
    golden_compare(r->c, "out.y", y, sizeof *y, n);
    if (s->at_end)
        s->at_end(r);
}

static void check_case(const golden *c, const char *name,
                       void (*build)(dfn_graph *g, const golden *c), const sequence *s)
{
    golden_rig r;
    dfn_error err = {0};
    dfn_graph *g = dfn_graph_new();
    const dfn_tensor *dy = golden_tensor(c, "dout.y");
    build(g, c);
    if (dfn_graph_finish(g, &err)) {
        fprintf(stderr, "%s: %s\n", name, err.text);
        exit(1);
    }
    golden_rig_plan(&r, c, g, DFN_EVAL, DFN_F32, (int)dy->dim[0], (int)dy->dim[1]);
    if (s->weights)
        s->weights(&r);
    else
        golden_weights(c, g, &r.w, DFN_F32);
    float *y = memory(dy->count * sizeof *y);
    check_whole(&r, s, y, dy->count);
    check_pieces(&r, s, y, dy->count);
    free(y);
    golden_rig_close(&r);
    dfn_graph_free(g);
}

bool sequence_check(const char *prefix, void (*build)(dfn_graph *g, const golden *c),
                    const sequence *s)
{
    char **all = golden_list(""), **names = golden_list(prefix);
    const bool any = all[0];
    CHECK(!any || names[0], "no reference case starts with '%s'", prefix);
    for (int i = 0; names[i]; i++) {
        golden *c = golden_open(names[i]);
        check_case(c, names[i], build, s);
        golden_close(c);
    }
    free(all);
    free(names);
    return any;
}
