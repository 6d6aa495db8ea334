/* bench.c - time a step (forward, clearing, backward) of a network node by node, in one
 * thread.
 *
 * Losses, data and the optimiser are left out: this is the network alone. Times are
 * microseconds of processor time per frame (10 ms of sound); a node's is the least of all
 * rounds, so that what other programs take away does not count. */
#include "run/gemm.h"
#include "run/train.h"

#include <dfnet4/cpu.h>
#include <dfnet4/model.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct settings {
    const char *network;
    int clips, frames, rounds;
    bool bf16, blas, nodes;
} settings;

typedef struct cost {
    const char *op, *name;
    double forward, backward; /* us per frame */
    double macs;              /* per frame, forward */
    int calls;
} cost;

typedef struct bench {
    settings s;
    dfn_model *model;
    const dfn_graph *g;
    dfn_plan *plan;
    dfn_weights w, dw;
    void **state;
    cost *node;
    double clear, step; /* us per frame; step: the quickest whole one */
} bench;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static double least(double a, double b) { return a > 0 && a < b ? a : b; }

/* n numbers in [-scale, scale), around `middle`. */
static void fill(float *x, size_t n, float scale, float middle, uint64_t seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        x[i] = middle + scale * (float)((double)(int64_t)seed / 9223372036854775808.0);
    }
}

static size_t numbers(const bench *b, dfn_value v)
{
    const dfn_shape s = dfn_plan_shape(b->plan, v);
    return (size_t)b->s.clips * (size_t)s.t * dfn_shape_frame(s);
}

static void fill_weights(bench *b)
{
    for (int i = 0; i < b->w.count; i++) {
        const dfn_weight *w = dfn_graph_weight(b->g, i);
        const size_t rows = w->rank > 1 ? (size_t)w->dim[0] : 1;
        const bool around_one = w->rank == 1 && !strstr(w->name, "bias");
        fill(b->w.data[i], w->count, 1 / sqrtf((float)(w->count / rows)),
             around_one ? 1 : 0, (uint64_t)i);
    }
}

static dfn_status open_bench(bench *b, dfn_error *err)
{
    const char *text = dfn_preset_text(b->s.network);
    if (!text)
        return dfn_fail(err, DFN_ERR_ARG, "there is no preset '%s'", b->s.network);
    dfn_status status = dfn_model_training(&b->model, text, true, b->s.network, err);
    if (status)
        return status;
    b->g = dfn_model_net(b->model);
    const dfn_plan_config config = {.batch = b->s.clips,
                                    .frames = b->s.frames,
                                    .mode = DFN_TRAIN,
                                    .cpu = dfn_cpu_detect(),
                                    .weights_only = true,
                                    .bf16 = b->s.bf16,
                                    .gemm = b->s.blas ? dfn_blas_gemm : NULL};
    if ((status = dfn_plan_new(&b->plan, b->g, &config, err)) ||
        (status = dfn_weights_new(&b->w, b->g, DFN_F32, err)) ||
        (status = dfn_weights_new(&b->dw, b->g, DFN_F32, err)))
        return status;
    const size_t bytes = (dfn_state_bytes(b->g, DFN_F32) + 127) / 64 * 64;
    b->node = calloc((size_t)dfn_graph_node_count(b->g), sizeof *b->node);
    b->state = calloc((size_t)b->s.clips, sizeof *b->state);
    for (int i = 0; b->state && i < b->s.clips; i++)
        if (!(b->state[i] = aligned_alloc(64, bytes)))
            return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    if (!b->node || !b->state)
        return dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
    fill_weights(b);
    return DFN_OK;
}

static void close_bench(bench *b)
{
    for (int i = 0; b->state && i < b->s.clips; i++)
        free(b->state[i]);
    free(b->state);
    free(b->node);
    dfn_weights_free(&b->w);
    dfn_weights_free(&b->dw);
    dfn_plan_free(b->plan);
    dfn_model_free(b->model);
}

/* One step, node by node or as a whole. */
static void step(bench *b, bool whole)
{
    const int N = dfn_graph_node_count(b->g), T = b->s.frames;
    const double per = 1.0 / b->s.clips / T;
    const void *const *w = (const void *const *)b->w.data;
    const double start = now();
    for (int i = 0; i < b->s.clips; i++)
        dfn_state_reset(b->g, DFN_F32, b->state[i]);
    if (whole)
        dfn_run(b->plan, w, b->state, T);
    for (int v = 0; v < N && !whole; v++) {
        const double t = now();
        dfn_run_nodes(b->plan, w, b->state, T, v, v + 1);
        b->node[v].forward = least(b->node[v].forward, (now() - t) * per);
    }
    const double cleared = now();
    dfn_plan_zero_grad(b->plan);
    const double filled = now();
    b->clear = least(b->clear, (filled - cleared) * per);
    static const char *const loss[] = {"enhanced", "mask", "lsnr"};
    for (size_t i = 0; i < sizeof loss / sizeof *loss; i++) {
        const dfn_value v = dfn_graph_find(b->g, loss[i]);
        if (v >= 0)
            fill(dfn_plan_grad(b->plan, v), numbers(b, v), 1e-3f, 0, 7 + i);
    }
    const double outside = now() - filled;
    if (whole)
        dfn_backward(b->plan, w, b->dw.data, NULL);
    for (int v = N - 1; v >= 0 && !whole; v--) {
        const double t = now();
        dfn_backward_nodes(b->plan, w, b->dw.data, NULL, v, v + 1);
        b->node[v].backward = least(b->node[v].backward, (now() - t) * per);
    }
    if (whole)
        b->step = least(b->step, (now() - start - outside) * per);
}

static void run(bench *b)
{
    for (int v = 0; v < dfn_graph_node_count(b->g); v++) {
        const dfn_node_info i = dfn_graph_node(b->g, v);
        b->node[v] = (cost){.op = i.op, .name = i.name, .macs = (double)i.macs, .calls = 1};
    }
    const dfn_value spec = dfn_graph_find(b->g, "spec");
    fill(dfn_plan_data(b->plan, spec), numbers(b, spec), 0.05f, 0, 1);
    for (int i = 0; i < b->s.rounds; i++) {
        step(b, false);
        step(b, true);
    }
}

static double sum(const cost *c) { return c->forward + c->backward; }

static int slower_first(const void *a, const void *b)
{
    return (sum(a) < sum(b)) - (sum(a) > sum(b));
}

/* Costs of each kind of op; returns how many. */
static int by_op(cost *kind, const cost *node, int n)
{
    int kinds = 0;
    for (int v = 0; v < n; v++) {
        int k = 0;
        while (k < kinds && strcmp(kind[k].op, node[v].op))
            k++;
        if (k == kinds)
            kind[kinds++] = (cost){.op = node[v].op, .name = ""};
        kind[k].forward += node[v].forward;
        kind[k].backward += node[v].backward;
        kind[k].macs += node[v].macs;
        kind[k].calls++;
    }
    return kinds;
}

static void print(cost *c, int n, int most, double total)
{
    qsort(c, (size_t)n, sizeof *c, slower_first);
    printf("%-17s %5s %8s %8s %6s %8s  %s\n", "op", "nodes", "forward", "backward", "share",
           "GFLOP/s", "name");
    for (int i = 0; i < n && i < most && sum(&c[i]) > 0; i++)
        printf("%-17s %5d %8.2f %8.2f %5.1f%% %8.1f  %s\n", c[i].op, c[i].calls,
               c[i].forward, c[i].backward, 100 * sum(&c[i]) / total,
               6 * c[i].macs * 1e-3 / sum(&c[i]), c[i].name);
}

static void report(bench *b)
{
    const int n = dfn_graph_node_count(b->g);
    cost *kind = calloc((size_t)n, sizeof *kind), total = {0};
    if (!kind)
        return;
    for (int v = 0; v < n; v++) {
        total.forward += b->node[v].forward;
        total.backward += b->node[v].backward;
        total.macs += b->node[v].macs;
    }
    printf("%s, %d clips of %d frames, plan of %.1f MiB, matrix products by %s\n"
           "us per frame: step %.2f (nodes: forward %.2f, backward %.2f, clearing %.2f); "
           "%.1f GFLOP/s, %.0f hours of sound per hour and core\n\n",
           b->s.network, b->s.clips, b->s.frames,
           (double)dfn_plan_bytes(b->plan) / (1 << 20),
           b->s.blas ? dfn_blas_core() : "dfnet4", b->step, total.forward, total.backward,
           b->clear, 6 * total.macs * 1e-3 / b->step, 1e4 / b->step);
    print(kind, by_op(kind, b->node, n), n, sum(&total));
    putchar('\n');
    print(b->node, n, b->s.nodes ? n : 25, sum(&total));
    free(kind);
}

static const cli_option *options(void)
{
    static const cli_option list[] = {
        {'p', "preset", "NAME", "Network: lite (the default), full, lite-ll, full-ll"},
        {'c', "clips", "N", "Clips of a shard; default: 8"},
        {'t', "frames", "N", "Frames of a clip; default: 200"},
        {'r', "rounds", "N", "Steps; the quickest counts; default: 10"},
        {'B', "bf16", NULL,
         "Matrix products of numbers rounded to bfloat16, where the "
         "processor has them"},
        {'b', "blas", NULL, "Matrix products by OpenBLAS instead of our own"},
        {'n', "nodes", NULL, "List all nodes"},
        {0},
    };
    return list;
}

static settings read_options(const cli_command *self, int argc, char **argv)
{
    settings s = {.network = "lite", .clips = 8, .frames = 200, .rounds = 10};
    for (int key; (key = cli_next_option(self, argc, argv)) >= 0;)
        switch (key) {
        case 'p': s.network = optarg; break;
        case 'c': s.clips = cli_count(self, "clips", 1, 1000); break;
        case 't': s.frames = cli_count(self, "frames", 1, 100000); break;
        case 'r': s.rounds = cli_count(self, "rounds", 1, 100000); break;
        case 'B': s.bf16 = true; break;
        case 'b': s.blas = true; break;
        case 'n': s.nodes = true; break;
        }
    if (optind < argc)
        cli_usage(self, "bench takes no arguments");
    return s;
}

static int command(const cli_command *self, int argc, char **argv)
{
    bench b = {.s = read_options(self, argc, argv)};
    dfn_error err = {0};
    dfn_blas_init();
    const bool failed = open_bench(&b, &err) != DFN_OK;
    if (failed) {
        cli_error(NULL, "%s", err.text);
    } else {
        run(&b);
        report(&b);
    }
    close_bench(&b);
    return failed ? CLI_FAILED : CLI_OK;
}

const cli_command train_bench = {
    .name = "bench",
    .arguments = "[OPTION]...",
    .summary = "Time a training step, node by node",
    .about = "Time a training step of a network in one thread, node by node, without data, "
             "losses and optimiser. Times are microseconds per frame, 10 ms of sound.",
    .notes = "",
    .options = options,
    .run = command,
};
