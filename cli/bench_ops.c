/* bench_ops.c - run a model node by node, and a stream of it in turn for comparison. */
#include "bench.h"

#include <dfnet4/dsp.h>
#include <stdlib.h>
#include <string.h>

enum { HOT_HOPS = 500, PACED_HOPS = 200, WARM_UP = 20, CLOCKS = 1000, PARTS = 2 };

typedef struct part {
    const char *name;
    const dfn_graph *g;
    const void *const *weights;
    dfn_plan *plan;
    void *state[BENCH_STREAMS];
} part;

/* Stamps of one hop: at its start, and behind the analysis, each node of net, the handing
 * on, each node of apply, and the synthesis. */
typedef struct ops {
    const bench_settings *s;
    dfn_model *model;
    const dfn_model_info *info;
    part part[PARTS]; /* net, apply */
    dfn_stft *stft;
    float *analysis[BENCH_STREAMS], *synthesis[BENCH_STREAMS], *hop, *loop;
    bench_lane *lane; /* the stream */
    int B, n_stamp;
    size_t hops, at;
    int64_t *stamp;
    uint32_t *took; /* [hops][n_stamp - 1] */
} ops;

static float *port(const part *p, const char *name, size_t *n)
{
    const dfn_value v = dfn_graph_find(p->g, name);
    *n = v < 0 ? 0 : dfn_shape_frame(dfn_graph_shape(p->g, v));
    return v < 0 ? NULL : dfn_plan_data(p->plan, v);
}

static bool open_part(ops *o, part *p, dfn_error *err)
{
    const dfn_plan_config config = {.batch = o->B, .frames = 1, .cpu = o->s->cpu};
    const size_t bytes = (dfn_state_bytes(p->g, DFN_F32) + 63) / 64 * 64;
    if (dfn_plan_new(&p->plan, p->g, &config, err))
        return false;
    for (int b = 0; b < o->B; b++) {
        p->state[b] = aligned_alloc(64, bytes ? bytes : 64);
        if (!p->state[b])
            return !dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
        dfn_state_reset(p->g, DFN_F32, p->state[b]);
    }
    return true;
}

static bool open_ops(ops *o, dfn_error *err)
{
    const size_t hop = (size_t)o->info->hop_size, B = (size_t)o->B;
    bool ok = open_part(o, &o->part[0], err) && open_part(o, &o->part[1], err) &&
              !dfn_stft_new(&o->stft, o->info->fft_size, o->info->hop_size, o->s->cpu, err);
    if (!ok)
        return false;
    float *memory = calloc(2 * B * hop, sizeof *memory);
    o->n_stamp =
        4 + dfn_graph_node_count(o->part[0].g) + dfn_graph_node_count(o->part[1].g);
    o->hop = calloc(B * hop, sizeof *o->hop);
    o->loop = malloc(BENCH_LOOP * sizeof *o->loop);
    o->stamp = calloc((size_t)o->n_stamp, sizeof *o->stamp);
    o->took = calloc(o->hops * (size_t)o->n_stamp, sizeof *o->took);
    const bench_lane_config c = {
        .cpu = o->s->cpu, .streams = o->B, .batch = true, .times = o->hops};
    o->lane = bench_lane_new(&c, o->info->hop_size, o->info->sample_rate);
    if (!memory || !o->hop || !o->loop || !o->stamp || !o->took || !o->lane)
        return !dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    for (size_t b = 0; b < B; b++) {
        o->analysis[b] = memory + 2 * b * hop;
        o->synthesis[b] = memory + (2 * b + 1) * hop;
    }
    bench_signal_fill(o->loop, BENCH_LOOP, BENCH_SPEECH);
    return bench_lane_fill(o->lane, o->model, 1, err);
}

/* What the stream does before the network: every stream's spectrum, for both graphs. */
static void analyse(ops *o)
{
    size_t n, m, w;
    float *net = port(&o->part[0], "spec", &n), *apply = port(&o->part[1], "spec", &m);
    float *wave = port(&o->part[0], "wave", &w);
    for (int b = 0; b < o->B; b++) {
        const float *x = o->hop + (size_t)b * (size_t)o->info->hop_size;
        dfn_stft_analyse(o->stft, apply + (size_t)b * m, o->analysis[b], x);
        memcpy(net + (size_t)b * n, apply + (size_t)b * m, n * sizeof *net);
        if (wave)
            memcpy(wave + (size_t)b * w, x, w * sizeof *wave);
    }
}

/* What it does between both graphs, and behind them. */
static void hand_on(ops *o)
{
    static const char *const names[] = {"mask", "coefs", "keep"};
    for (int i = 0; i < 3; i++) {
        size_t n, m;
        const float *from = port(&o->part[0], names[i], &n);
        float *to = port(&o->part[1], names[i], &m);
        if (from && to && n == m)
            memcpy(to, from, n * (size_t)o->B * sizeof *to);
    }
}

static void synthesise(ops *o)
{
    size_t n;
    const float *spec = port(&o->part[1], "enhanced", &n);
    for (int b = 0; b < o->B; b++)
        dfn_stft_synthesise(o->stft, o->hop + (size_t)b * (size_t)o->info->hop_size,
                            o->synthesis[b], spec + (size_t)b * n);
}

static int run_part(ops *o, part *p, int at)
{
    const int n = dfn_graph_node_count(p->g);
    for (int v = 0; v < n; v++) {
        dfn_run_nodes(p->plan, p->weights, p->state, 1, v, v + 1);
        o->stamp[at++] = bench_clock();
    }
    return at;
}

static void run_hop(ops *o, uint32_t *took)
{
    const size_t n = (size_t)o->info->hop_size, places = BENCH_LOOP / n;
    for (int b = 0; b < o->B; b++)
        memcpy(o->hop + (size_t)b * n, o->loop + (o->at + 37 * (size_t)b) % places * n,
               n * sizeof *o->hop);
    o->at++;
    int at = 0;
    o->stamp[at++] = bench_clock();
    analyse(o);
    o->stamp[at++] = bench_clock();
    at = run_part(o, &o->part[0], at);
    hand_on(o);
    o->stamp[at++] = bench_clock();
    at = run_part(o, &o->part[1], at);
    synthesise(o);
    o->stamp[at++] = bench_clock();
    for (int i = 0; took && i + 1 < at; i++)
        took[i] = (uint32_t)(o->stamp[i + 1] - o->stamp[i]);
}

static int ascending(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static double median(uint32_t *x, size_t n)
{
    qsort(x, n, sizeof *x, ascending);
    return n ? x[(n - 1) / 2] : 0;
}

/* Nanoseconds from one reading of the clock to the next: part of every time here. */
static double clock_cost(void)
{
    uint32_t took[CLOCKS];
    int64_t before = bench_clock();
    for (int i = 0; i < CLOCKS; i++) {
        const int64_t now = bench_clock();
        took[i] = (uint32_t)(now - before);
        before = now;
    }
    return median(took, CLOCKS);
}

static void run_hops(ops *o, bench_mode mode)
{
    const int64_t step = (int64_t)(1e9 * o->info->hop_size / o->info->sample_rate);
    int64_t due = bench_clock();
    for (int i = 0; i < WARM_UP; i++) {
        run_hop(o, NULL);
        bench_lane_hop(o->lane, false);
    }
    size_t n = 0;
    for (; n < o->hops && !bench_stop; n++) {
        if (mode == BENCH_PACED)
            bench_sleep_until(due += step);
        run_hop(o, o->took + n * (size_t)o->n_stamp);
        if (mode == BENCH_PACED)
            bench_sleep_until(due += step);
        bench_lane_hop(o->lane, true);
    }
    o->hops = n;
}

static double step_us(const ops *o, int i, uint32_t *work, double clock)
{
    for (size_t t = 0; t < o->hops; t++)
        work[t] = o->took[t * (size_t)o->n_stamp + (size_t)i];
    const double ns = median(work, o->hops) - clock;
    return ns > 0 ? ns / 1e3 : 0;
}

static void tell_step(int pipe, const char *name, double us)
{
    bench_message m = {.kind = BENCH_OP, .op = {.calls = 1, .us = us}};
    snprintf(m.op.name, sizeof m.op.name, "%s", name);
    snprintf(m.op.op, sizeof m.op.op, "%s", "signal");
    bench_tell(pipe, &m);
}

static void tell_node(int pipe, const ops *o, const part *p, dfn_value v, double us)
{
    const dfn_node_info n = dfn_graph_node(p->g, v);
    bench_message m = {.kind = BENCH_OP,
                       .op = {.calls = 1,
                              .us = us,
                              .macs = (double)n.macs * o->B,
                              .bytes = 4.0 * (double)n.parameters,
                              .format = n.format}};
    if (n.view || !strcmp(n.op, "input"))
        return;
    snprintf(m.op.name, sizeof m.op.name, "%s", n.name);
    snprintf(m.op.op, sizeof m.op.op, "%s", n.op);
    snprintf(m.op.graph, sizeof m.op.graph, "%s", p->name);
    bench_tell(pipe, &m);
}

static bool tell(int pipe, ops *o, bench_mode mode)
{
    const double clock = clock_cost();
    uint32_t *work = calloc(o->hops + 1, sizeof *work);
    if (!work)
        return false;
    int at = 0;
    tell_step(pipe, "analysis", step_us(o, at++, work, clock));
    for (int i = 0; i < PARTS; i++) {
        for (dfn_value v = 0; v < dfn_graph_node_count(o->part[i].g); v++)
            tell_node(pipe, o, &o->part[i], v, step_us(o, at++, work, clock));
        tell_step(pipe, i ? "synthesis" : "hand on", step_us(o, at++, work, clock));
    }
    const bench_message m = {.kind = BENCH_ROW, .row = bench_lane_row(o->lane, mode, -1)};
    bench_tell(pipe, &m);
    free(work);
    return true;
}

bool bench_measure_ops(int pipe, const void *task)
{
    const bench_task *t = task;
    const bench_settings *s = t->settings;
    const bench_mode mode = s->mode[BENCH_HOT] ? BENCH_HOT : BENCH_PACED;
    bench_message loaded = {.kind = BENCH_LOADED};
    ops o = {.s = s, .B = s->streams};
    dfn_error err;
    bench_flush_denormals();
    if (!bench_load_model(&o.model, t, &loaded.load, &err))
        return bench_tell_error(pipe, "%s", err.text);
    bench_tell(pipe, &loaded);
    const dfn_model *m = o.model;
    o.info = dfn_model_get_info(m);
    o.part[0] = (part){"net", dfn_model_run_net(m), dfn_model_run_weights(m), NULL, {0}};
    o.part[1] = (part){"apply", dfn_model_apply(m), dfn_model_apply_weights(m), NULL, {0}};
    o.hops = mode == BENCH_HOT ? HOT_HOPS : PACED_HOPS;
    if (s->seconds > 0)
        o.hops = (size_t)(s->seconds * o.info->sample_rate / o.info->hop_size + 0.5);
    if (!open_ops(&o, &err))
        return bench_tell_error(pipe, "%s", err.text);
    run_hops(&o, mode);
    return (o.hops && tell(pipe, &o, mode)) || bench_stop;
}
