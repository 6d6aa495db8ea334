/* A stream gives what the graphs of its model give on the whole signal at once, late by
 * exactly its latency: for every form of network, linked and independent channels. */
#include "cpu.h"
#include "play.h"

#include <dfnet4/dsp.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 48000, HOP = 480, BINS = HOP + 1, T = 80, FRAMES = T * HOP, CHANNELS = 2 };

/* One graph of a model over the whole signal. */
typedef struct whole {
    const dfn_graph *g;
    dfn_plan *plan;
    int batch;
} whole;

static whole open_whole(const dfn_graph *g, int batch)
{
    whole w = {.g = g, .batch = batch};
    dfn_error err = {0};
    const dfn_plan_config config = {.batch = batch, .frames = T, .cpu = test_cpu()};
    if (dfn_plan_new(&w.plan, g, &config, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    return w;
}

static void run_whole(const whole *w, const void *const *weights)
{
    void *state[CHANNELS];
    for (int b = 0; b < w->batch; b++) {
        state[b] = aligned_alloc(64, (dfn_state_bytes(w->g, DFN_F32) + 127) / 64 * 64);
        if (!state[b])
            exit(1);
        dfn_state_reset(w->g, DFN_F32, state[b]);
    }
    dfn_run(w->plan, weights, state, T);
    for (int b = 0; b < w->batch; b++)
        free(state[b]);
}

/* Stream b of a value, [T][n]; NULL if the graph has none. */
static float *at(const whole *w, const char *name, int b, size_t *n)
{
    const dfn_value v = dfn_graph_find(w->g, name);
    if (v < 0)
        return NULL;
    *n = dfn_shape_frame(dfn_graph_shape(w->g, v));
    return (float *)dfn_plan_data(w->plan, v) + (size_t)b * T * *n;
}

/* to += part of from */
static void add(float *to, const float *from, float part, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] += part * from[i];
}

/* Spectra and samples of all channels for both graphs; samples count `wave` times. */
static void feed(const whole *net, const whole *apply, dfn_stft *stft, const float *in,
                 float wave)
{
    const float part = (float)net->batch / CHANNELS;
    size_t n;
    for (int b = 0; b < net->batch; b++) {
        memset(at(net, "spec", b, &n), 0, T * 2 * BINS * sizeof(float));
        if (at(net, "wave", b, &n))
            memset(at(net, "wave", b, &n), 0, FRAMES * sizeof(float));
    }
    for (int c = 0; c < CHANNELS; c++) {
        const int b = c % net->batch;
        float memory[HOP] = {0}, *spec = at(apply, "spec", c, &n);
        for (int t = 0; t < T; t++)
            dfn_stft_analyse(stft, spec + t * 2 * BINS, memory, in + c * FRAMES + t * HOP);
        add(at(net, "spec", b, &n), spec, part, T * 2 * BINS);
        if (at(net, "wave", b, &n))
            add(at(net, "wave", b, &n), in + c * FRAMES, part * wave, FRAMES);
    }
}

static bool hand_on_one(const whole *net, const whole *apply, const char *name)
{
    size_t n = 0, m = 0;
    for (int c = 0; c < CHANNELS; c++) {
        const float *from = at(net, name, c % net->batch, &n);
        float *to = at(apply, name, c, &m);
        CHECK((from == NULL) == (to == NULL) && (!from || n == m), "%s", name);
        if (from && to)
            memcpy(to, from, T * n * sizeof *to);
    }
    return dfn_graph_find(apply->g, name) >= 0;
}

/* Everything but the spectrum that `apply` takes in comes from `net`. */
static void hand_on(const whole *net, const whole *apply)
{
    static const char *const names[] = {"mask", "coefs", "keep"};
    int inputs = -1, fed = 0;
    for (int v = 0; v < dfn_graph_node_count(apply->g); v++)
        inputs += !strcmp(dfn_graph_node(apply->g, v).op, "input");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        fed += hand_on_one(net, apply, names[i]);
    CHECK(fed == inputs, "%d of %d inputs are known", fed, inputs);
}

/* Mean of the last frame of an output {1,1,1}; 0 without. */
static double last(const whole *net, const char *name)
{
    double sum = 0;
    size_t n;
    for (int b = 0; b < net->batch; b++)
        sum += at(net, name, b, &n) ? (double)at(net, name, b, &n)[T - 1] : 0;
    return sum / net->batch;
}

/* The whole enhanced signal, [CHANNELS][FRAMES]: hop t is what hop t of the input brings
 * out. meters: local SNR and voice activity at the end. */
static float *enhance(const dfn_model *m, const float *in, bool independent, float wave,
                      double meters[2])
{
    float *out = play_silence(CHANNELS, FRAMES);
    dfn_stft *stft;
    size_t n;
    const whole net = open_whole(dfn_model_net(m), independent ? CHANNELS : 1);
    const whole apply = open_whole(dfn_model_apply(m), CHANNELS);
    if (dfn_stft_new(&stft, 2 * HOP, HOP, 0, NULL))
        exit(1);
    feed(&net, &apply, stft, in, wave);
    run_whole(&net, dfn_model_net_weights(m));
    hand_on(&net, &apply);
    run_whole(&apply, dfn_model_apply_weights(m));
    for (int c = 0; c < CHANNELS; c++) {
        float memory[HOP] = {0};
        for (int t = 0; t < T; t++)
            dfn_stft_synthesise(stft, out + c * FRAMES + t * HOP, memory,
                                at(&apply, "enhanced", c, &n) + t * 2 * BINS);
    }
    meters[0] = last(&net, "lsnr");
    meters[1] = last(&net, "vad");
    dfn_stft_free(stft);
    dfn_plan_free(net.plan);
    dfn_plan_free(apply.plan);
    return out;
}

/* The largest difference of b, `late` samples late, and a, as a part of a's largest. */
static double difference(const float *a, const float *b, int late)
{
    double worst = 0, top = 0;
    for (int c = 0; c < CHANNELS; c++)
        for (int i = 0; i < FRAMES - late; i++) {
            const double x = (double)a[c * FRAMES + i];
            worst = check_worse(worst, fabs(x - (double)b[c * FRAMES + i + late]));
            top = check_worse(top, fabs(x));
        }
    return worst / top;
}

static void check_variant(const play_network *v, bool independent)
{
    player p = play_open_model(&v->model, RATE, CHANNELS, independent);
    const dfn_graph *net = dfn_model_net(p.model);
    const int lookahead = dfn_model_get_info(p.model)->lookahead;
    const bool wave = dfn_graph_find(net, "wave") >= 0;
    const bool vad = dfn_graph_find(net, "vad") >= 0;
    float *in = play_noise(CHANNELS, FRAMES, 21), *got = play_silence(CHANNELS, FRAMES);
    double meters[2], unused[2];
    float *want = enhance(p.model, in, independent, 1, meters);
    play(&p, in, got, FRAMES, 300);
    const double far = difference(want, got, HOP);
    const double lsnr = (double)dfn_stream_meter(p.stream, DFN_METER_LSNR_DB);
    const double speech = (double)dfn_stream_meter(p.stream, DFN_METER_VAD);
    printf("  %-36s %s differs by %.1e, lsnr %.2f, speech %.3f\n", v->name,
           independent ? "independent" : "linked     ", far, lsnr, speech);
    CHECK(dfn_stream_latency(p.stream) == (2 + lookahead) * HOP, "%s: latency", v->name);
    CHECK(far <= 1e-5, "%s: %g from the whole signal", v->name, far);
    CHECK(fabs(lsnr - meters[0]) <= 1e-4, "%s: local SNR %g, want %g", v->name, lsnr,
          meters[0]);
    CHECK(fabs(speech - meters[1]) <= 1e-5 && (speech > 0) == vad && speech < 1,
          "%s: speech %g, want %g", v->name, speech, meters[1]);
    if (wave) {
        float *deaf = enhance(p.model, in, independent, 0, unused);
        const double heard = difference(want, deaf, 0);
        CHECK(heard > 1e-4, "%s: samples hardly matter: %g", v->name, heard);
        free(deaf);
    }
    dfn_stream_reset(p.stream);
    CHECK(dfn_stream_meter(p.stream, DFN_METER_VAD) == 0, "%s: reset", v->name);
    free(in);
    free(got);
    free(want);
    play_close(&p);
}

int main(void)
{
    for (const play_network *v = play_networks; v->name; v++)
        for (int independent = 0; independent < 2; independent++)
            check_variant(v, independent);
    return check_report();
}
