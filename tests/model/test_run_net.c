/* What streams run, the graph with packed weights, is the network of the model: float32 is
 * as near to the double oracle as the plain graph is, at every level of this machine; and
 * in every precision many frames at once, or many streams, give the bits of one by one. */
#include "../graph/pack_rig.h"
#include "check.h"
#include "rig.h"
#include "tiny_model.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES = 7, STREAMS = 2 };

typedef struct network {
    const char *name, *text;
} network;

static const network networks[] = {
    {"dfnet3", "[deepfilternet]\nconv_ch = 8\nemb_hidden_dim = 32\ndf_hidden_dim = 32\n"
               "enc_linear_groups = 8\nlinear_groups = 4\n"},
    {"mamba", TINY_DFNET4},
    {"gru", TINY_DFNET4 "backbone = gru\nvad_head = false\n"},
    {"gains only", TINY_DFNET4 "use_df = false\n"},
    {"complex gain", TINY_DFNET4 "[df]\ndf_order = 1\n"},
    {"orders", TINY_DFNET4 "use_multi_res_df = true\n"},
    {"learnt", TINY_DFNET4 "use_multi_res_df = true\ndf_resolution_weights = true\n"},
    {"adaptive", TINY_DFNET4 "adaptive_order = true\nadaptive_order_max = 5\n"},
    {"phase", TINY_DFNET4 "use_phase_branch = true\nfusion_type = simple\n"},
    {"both", TINY_DFNET4 "use_time_branch = true\nuse_phase_branch = true\n"
                         "fusion_type = attention\n"},
    {"full", NULL},
    {"lite", NULL},
};

/* A run of some streams of one graph. */
typedef struct trial {
    const dfn_graph *g;
    const void *const *w;
    dfn_precision precision;
    unsigned cpu;
    int first, B, len; /* streams first .. first + B - 1, `len` frames at a time */
} trial;

static void feed(const trial *t, dfn_plan *p, int frame, int T)
{
    for (dfn_value v = 0; v < t->g->n_node && rig_is_input(t->g, v); v++) {
        const size_t n = rig_frame_size(t->g, v);
        for (size_t i = 0; i < (size_t)(t->B * T) * n; i++) {
            const size_t b = i / n / (size_t)T, at = i / n % (size_t)T;
            const double x =
                rig_number(11 + (uint64_t)v + 100 * ((uint64_t)t->first + b),
                           ((size_t)frame + at) * n + i % n) /
                ((frame + (int)at) % 3 == 2 ? 64 : 4); /* loud, loud, quiet .. */
            if (t->precision == DFN_F64)
                ((double *)dfn_plan_data(p, v))[i] = x;
            else
                ((float *)dfn_plan_data(p, v))[i] = (float)x;
        }
    }
}

/* Numbers of a frame of all outputs. */
static size_t width(const dfn_graph *g)
{
    size_t n = 0;
    for (int i = 0; i < g->n_port; i++)
        n += g->port[i].output ? rig_frame_size(g, g->port[i].value) : 0;
    return n;
}

/* [B][FRAMES][outputs], from the start state on; free with free(). */
static double *play(const trial *t)
{
    const dfn_plan_config config = {
        .batch = t->B, .frames = t->len, .precision = t->precision, .cpu = t->cpu};
    const size_t n = width(t->g);
    double *y = rig_zeros((size_t)(t->B * FRAMES) * n * sizeof *y);
    void *state[STREAMS];
    dfn_error err = {0};
    dfn_plan *p;
    if (dfn_plan_new(&p, t->g, &config, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    for (int b = 0; b < t->B; b++) {
        state[b] = rig_zeros(dfn_state_bytes(t->g, t->precision));
        dfn_state_reset(t->g, t->precision, state[b]);
    }
    for (int f = 0, T; f < FRAMES; f += T) {
        T = t->len < FRAMES - f ? t->len : FRAMES - f;
        feed(t, p, f, T);
        dfn_run(p, t->w, state, T);
        size_t at = 0;
        for (int k = 0; k < t->g->n_port; k++) {
            const dfn_value v = t->g->port[k].value;
            const size_t size = rig_frame_size(t->g, v);
            for (size_t i = 0; t->g->port[k].output && i < (size_t)(t->B * T) * size; i++) {
                const size_t b = i / size / (size_t)T, frame = i / size % (size_t)T;
                y[(b * FRAMES + (size_t)f + frame) * n + at + i % size] =
                    rig_get(dfn_plan_data(p, v), t->precision, i);
            }
            at += t->g->port[k].output ? size : 0;
        }
    }
    for (int b = 0; b < t->B; b++)
        free(state[b]);
    dfn_plan_free(p);
    return y;
}

/* Of one output, `size` numbers from `at` on in every frame; b may be NULL: zeros. */
static double distance(const double *a, const double *b, size_t n, size_t at, size_t size)
{
    double sum = 0;
    for (size_t f = 0; f < STREAMS * FRAMES; f++)
        for (size_t i = f * n + at; i < f * n + at + size; i++)
            sum += (a[i] - (b ? b[i] : 0)) * (a[i] - (b ? b[i] : 0));
    return sqrt(sum / (double)(STREAMS * FRAMES * size));
}

/* How much further `got` is from `want` than `near`, which gets one rounding for free: the
 * worst of all outputs. */
static double find_ratio(const dfn_graph *g, const double *got, const double *near,
                         const double *want)
{
    const size_t n = width(g);
    double ratio = 0;
    size_t at = 0;
    for (int k = 0; k < g->n_port; k++) {
        const size_t size = rig_frame_size(g, g->port[k].value);
        if (!g->port[k].output)
            continue;
        const double free_one = (double)FLT_EPSILON * distance(want, NULL, n, at, size);
        ratio = check_worse(ratio, distance(got, want, n, at, size) /
                                       (distance(near, want, n, at, size) + free_one));
        at += size;
    }
    return ratio;
}

/* Bits do not depend on how the work is cut. */
static double *check_cuts(const network *net, const trial *packed, int format,
                          const char *level)
{
    const size_t n = (size_t)FRAMES * width(packed->g);
    double *all = play(packed);
    for (int len = 1; len < 4; len++) {
        trial pieces = *packed;
        pieces.len = len;
        double *y = play(&pieces);
        CHECK(!memcmp(y, all, STREAMS * n * sizeof *y),
              "%s, format %d, %s: %d frames at a time give other numbers", net->name,
              format, level, len);
        free(y);
    }
    for (int b = 0; b < STREAMS; b++) {
        trial alone = *packed;
        alone.first = b;
        alone.B = 1;
        double *y = play(&alone);
        CHECK(!memcmp(y, all + (size_t)b * n, n * sizeof *y),
              "%s, format %d, %s: stream %d alone gives other numbers", net->name, format,
              level, b);
        free(y);
    }
    return all;
}

/* Every layer that can be, also those that are too small to gain from it. */
static void set_all(const network *net, dfn_model *m, dfn_weight_format f)
{
    const int nodes = dfn_graph_node_count(dfn_model_net(m));
    dfn_weight_format *all = calloc((size_t)nodes, sizeof *all);
    dfn_error err = {0};
    for (int i = 0; all && i < nodes; i++)
        all[i] = f;
    CHECK(all && !dfn_model_set_formats(m, all, &err), "%s: %s", net->name, err.text);
    CHECK(dfn_model_precision(m) == f, "%s: not in format %d", net->name, (int)f);
    free(all);
}

/* Roundings differ in their order, and vectors' functions have errors of their own (7.5
 * units, core/op/simd/math.h) where libm has half of one; both graphs add up many of them,
 * so 8 times the plain graph's distance from double is out of reach unless a term is
 * wrong. */
static void check_network(const network *net, dfn_model *m)
{
    dfn_error err = {0};
    const trial plain = {
        .g = dfn_model_net(m), .w = dfn_model_net_weights(m), .B = STREAMS, .len = FRAMES};
    trial oracle = plain;
    dfn_weights w64;
    const pack_level *level;
    oracle.precision = DFN_F64;
    if (dfn_weights_new(&w64, plain.g, DFN_F64, &err))
        abort();
    for (int i = 0; i < w64.count; i++)
        for (size_t j = 0; j < plain.g->weight[i].count; j++)
            ((double *)w64.data[i])[j] = (double)((const float *)plain.w[i])[j];
    oracle.w = (const void *const *)w64.data;
    double *want = play(&oracle), *near = play(&plain), worst = 0;
    for (dfn_weight_format f = DFN_WEIGHTS_F32; f <= DFN_WEIGHTS_INT8; f++) {
        set_all(net, m, f);
        for (int i = 0; (level = pack_level_get(i)); i++) {
            trial packed = plain;
            packed.g = dfn_model_run_net(m);
            packed.w = dfn_model_run_weights(m);
            packed.cpu = level->cpu;
            double *got = check_cuts(net, &packed, (int)f, level->name);
            const double ratio = find_ratio(plain.g, got, near, want);
            CHECK(f == DFN_WEIGHTS_F32 ? ratio <= 8 : ratio >= 0,
                  "%s, %s: %.3g times as far from double as the plain graph", net->name,
                  level->name, ratio);
            if (f == DFN_WEIGHTS_F32)
                worst = check_worse(worst, ratio);
            free(got);
        }
    }
    printf("%s: at most %.2f times the distance of the plain graph\n", net->name, worst);
    free(want);
    free(near);
    dfn_weights_free(&w64);
}

int main(void)
{
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
        const network *net = &networks[i];
        dfn_error err = {0};
        dfn_model *m = NULL;
        const char *text = net->text ? net->text : dfn_preset_text(net->name);
        CHECK(!dfn_model_random(&m, text, net->name, 3, &err), "%s: %s", net->name,
              err.text);
        if (m)
            check_network(net, m);
        dfn_model_free(m);
    }
    return check_report();
}
