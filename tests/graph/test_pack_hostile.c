/* Packed layers with numbers that a healthy network never has: nothing is undefined (run
 * this under the sanitizers), finite stays finite, and NaN or infinity never turns into an
 * ordinary number, so that a stream notices a broken network. */
#include "check.h"
#include "pack_rig.h"
#include "rig.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

enum { I = 37, O = 21, ROWS = 3, LIMIT = 1 << 17 /* inputs of an int8 layer */ };

/* A linear layer of N inputs and M outputs, packed. */
typedef struct layer {
    dfn_graph *plain, *packed;
    dfn_weights w32, w;
} layer;

static layer layer_new(int in, int out, dfn_weight_format f, const float *weight,
                       const float *bias)
{
    const pack_case c = {.name = "linear",
                         .op = DFN_OP_LINEAR,
                         .attr = {.out = out, .bias = true},
                         .F = ROWS,
                         .C = in};
    const dfn_weight_format format[8] = {f, f, f, f, f, f, f, f};
    layer l = {.plain = pack_build(&c, false)};
    dfn_error err = {0};
    if (dfn_weights_new(&l.w32, l.plain, DFN_F32, &err))
        abort();
    memcpy(l.w32.data[0], weight, (size_t)(in * out) * sizeof(float));
    memcpy(l.w32.data[1], bias, (size_t)out * sizeof(float));
    const dfn_stored stored[2] = {{.data = l.w32.data[0]}, {.data = l.w32.data[1]}};
    if (dfn_pack(l.plain, stored, format, &l.packed, &l.w, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    return l;
}

static void layer_free(layer *l)
{
    dfn_weights_free(&l->w);
    dfn_weights_free(&l->w32);
    dfn_graph_free(l->packed);
    dfn_graph_free(l->plain);
}

/* y[ROWS][out] = layer of x[ROWS][in], at one level. */
static void run(const layer *l, unsigned cpu, const float *x, float *y)
{
    const dfn_plan_config config = {.batch = 1, .frames = 1, .cpu = cpu, .guard = true};
    const dfn_value in = dfn_graph_find(l->packed, "x"),
                    out = dfn_graph_find(l->packed, "y");
    dfn_error err = {0};
    dfn_plan *p;
    if (dfn_plan_new(&p, l->packed, &config, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    memcpy(dfn_plan_data(p, in), x, rig_frame_size(l->packed, in) * sizeof *x);
    dfn_run(p, (const void *const *)l->w.data, NULL, 1);
    memcpy(y, dfn_plan_data(p, out), rig_frame_size(l->packed, out) * sizeof *y);
    CHECK(!dfn_plan_guard(p), "wrote past a buffer");
    dfn_plan_free(p);
}

static void fill(float *x, size_t n, uint64_t seed, double scale)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(rig_number(seed, i) * scale);
}

/* One special number in the middle row: that row's outputs tell, the others are as before.
 */
static void check_inputs(const pack_level *level, dfn_weight_format f)
{
    static const float special[] = {NAN, INFINITY, -INFINITY};
    static float w[O * I], b[O], x[ROWS * I], y[ROWS * O], was[ROWS * O];
    fill(w, O * I, 1, 1);
    fill(b, O, 2, 1);
    layer l = layer_new(I, O, f, w, b);
    for (size_t k = 0; k < sizeof special / sizeof *special; k++)
        for (int at = 0; at < I; at += 6) {
            fill(x, ROWS * I, 3, 1);
            run(&l, level->cpu, x, was);
            x[I + at] = special[k];
            run(&l, level->cpu, x, y);
            for (int o = 0; o < ROWS * O; o++)
                CHECK(o / O == 1 ? !isfinite(y[o]) : y[o] == was[o],
                      "format %d, %s, %g at %d: [%d] is %g, was %g", (int)f, level->name,
                      (double)special[k], at, o, (double)y[o], (double)was[o]);
        }
    layer_free(&l);
}

/* Weights `big` and their negatives, times one: what float32 can hold stays finite, and off
 * by no more than half a step (or 2^-8 of a weight, and a clamped one as much) each. */
static void check_weights(const pack_level *level, dfn_weight_format f, float big)
{
    static float w[O * I], b[O], x[ROWS * I], y[ROWS * O];
    for (int i = 0; i < O * I; i++)
        w[i] = i % I ? 0 : i / I % 2 ? -big : big;
    for (int i = 0; i < ROWS * I; i++)
        x[i] = 1;
    layer l = layer_new(I, O, f, w, b);
    run(&l, level->cpu, x, y);
    for (int o = 0; o < ROWS * O; o++) {
        const double want = (double)(o % O % 2 ? -big : big);
        CHECK(isfinite(y[o]) && fabs((double)y[o] - want) <= (double)big / 128,
              "format %d, %s, weights of %g: [%d] is %g", (int)f, level->name, (double)big,
              o, (double)y[o]);
    }
    layer_free(&l);
}

/* Rows of zeros, of weights or of inputs, leave the bias. */
static void check_zeros(const pack_level *level, dfn_weight_format f)
{
    static float w[O * I], b[O], x[ROWS * I], y[ROWS * O];
    fill(b, O, 2, 1);
    for (int which = 0; which < 3; which++) { /* no weights, no input, tiny input */
        fill(w, O * I, 1, which ? 1 : 0);
        fill(x, ROWS * I, 3, which == 0 ? 1 : which == 1 ? 0 : 1e-44);
        layer l = layer_new(I, O, f, w, b);
        run(&l, level->cpu, x, y);
        for (int o = 0; o < ROWS * O; o++)
            CHECK(fabs((double)(y[o] - b[o % O])) <= 1e-35, "format %d, %s, zeros %d: [%d]",
                  (int)f, level->name, which, o);
        layer_free(&l);
    }
}

/* As many inputs as int8 may have, every product 127^2: sums just fit, and one more input
 * leaves the layer plain. */
static void check_limit(const pack_level *level, int more)
{
    const int n = LIMIT + more;
    float *w = malloc((size_t)n * sizeof *w), *x = malloc((size_t)n * ROWS * sizeof *x);
    float y[ROWS];
    if (!w || !x)
        abort();
    for (int sign = -1; sign <= 1; sign += 2) {
        for (int i = 0; i < n; i++)
            w[i] = 1;
        for (int i = 0; i < n * ROWS; i++)
            x[i] = (float)sign;
        layer l = layer_new(n, 1, DFN_WEIGHTS_INT8, w, &(float){0});
        CHECK(l.packed->node[l.packed->n_node - 1].packed == !more, "%d inputs", n);
        run(&l, level->cpu, x, y);
        for (int r = 0; r < ROWS;
             r++) /* plain: n roundings of sums up to n, eps / 2 each */
            CHECK(fabs((double)y[r] - sign * n) <=
                      (double)FLT_EPSILON * n * (more ? n / 2.0 : 4),
                  "%s, %d inputs: %g", level->name, n, (double)y[r]);
        layer_free(&l);
    }
    free(w);
    free(x);
}

int main(void)
{
    const pack_level *level;
    for (int i = 0; (level = pack_level_get(i)); i++) {
        for (dfn_weight_format f = DFN_WEIGHTS_F32; f <= DFN_WEIGHTS_INT8; f++) {
            check_inputs(level, f);
            check_zeros(level, f);
            check_weights(level, f, 1e38f);
            /* int8: 127 steps, put together again, may round up */
            check_weights(level, f, f == DFN_WEIGHTS_INT8 ? 3.4e38f : FLT_MAX);
        }
        check_limit(level, 0);
        check_limit(level, 1);
    }
    return check_report();
}
