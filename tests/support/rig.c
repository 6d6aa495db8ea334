#include "rig.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

double rig_number(uint64_t seed, size_t i)
{
    uint64_t x = seed * 0x9e3779b97f4a7c15u + i * 0xbf58476d1ce4e5b9u + 0x94d049bb133111ebu;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    x ^= x >> 31;
    return (double)(float)((double)(x >> 11) / 4503599627370496.0 - 1); /* exact in float */
}

double rig_get(const void *p, dfn_precision f, size_t i)
{
    return f == DFN_F64 ? ((const double *)p)[i] : (double)((const float *)p)[i];
}

static void set(void *p, dfn_precision f, size_t i, double x)
{
    if (f == DFN_F64)
        ((double *)p)[i] = x;
    else
        ((float *)p)[i] = (float)x;
}

void *rig_zeros(size_t bytes)
{
    const size_t n = (bytes + 127) / 64 * 64;
    void *p = aligned_alloc(64, n);
    if (!p)
        abort();
    return memset(p, 0, n);
}

void rig_open(rig *r, const op_case *c, const dfn_graph *g, dfn_precision f, dfn_mode mode,
              int B, int T, bool guard)
{
    dfn_error err = {0};
    *r = (rig){.c = c, .g = g, .precision = f, .B = B, .T = T};
    const dfn_plan_config config = {.batch = B,
                                    .frames = T,
                                    .mode = mode,
                                    .precision = f,
                                    .cpu = c->cpu,
                                    .guard = guard};
    if (dfn_plan_new(&r->plan, g, &config, &err) || dfn_weights_new(&r->w, g, f, &err)) {
        fprintf(stderr, "%s: %s\n", c->name, err.text);
        exit(1);
    }
    for (int i = 0; i < g->n_weight; i++)
        for (size_t j = 0; j < g->weight[i].count; j++) {
            const double x = rig_number(1000 + (uint64_t)i, j);
            const bool var = strstr(g->weight[i].name, "running_var") != NULL;
            set(r->w.data[i], f, j,
                var ? (double)(float)(1 + x / 2)
                    : (double)(float)(x * (c->w_scale > 0 ? c->w_scale : 0.5) +
                                      c->w_shift));
        }
    r->state_bytes = dfn_state_bytes(g, f);
    r->state = rig_zeros((size_t)B * sizeof *r->state);
    for (int b = 0; b < B; b++) {
        r->state[b] = rig_zeros(r->state_bytes);
        dfn_state_reset(g, f, r->state[b]);
    }
}

void rig_close(rig *r)
{
    CHECK(!dfn_plan_guard(r->plan), "%s: '%s' wrote past a buffer", r->c->name,
          dfn_plan_guard(r->plan));
    for (int b = 0; b < r->B; b++)
        free(r->state[b]);
    free(r->state);
    dfn_weights_free(&r->w);
    dfn_plan_free(r->plan);
}

size_t rig_frame_size(const dfn_graph *g, dfn_value v)
{
    return dfn_shape_frame(g->node[v].shape) * (size_t)g->node[v].shape.t;
}

bool rig_is_input(const dfn_graph *g, dfn_value v) { return g->node[v].op == DFN_OP_INPUT; }

/* Input of stream b, frame t of the whole signal: the same for every rig. */
static double signal(const op_case *c, dfn_value v, int b, long t, size_t i, size_t n)
{
    const double x =
        rig_number(7 + 31 * (uint64_t)v + 977 * (uint64_t)b, (size_t)t * n + i);
    return (double)(float)(x * (c->scale > 0 ? c->scale : 1) + c->shift);
}

void rig_feed(rig *r, int first, long start, int frames)
{
    for (int p = 0; p < r->g->n_port; p++) {
        const dfn_value v = r->g->port[p].value;
        if (!rig_is_input(r->g, v))
            continue;
        const size_t n = rig_frame_size(r->g, v);
        for (int b = 0; b < r->B; b++)
            for (int t = 0; t < frames; t++)
                for (size_t i = 0; i < n; i++)
                    set(dfn_plan_data(r->plan, v), r->precision,
                        ((size_t)b * (size_t)frames + (size_t)t) * n + i,
                        signal(r->c, v, first + b, start + t, i, n));
    }
}

void rig_run(rig *r, int frames)
{
    dfn_run(r->plan, (const void *const *)r->w.data, r->state, frames);
}

enum { WARM = 3 };

void rig_warm_up(rig *r, int first)
{
    if (r->g->offline)
        return;
    for (int t = 0; t < WARM; t++) {
        rig_feed(r, first, t - WARM, 1);
        rig_run(r, 1);
    }
}

size_t rig_value_size(const rig *r, dfn_value v)
{
    const dfn_shape s = dfn_plan_shape(r->plan, v);
    return (size_t)r->B * (size_t)s.t * dfn_shape_frame(s);
}

double *rig_collect(rig *r, dfn_value v, int first, int frames, const int *len, int n_len)
{
    const size_t n = r->g->offline ? rig_value_size(r, v) / (size_t)r->B / (size_t)frames
                                   : rig_frame_size(r->g, v);
    const size_t per =
        r->g->offline ? rig_value_size(r, v) / (size_t)r->B : n * (size_t)frames;
    double *y = rig_zeros((size_t)r->B * per * sizeof *y);
    rig_warm_up(r, first);
    for (int t = 0, k = 0; t < frames; k++) {
        const int piece = len[k % n_len] < frames - t ? len[k % n_len] : frames - t;
        rig_feed(r, first, t, piece);
        rig_run(r, piece);
        const size_t got = r->g->offline ? per : (size_t)piece * n;
        for (int b = 0; b < r->B; b++)
            for (size_t i = 0; i < got; i++)
                y[(size_t)b * per + (size_t)t * n + i] =
                    rig_get(dfn_plan_data(r->plan, v), r->precision, (size_t)b * got + i);
        t += piece;
    }
    return y;
}
