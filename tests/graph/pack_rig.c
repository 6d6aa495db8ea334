#include "pack_rig.h"

#include "check.h"
#include "rig.h"

#include <dfnet4/cpu.h>
#include <stdlib.h>
#include <string.h>

const pack_level *pack_level_get(int i)
{
    static const pack_level all[] = {
        {"portable C", 0},
        {"avx2", DFN_CPU_AVX2},
        {"avx512", DFN_CPU_AVX2 | DFN_CPU_AVX512},
        {"avx512, vnni, bf16", DFN_CPU_AVX2 | DFN_CPU_AVX512 | DFN_CPU_VNNI | DFN_CPU_BF16},
        {"neon", DFN_CPU_NEON},
        {"neon, dotprod", DFN_CPU_NEON | DFN_CPU_DOTPROD},
    };
    const unsigned have = dfn_cpu_detect();
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        if ((all[k].cpu & have) == all[k].cpu && i-- == 0)
            return &all[k];
    return NULL;
}

dfn_graph *pack_build(const pack_case *c, bool activate)
{
    dfn_error err = {0};
    dfn_graph *g = dfn_graph_new();
    const bool scan = c->op == DFN_OP_SELECTIVE_SCAN;
    const int size[4] = {c->C, c->C, c->attr.size, c->attr.size};
    static const char *const name[4] = {"x", "delta", "b", "c"};
    dfn_value in[4];
    for (int i = 0; i < (scan ? 4 : 1); i++)
        in[i] = dfn_graph_input(g, name[i], (dfn_shape){1, {1, c->F, size[i]}});
    dfn_value y = dfn_graph_add(g, c->op, "layer", &c->attr, scan ? 4 : 1, in);
    if (activate && c->act)
        y = dfn_graph_add(g, DFN_OP_ACTIVATION, NULL,
                          &(dfn_attr){.act = c->act, .alpha = c->alpha}, 1, &y);
    dfn_graph_output(g, "y", y);
    if (dfn_graph_finish(g, &err)) {
        fprintf(stderr, "%s: %s\n", c->name, err.text);
        exit(1);
    }
    return g;
}

double pack_usual(dfn_value in, int stream, int frame, size_t i, size_t n)
{
    const uint64_t seed = 7 + 31 * (uint64_t)in + 977 * (uint64_t)stream;
    const double x = rig_number(seed, (size_t)(frame + 1) * n + i);
    const double loud = frame % 4 == 3 ? 0.125 : frame % 2 ? 1 : 3;
    return in == 1 ? 0.5 + x / 4 : x * loud; /* 1: the steps of selective_scan */
}

static void set(void *p, dfn_precision f, size_t i, double x)
{
    if (f == DFN_F64)
        ((double *)p)[i] = x;
    else
        ((float *)p)[i] = (float)x;
}

static void feed(const pack_run *r, dfn_plan *p, int t, int frames)
{
    for (dfn_value v = 0; v < r->g->n_node && rig_is_input(r->g, v); v++) {
        const size_t n = rig_frame_size(r->g, v);
        for (int b = 0; b < r->B; b++)
            for (int j = 0; j < frames; j++)
                for (size_t i = 0; i < n; i++)
                    set(dfn_plan_data(p, v), r->precision,
                        ((size_t)b * (size_t)frames + (size_t)j) * n + i,
                        r->signal(v, r->first + b, t + j, i, n));
    }
}

pack_result pack_play(const pack_run *r)
{
    const dfn_plan_config config = {.batch = r->B,
                                    .frames = r->end - r->start,
                                    .precision = r->precision,
                                    .cpu = r->cpu,
                                    .guard = true};
    dfn_error err = {0};
    dfn_plan *p;
    const dfn_value out = dfn_graph_find(r->g, "y");
    const size_t bytes = dfn_state_bytes(r->g, r->precision);
    pack_result y = {.n = rig_frame_size(r->g, out)};
    if (dfn_plan_new(&p, r->g, &config, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    y.y = rig_zeros((size_t)(r->B * config.frames) * y.n * sizeof *y.y);
    for (int b = 0; b < r->B; b++) {
        y.state[b] = rig_zeros(bytes);
        dfn_state_reset(r->g, r->precision, y.state[b]);
        if (r->state)
            memcpy(y.state[b], r->state[b], bytes);
    }
    for (int t = r->start, k = 0, T; t < r->end; t += T, k++) {
        T = r->len[k % r->n_len] < r->end - t ? r->len[k % r->n_len] : r->end - t;
        feed(r, p, t, T);
        dfn_run(p, r->w, y.state, T);
        for (int b = 0; b < r->B; b++)
            for (size_t i = 0; i < (size_t)T * y.n; i++)
                y.y[((size_t)(b * config.frames) + (size_t)(t - r->start)) * y.n + i] =
                    rig_get(dfn_plan_data(p, out), r->precision,
                            (size_t)b * (size_t)T * y.n + i);
    }
    CHECK(!dfn_plan_guard(p), "'%s' wrote past a buffer", dfn_plan_guard(p));
    dfn_plan_free(p);
    return y;
}

void pack_free(pack_result *r)
{
    free(r->y);
    for (int b = 0; b < PACK_STREAMS; b++)
        free(r->state[b]);
    *r = (pack_result){0};
}

void pack_weights(const dfn_graph *g, dfn_weights *f32, dfn_weights *f64)
{
    dfn_error err = {0};
    if (dfn_weights_new(f32, g, DFN_F32, &err) || dfn_weights_new(f64, g, DFN_F64, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    for (int i = 0; i < g->n_weight; i++)
        for (size_t j = 0; j < g->weight[i].count; j++) {
            const size_t per = g->weight[i].count / (size_t)g->weight[i].dim[0];
            const double x = rig_number(1000 + (uint64_t)i, j) / (double)(1 + j / per % 5);
            ((double *)f64->data[i])[j] = ((float *)f32->data[i])[j] = (float)x;
        }
}
