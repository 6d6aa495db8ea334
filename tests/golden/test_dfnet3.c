/* The official DeepFilterNet3 weights on real noisy speech, frame by frame, against the
 * reference: features, mask, coefficients, local SNR, waveform, and what people hear:
 * SI-SDR. Also: many frames at once give the same, and the future never changes the past.
 */
#include "check.h"
#include "cpu.h"
#include "golden.h"
#include "official.h"

#include <dfnet4/dsp.h>
#include <dfnet4/model.h>
#include <stdlib.h>
#include <string.h>

enum { HOP = 480, BINS = 481, DELAY = 1440 };

/* One graph of the model with its own plan and state. */
typedef struct stage {
    const dfn_graph *g;
    const void *const *w;
    dfn_plan *plan;
    void *state;
} stage;

static void stage_open(stage *s, const dfn_graph *g, const void *const *w, dfn_mode mode,
                       int frames)
{
    dfn_error err = {0};
    const dfn_plan_config config = {
        .batch = 1, .frames = frames, .mode = mode, .cpu = test_cpu()};
    *s = (stage){.g = g, .w = w};
    s->state = aligned_alloc(64, dfn_state_bytes(g, DFN_F32) + 64 -
                                     dfn_state_bytes(g, DFN_F32) % 64);
    if (!s->state || dfn_plan_new(&s->plan, g, &config, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    dfn_state_reset(g, DFN_F32, s->state);
}

static void stage_close(stage *s)
{
    free(s->state);
    dfn_plan_free(s->plan);
}

static void stage_run(stage *s, int frames) { dfn_run(s->plan, s->w, &s->state, frames); }

static float *port(const stage *s, const char *name)
{
    return dfn_plan_data(s->plan, dfn_graph_find(s->g, name));
}

static const float *node(const stage *s, const char *op)
{
    for (dfn_value v = 0; v < dfn_graph_node_count(s->g); v++)
        if (!strcmp(dfn_graph_node(s->g, v).op, op))
            return dfn_plan_data(s->plan, v);
    return NULL;
}

static float *numbers(size_t n)
{
    float *x = calloc(n, sizeof *x);
    if (!x)
        abort();
    return x;
}

/* Everything the reference holds, for all frames. */
typedef struct record {
    int frames;
    float *spec, *erb, *unit, *emb, *mask, *coefs, *lsnr, *enhanced;
} record;

static void take(float *to, int t, const float *from, size_t n)
{
    memcpy(to + (size_t)t * n, from, n * sizeof *to);
}

static record run_clip(const dfn_model *m, const float *noisy, int frames, float beta,
                       float limit_db)
{
    const size_t T = (size_t)frames;
    float memory_in[HOP] = {0}, memory_out[HOP] = {0};
    record r = {frames,           numbers(T * BINS * 2), numbers(T * 32),  numbers(T * 192),
                numbers(T * 512), numbers(T * 32),       numbers(T * 960), numbers(T),
                numbers(T * HOP)};
    dfn_stft *stft;
    stage net, apply;
    if (dfn_stft_new(&stft, 2 * HOP, HOP, 0, NULL))
        abort();
    stage_open(&net, dfn_model_net(m), dfn_model_net_weights(m), DFN_EVAL, 1);
    stage_open(&apply, dfn_model_apply(m), dfn_model_apply_weights(m), DFN_INFER, 1);
    for (int t = 0; t < frames; t++) {
        float *spec = port(&net, "spec");
        dfn_stft_analyse(stft, spec, memory_in, noisy + (size_t)t * HOP);
        stage_run(&net, 1);
        memcpy(port(&apply, "spec"), spec, BINS * 2 * sizeof *spec);
        memcpy(port(&apply, "mask"), port(&net, "mask"), 32 * sizeof *spec);
        memcpy(port(&apply, "coefs"), port(&net, "coefs"), 960 * sizeof *spec);
        stage_run(&apply, 1);
        /* the reference's post-filter leaves the last bin alone */
        dfn_post_filter(port(&apply, "enhanced"), port(&apply, "noisy"), BINS - 1, beta);
        dfn_attenuation_limit(port(&apply, "enhanced"), port(&apply, "noisy"), BINS,
                              limit_db);
        dfn_stft_synthesise(stft, r.enhanced + (size_t)t * HOP, memory_out,
                            port(&apply, "enhanced"));
        take(r.spec, t, spec, BINS * 2);
        take(r.erb, t, node(&net, "erb_feature"), 32);
        take(r.unit, t, node(&net, "unit_norm"), 192);
        take(r.emb, t, port(&net, "emb"), 512);
        take(r.mask, t, port(&net, "mask"), 32);
        take(r.coefs, t, port(&net, "coefs"), 960);
        take(r.lsnr, t, port(&net, "lsnr"), 1);
    }
    stage_close(&net);
    stage_close(&apply);
    dfn_stft_free(stft);
    return r;
}

static void record_free(record *r)
{
    float *all[] = {r->spec, r->erb,   r->unit, r->emb,
                    r->mask, r->coefs, r->lsnr, r->enhanced};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

/* Scale-invariant SDR of e against r, without mean removal (as the reference defines it).
 */
static double si_sdr(const float *e, const float *r, size_t n)
{
    const double eps = 1.1920929e-7;
    double er = 0, rr = 0, target = 0, rest = 0;
    for (size_t i = 0; i < n; i++) {
        er += (double)e[i] * r[i];
        rr += (double)r[i] * r[i];
    }
    const double a = (er + eps) / (rr + eps);
    for (size_t i = 0; i < n; i++) {
        target += a * r[i] * (a * r[i]);
        rest += (e[i] - a * r[i]) * (e[i] - a * r[i]);
    }
    return 10 * log10((target + eps) / (rest + eps));
}

static float *signal(const golden *c, const char *name, size_t *n)
{
    const dfn_tensor *t = golden_tensor(c, name);
    float *x = numbers(t->count);
    for (size_t i = 0; i < t->count; i++)
        x[i] = (float)(golden_at(t, i) / 32768);
    *n = t->count;
    return x;
}

/* Published figures for known clips: two seconds, the last 2000 samples left out. */
static void check_published(const char *clip, const float *noisy, const float *clean,
                            const float *enhanced)
{
    static const struct {
        const char *clip;
        double noisy, enhanced;
    } known[] = {
        {"p232_013", 7.46, 17.25}, {"p232_019", 4.69, 22.76}, {"p257_003", 4.72, 16.99}};
    const size_t n = 2 * 48000 - DELAY - 2000;
    const double before = si_sdr(noisy, clean, n),
                 after = si_sdr(enhanced + DELAY, clean, n);
    printf("%s: SI-SDR over two seconds %.2f -> %.2f dB\n", clip, before, after);
    CHECK(after > before + 5, "%s: hardly any noise was removed", clip);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(known[i].clip, clip)) {
            CHECK(fabs(before - known[i].noisy) <= 0.05, "noisy %.3f", before);
            CHECK(fabs(after - known[i].enhanced) <= 0.05, "enhanced %.3f", after);
        }
}

static void limit(const char *what, const float *x, const dfn_tensor *ref, double atol)
{
    double worst = 0;
    for (size_t i = 0; i < ref->count; i++) {
        const double err = fabs((double)x[i] - golden_at(ref, i));
        worst = err <= worst ? worst : err;
    }
    printf("  %-8s worst error %.2e, promised %.0e\n", what, worst, atol);
    CHECK(worst <= atol, "%s: %.3g", what, worst);
}

static void check_variant(const golden *c, const dfn_model *m, const float *noisy,
                          const char *name, const char *tensor)
{
    char path[64];
    if (!golden_has(c, tensor))
        return;
    snprintf(path, sizeof path, "variants.%s.pf_beta", name);
    const float beta = (float)golden_number(c, path, 0);
    snprintf(path, sizeof path, "variants.%s.atten_lim_db", name);
    const float db = (float)golden_number(c, path, 100);
    const size_t n = golden_tensor(c, tensor)->count;
    record r = run_clip(m, noisy, (int)(n / HOP), beta, db);
    golden_compare(c, tensor, r.enhanced, sizeof(float), n);
    record_free(&r);
}

/* The net over `frames` frames in one run, and in one run that ends with other input. */
static void check_runs(const dfn_model *m, const record *one)
{
    enum { T = 60 };
    stage net;
    const size_t n = BINS * 2;
    stage_open(&net, dfn_model_net(m), dfn_model_net_weights(m), DFN_INFER, T);
    memcpy(port(&net, "spec"), one->spec, T * n * sizeof(float));
    stage_run(&net, T);
    double mask = 0, coefs = 0;
    for (size_t i = 0; i < T * 32; i++)
        mask = fmax(mask, fabs((double)port(&net, "mask")[i] - (double)one->mask[i]));
    for (size_t i = 0; i < T * 960; i++)
        coefs = fmax(coefs, fabs((double)port(&net, "coefs")[i] - (double)one->coefs[i]));
    printf("  run(%d) against %d times run(1): mask %.1e, coefficients %.1e\n", T, T, mask,
           coefs);
    CHECK(mask <= 1e-5 && coefs <= 1e-5, "run(T) is not T times run(1)");

    float *before = numbers(T * 960);
    memcpy(before, port(&net, "coefs"), T * 960 * sizeof *before);
    dfn_state_reset(net.g, DFN_F32, net.state);
    memcpy(port(&net, "spec"), one->spec, T * n * sizeof(float));
    for (size_t i = (T - 1) * n; i < T * n; i++)
        port(&net, "spec")[i] *= -0.3f;
    stage_run(&net, T);
    CHECK(!memcmp(before, port(&net, "coefs"), (T - 1) * 960 * sizeof *before),
          "the future changes the past");
    free(before);
    stage_close(&net);
}

static void check_clip(const char *name, const dfn_model *m)
{
    size_t n, n_clean;
    golden *c = golden_open(name);
    float *noisy = signal(c, "in.noisy_i16", &n),
          *clean = signal(c, "in.clean_i16", &n_clean);
    const double beta = golden_number(c, "variants.plain.pf_beta", 0);
    record r = run_clip(m, noisy, (int)(n / HOP), (float)beta, 100);
    golden_compare(c, "out.feat_erb", r.erb, sizeof(float),
                   golden_tensor(c, "out.feat_erb")->count);
    golden_compare(c, "out.feat_spec", r.unit, sizeof(float),
                   golden_tensor(c, "out.feat_spec")->count);
    golden_compare(c, "out.emb", r.emb, sizeof(float), golden_tensor(c, "out.emb")->count);
    golden_compare(c, "out.mask", r.mask, sizeof(float),
                   golden_tensor(c, "out.mask")->count);
    golden_compare(c, "out.coefs", r.coefs, sizeof(float),
                   golden_tensor(c, "out.coefs")->count);
    golden_compare(c, "out.lsnr", r.lsnr, sizeof(float),
                   golden_tensor(c, "out.lsnr")->count);
    golden_compare(c, "out.enh", r.enhanced, sizeof(float),
                   golden_tensor(c, "out.enh")->count);
    limit("mask", r.mask, golden_tensor(c, "out.mask"), 1e-4);
    limit("coefs", r.coefs, golden_tensor(c, "out.coefs"), 1e-4);
    limit("lsnr", r.lsnr, golden_tensor(c, "out.lsnr"), 1e-4);
    const double sdr[2] = {si_sdr(noisy, clean, n - DELAY),
                           si_sdr(r.enhanced + DELAY, clean, n - DELAY)};
    golden_compare(c, "out.sisdr", sdr, sizeof(double), 2);
    check_published(golden_text(c, "clip"), noisy, clean, r.enhanced);
    check_variant(c, m, noisy, "lim12", "out.enh_lim12");
    check_variant(c, m, noisy, "pf_lim6", "out.enh_pf_lim6");
    check_runs(m, &r);
    record_free(&r);
    free(noisy);
    free(clean);
    golden_close(c);
}

int main(void)
{
    int status = 0;
    char **names = golden_list("dfnet3_");
    dfn_model *m = names && names[0] ? official_model(&status) : NULL;
    if (!names || !names[0])
        status = golden_skip();
    for (char **name = names; m && *name; name++)
        check_clip(*name, m);
    free(names);
    dfn_model_free(m);
    return status | check_report();
}
