/* Random finite samples of every size, 1e-40 to 1e30, through everything around the
 * network: nothing may become infinite or NaN, and silence must be silent again two hops
 * later. */
#include "check.h"
#include "cpu.h"

#include <dfnet4/dsp.h>
#include <dfnet4/graph.h>
#include <stdlib.h>
#include <string.h>

enum { HOP = 48, SIZE = 2 * HOP, BINS = HOP + 1, BANDS = 8, LOW = 20 };

typedef struct chain {
    dfn_stft *stft;
    dfn_graph *g;
    dfn_plan *plan;
    void *state;
    float past[HOP], tail[HOP];
    uint64_t seed;
} chain;

/* Uniform in [0, 1). */
static double dice(chain *c)
{
    c->seed = c->seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(c->seed >> 11) / 9007199254740992.0;
}

static void open_chain(chain *c, uint64_t seed)
{
    dfn_error err = {0};
    dfn_attr attr = {.list_len = BANDS, .alpha = 0.99, .size = LOW};
    const dfn_plan_config config = {
        .batch = 1, .frames = 1, .precision = DFN_F32, .cpu = test_cpu()};
    *c = (chain){.g = dfn_graph_new(), .seed = seed};
    if (dfn_stft_new(&c->stft, SIZE, HOP, 0, &err) ||
        dfn_erb_widths(attr.list, 4800, SIZE, BANDS, 1, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    const dfn_value in[] = {dfn_graph_input(c->g, "spec", (dfn_shape){1, {1, BINS, 2}}),
                            dfn_graph_input(c->g, "gains", (dfn_shape){1, {1, 1, BANDS}})};
    static const dfn_op_kind op[] = {DFN_OP_ERB_FEATURE, DFN_OP_UNIT_NORM, DFN_OP_ERB_GAIN};
    static const char *const name[] = {"erb", "unit", "gained"};
    for (int i = 0; i < 3; i++)
        dfn_graph_output(c->g, name[i],
                         dfn_graph_add(c->g, op[i], name[i], &attr, i < 2 ? 1 : 2, in));
    if (dfn_graph_finish(c->g, &err) || dfn_plan_new(&c->plan, c->g, &config, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    c->state = aligned_alloc(64, (dfn_state_bytes(c->g, DFN_F32) + 63) / 64 * 64);
    if (!c->state)
        abort();
    dfn_state_reset(c->g, DFN_F32, c->state);
}

static void close_chain(chain *c)
{
    free(c->state);
    dfn_plan_free(c->plan);
    dfn_graph_free(c->g);
    dfn_stft_free(c->stft);
}

static float *port(const chain *c, const char *name)
{
    return dfn_plan_data(c->plan, dfn_graph_find(c->g, name));
}

static void check_finite(const char *what, int hop, const float *x, int n)
{
    for (int i = 0; i < n; i++)
        CHECK(isfinite(x[i]), "hop %d: %s[%d] is %g", hop, what, i, (double)x[i]);
}

static void step(chain *c, int hop, float *out, const float *in)
{
    float *spec = port(c, "spec"), *y = port(c, "gained");
    dfn_stft_analyse(c->stft, spec, c->past, in);
    for (int e = 0; e < BANDS; e++)
        port(c, "gains")[e] = (float)(dice(c) < 0.3 ? 0 : dice(c));
    check_finite("spec", hop, spec, 2 * BINS);
    dfn_run(c->plan, NULL, &c->state, 1);
    check_finite("erb", hop, port(c, "erb"), BANDS);
    check_finite("unit", hop, port(c, "unit"), 2 * LOW);
    dfn_post_filter(y, spec, BINS, (float)pow(10, 8 * dice(c) - 6));
    dfn_attenuation_limit(y, spec, BINS, (float)(110 * dice(c)));
    check_finite("enhanced", hop, y, 2 * BINS);
    dfn_stft_synthesise(c->stft, out, c->tail, y);
    check_finite("out", hop, out, HOP);
}

/* Each hop draws its own range of magnitudes, now and then with zeros in between. */
static void noise(chain *c, float *in)
{
    const double from = -40 + 70 * dice(c), to = from + (30 - from) * dice(c);
    const double zeros = dice(c) < 0.3 ? dice(c) : 0;
    for (int i = 0; i < HOP; i++) {
        const double x = pow(10, from + (to - from) * dice(c));
        in[i] = (float)(dice(c) < zeros ? 0 : dice(c) < 0.5 ? x : -x);
    }
}

int main(void)
{
    float in[HOP], out[HOP];
    for (uint64_t seed = 1; seed <= 20; seed++) {
        chain c;
        open_chain(&c, seed);
        for (int hop = 0; hop < 500; hop++) {
            noise(&c, in);
            step(&c, hop, out, in);
        }
        memset(in, 0, sizeof in);
        for (int hop = 500; hop < 504; hop++) {
            step(&c, hop, out, in);
            for (int i = 0; i < HOP && hop >= 502; i++)
                CHECK(out[i] == 0, "hop %d: %g after silence", hop, (double)out[i]);
        }
        close_chain(&c);
    }
    return check_report();
}
