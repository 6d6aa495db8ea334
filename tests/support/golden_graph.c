#include "golden_graph.h"

#include "cpu.h"
#include "graph/arena.h"
#include "layout.h"
#include "weight_norm.h"

#include <stdio.h>
#include <stdlib.h>

static void stop(const char *what, const char *name)
{
    fprintf(stderr, "%s: %s\n", name, what);
    exit(1);
}

static size_t bytes_of(dfn_precision precision)
{
    return precision == DFN_F64 ? sizeof(double) : sizeof(float);
}

static void put(void *x, dfn_precision precision, size_t i, double value)
{
    if (precision == DFN_F64)
        ((double *)x)[i] = value;
    else
        ((float *)x)[i] = (float)value;
}

/* "w.<name>" behind a prefix, or the name itself if it starts with "w.". */
static void weight_tensor(char *text, size_t size, const char *prefix, const char *name)
{
    snprintf(text, size, "%s%s%s", prefix, strncmp(name, "w.", 2) ? "w." : "", name);
}

static bool same_shape(const dfn_tensor *t, const dfn_weight *info)
{
    bool same = t->rank == info->rank;
    for (int k = 0; same && k < t->rank; k++)
        same = t->dim[k] == (size_t)info->dim[k];
    return same;
}

void golden_weights(const golden *c, const dfn_graph *g, dfn_weights *w,
                    dfn_precision precision)
{
    for (int i = 0; i < dfn_graph_weight_count(g); i++) {
        const dfn_weight *info = dfn_graph_weight(g, i);
        char name[300];
        weight_tensor(name, sizeof name, "", info->name);
        if (weight_norm_fill(c, info, name, w->data[i], precision))
            continue;
        const dfn_tensor *t = golden_tensor(c, name);
        if (!same_shape(t, info))
            stop("the graph and the reference have different shapes", name);
        for (size_t j = 0; j < t->count; j++)
            put(w->data[i], precision, j, golden_at(t, j));
    }
}

void golden_rig_open(golden_rig *r, const golden *c, const dfn_graph *g, dfn_mode mode,
                     dfn_precision precision, int B, int T)
{
    golden_rig_plan(r, c, g, mode, precision, B, T);
    golden_weights(c, g, &r->w, precision);
}

void golden_rig_plan(golden_rig *r, const golden *c, const dfn_graph *g, dfn_mode mode,
                     dfn_precision precision, int B, int T)
{
    dfn_error err = {0};
    *r = (golden_rig){.c = c, .g = g, .precision = precision, .B = B, .T = T};
    const dfn_plan_config config = {.batch = B,
                                    .frames = T,
                                    .mode = mode,
                                    .precision = precision,
                                    .cpu = precision == DFN_F32 ? test_cpu() : 0};
    if (dfn_plan_new(&r->plan, g, &config, &err) ||
        dfn_weights_new(&r->w, g, precision, &err) ||
        dfn_weights_new(&r->dw, g, precision, &err))
        stop(err.text, "reference graph");
    r->state = calloc((size_t)B, sizeof *r->state);
    for (int b = 0; b < B; b++) {
        void *block = r->state ? dfn_block_new(dfn_state_bytes(g, precision)) : NULL;
        if (!block)
            stop("out of memory", "reference graph");
        dfn_state_reset(g, precision, block);
        r->state[b] = block;
    }
}

void golden_rig_close(golden_rig *r)
{
    for (int b = 0; b < r->B; b++)
        free(r->state[b]);
    free(r->state);
    dfn_weights_free(&r->w);
    dfn_weights_free(&r->dw);
    dfn_plan_free(r->plan);
}

static dfn_value find(const golden_rig *r, const char *port)
{
    const dfn_value v = dfn_graph_find(r->g, port);
    if (v < 0)
        stop("the graph has no such input or output", port);
    return v;
}

/* The tensor, after a check that the value holds as many numbers and the order fits. */
static const dfn_tensor *tensor_for(const golden_rig *r, dfn_value v, const char *tensor,
                                    const char *order)
{
    const dfn_tensor *t = golden_tensor(r->c, tensor);
    const dfn_shape s = dfn_plan_shape(r->plan, v);
    if (t->count != (size_t)r->B * (size_t)s.t * dfn_shape_frame(s))
        stop("value and tensor differ in size", tensor);
    if (order && strlen(order) != 2 * (size_t)t->rank + 1)
        stop("the order does not fit the rank", tensor);
    return t;
}

static void copy_in(const golden_rig *r, dfn_value v, void *to, const char *tensor,
                    const char *order)
{
    const dfn_tensor *t = tensor_for(r, v, tensor, order);
    for (size_t i = 0; i < t->count; i++)
        put(to, r->precision, i, golden_at(t, layout_index(order, t->dim, t->rank, i)));
}

static void compare(const golden_rig *r, dfn_value v, const void *x, const char *tensor,
                    const char *order)
{
    const dfn_tensor *t = tensor_for(r, v, tensor, order);
    const size_t elem = bytes_of(r->precision);
    unsigned char *as_reference = malloc(t->count * elem);
    if (!as_reference)
        stop("out of memory", tensor);
    for (size_t i = 0; i < t->count; i++)
        memcpy(as_reference + elem * layout_index(order, t->dim, t->rank, i),
               (const unsigned char *)x + elem * i, elem);
    golden_compare(r->c, tensor, as_reference, elem, t->count);
    free(as_reference);
}

void golden_input(const golden_rig *r, const char *port, const char *tensor,
                  const char *order)
{
    const dfn_value v = find(r, port);
    copy_in(r, v, dfn_plan_data(r->plan, v), tensor, order);
}

void golden_output_grad(const golden_rig *r, const char *port, const char *tensor,
                        const char *order)
{
    const dfn_value v = find(r, port);
    copy_in(r, v, dfn_plan_grad(r->plan, v), tensor, order);
}

void golden_run(const golden_rig *r)
{
    dfn_run(r->plan, (const void *const *)r->w.data, r->state, r->T);
}

void golden_backward(const golden_rig *r)
{
    dfn_backward(r->plan, (const void *const *)r->w.data, r->dw.data, NULL);
}

void golden_compare_output(const golden_rig *r, const char *port, const char *tensor,
                           const char *order)
{
    const dfn_value v = find(r, port);
    compare(r, v, dfn_plan_data(r->plan, v), tensor, order);
}

void golden_compare_grad(const golden_rig *r, const char *port, const char *tensor,
                         const char *order)
{
    const dfn_value v = find(r, port);
    compare(r, v, dfn_plan_grad(r->plan, v), tensor, order);
}

void golden_compare_weight_grads(const golden_rig *r, const char *prefix)
{
    for (int i = 0; i < dfn_graph_weight_count(r->g); i++) {
        const dfn_weight *info = dfn_graph_weight(r->g, i);
        char name[300];
        if (info->buffer)
            continue;
        weight_tensor(name, sizeof name, "", info->name);
        if (weight_norm_compare(r, info, name, prefix, r->dw.data[i]))
            continue;
        weight_tensor(name, sizeof name, prefix, info->name);
        golden_compare(r->c, name, r->dw.data[i], bytes_of(r->precision), info->count);
    }
}

void golden_compare_statistics(golden_rig *r, const char *prefix)
{
    dfn_update_statistics(r->plan, r->w.data);
    for (int i = 0; i < dfn_graph_weight_count(r->g); i++) {
        const dfn_weight *info = dfn_graph_weight(r->g, i);
        char name[300];
        snprintf(name, sizeof name, "%s%s", prefix, info->name);
        if (info->buffer)
            golden_compare(r->c, name, r->w.data[i], bytes_of(r->precision), info->count);
    }
}

/* Frame t of a value of `all` frames, for all streams, to or from a value of one frame. */
static void copy_frame(const golden_rig *r, void *one, void *all, int t, size_t n, bool out)
{
    for (int b = 0; b < r->B; b++) {
        unsigned char *a = (unsigned char *)one + (size_t)b * n;
        unsigned char *z = (unsigned char *)all + (size_t)(b * r->T + t) * n;
        memcpy(out ? z : a, out ? a : z, n);
    }
}

static size_t frame_bytes(const golden_rig *r, dfn_value v)
{
    const dfn_shape s = dfn_graph_shape(r->g, v);
    return (size_t)s.t * dfn_shape_frame(s) * bytes_of(r->precision);
}

void golden_compare_frames(const golden_rig *r, const char *in, const char *in_tensor,
                           const char *in_order, const char *out, const char *out_tensor)
{
    const dfn_value x = find(r, in), y = find(r, out);
    const size_t nx = frame_bytes(r, x), ny = frame_bytes(r, y), N = (size_t)(r->B * r->T);
    unsigned char *whole = malloc(N * nx), *got = malloc(N * ny);
    if (!whole || !got)
        stop("out of memory", out_tensor);
    copy_in(r, x, whole, in_tensor, in_order);
    for (int b = 0; b < r->B; b++)
        dfn_state_reset(r->g, r->precision, r->state[b]);
    for (int t = 0; t < r->T; t++) {
        copy_frame(r, dfn_plan_data(r->plan, x), whole, t, nx, false);
        dfn_run(r->plan, (const void *const *)r->w.data, r->state, 1);
        copy_frame(r, dfn_plan_data(r->plan, y), got, t, ny, true);
    }
    golden_compare(r->c, out_tensor, got, bytes_of(r->precision),
                   N * ny / bytes_of(r->precision));
    free(whole);
    free(got);
}

void golden_check_mode(golden_rig *r, const golden *c, const dfn_graph *g, bool train,
                       int B, int T, const char *x_order, const char *y_order)
{
    const char *mode = train ? "train" : "eval";
    char y[32], dy[32], dx[32], dw[32];
    snprintf(y, sizeof y, "out.%s.y", mode);
    snprintf(dy, sizeof dy, "dout.%s.y", mode);
    snprintf(dx, sizeof dx, "grad.%s.x", mode);
    snprintf(dw, sizeof dw, "grad.%s.", mode);
    golden_rig_open(r, c, g, train ? DFN_TRAIN : DFN_EVAL, DFN_F32, B, T);
    golden_input(r, "x", "in.x", x_order);
    golden_run(r);
    golden_compare_output(r, "y", y, y_order);
    golden_output_grad(r, "y", dy, y_order);
    golden_backward(r);
    golden_compare_grad(r, "x", dx, x_order);
    golden_compare_weight_grads(r, dw);
}
