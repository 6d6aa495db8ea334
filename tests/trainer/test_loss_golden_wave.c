/* Losses of waveforms against those of PyTorch, values and gradients. All numbers of a case
 * come from its file, but for one. */
#include "cpu.h"
#include "loss_golden.h"

#include <string.h>

/* A framing of `samples` samples: the waves are given, and only their length matters. */
static void waves(loss_case *shape, int samples, int *frames)
{
    int hop = 2;
    while (samples % (2 * hop) == 0 && hop < 512)
        hop *= 2;
    loss_case_init(shape, hop + 1, 1);
    *frames = (samples + hop - 1) / hop;
}

static void sdr_variant(const golden *c, const char *variant, int term, const int sizes[2],
                        double overlap)
{
    const int B = dim(c, "in.pred", 0), n = dim(c, "in.pred", 1);
    float *x = floats(c, "in.pred"), *s = floats(c, "in.target");
    float *d = loss_zeros((size_t)(B * n), sizeof *d);
    double terms[DFN_LOSS_COUNT] = {0};
    char out[32], grad[32];
    int T;
    loss_case shape;
    waves(&shape, n, &T);
    dfn_loss_config k = dfn_loss_config_default();
    k.weight[term] = golden_number(c, "factor", NAN);
    k.segment_overlap = overlap;
    k.segment_floor = -300;
    memcpy(k.segment_size, sizes, sizeof k.segment_size);
    dfn_loss *l = loss_open(&k, &shape, B, T, test_cpu());
    const dfn_loss_input in = {.scale = 1};
    l->length = n;
    for (int b = 0; b < B; b++)
        memcpy(loss_target(l, b), s + b * n, (size_t)n * sizeof *s);
    dfn_loss_sdr_count_c(l);
    for (int b = 0; b < B; b++)
        dfn_loss_sdr_c(l, &in, x + b * n, s + b * n, d + b * n, terms);
    snprintf(out, sizeof out, "out.%s.loss", variant);
    snprintf(grad, sizeof grad, "grad.%s.pred", variant);
    compare_value(c, out, terms[term]);
    golden_compare(c, grad, d, sizeof *d, (size_t)(B * n));
    dfn_loss_free(l);
    free(x);
    free(s);
    free(d);
}

static void sdr(void)
{
    golden *c = golden_open("loss_sdr");
    const int B = dim(c, "in.pred", 0), n = dim(c, "in.pred", 1);
    float *x = floats(c, "in.pred"), *s = floats(c, "in.target");
    double *db = loss_zeros((size_t)B, sizeof *db);
    for (int b = 0; b < B; b++)
        db[b] = dfn_loss_si_sdr_c(x + b * n, s + b * n, NULL, n, 0);
    golden_compare(c, "out.sdr.sisdr", db, sizeof *db, (size_t)B);
    const int both[2] = {(int)golden_number(c, "seg_ws.0", NAN),
                         (int)golden_number(c, "seg_ws.1", NAN)};
    const int between[2] = {2 * both[0]}; /* of seg_ov: not in the file */
    sdr_variant(c, "sdr", DFN_LOSS_SI_SDR, both, 0);
    sdr_variant(c, "seg", DFN_LOSS_SEGMENTAL, both, golden_number(c, "overlap.0", NAN));
    sdr_variant(c, "seg_ov", DFN_LOSS_SEGMENTAL, between,
                golden_number(c, "overlap.1", NAN));
    free(x);
    free(s);
    free(db);
    golden_close(c);
}

/* Relative L2 error of x against a tensor. */
static double distance(const golden *c, const char *name, const float *x)
{
    const dfn_tensor *t = golden_tensor(c, name);
    double error = 0, size = 0;
    for (size_t i = 0; i < t->count; i++) {
        error += squared((double)x[i] - golden_at(t, i));
        size += squared(golden_at(t, i));
    }
    return sqrt(error / size);
}

/* `like`: the variant whose settings this one has. Inputs are multiplied by `gain`. */
static void multi_variant(const golden *c, const char *variant, const char *like,
                          const char *in_pred, const char *in_target, double gain)
{
    const int B = dim(c, in_pred, 0), n = dim(c, in_pred, 1);
    float *x = floats(c, in_pred), *s = floats(c, in_target);
    float *d = loss_zeros((size_t)(B * n), sizeof *d);
    double terms[DFN_LOSS_COUNT] = {0}, parts[DFN_LOSS_SIZES][2];
    char name[64];
    int T, sizes = 0;
    loss_case shape;
    waves(&shape, n, &T);
    dfn_loss_config k = dfn_loss_config_default();
    k.weight[DFN_LOSS_MULTI_RESOLUTION] = 1;
    k.multi_gamma = variant_number(c, like, "gamma", NAN);
    k.multi_magnitude = variant_number(c, like, "f", NAN);
    k.multi_complex = variant_number(c, like, "fc", NAN);
    for (int i = 0; i < DFN_LOSS_SIZES; i++) {
        snprintf(name, sizeof name, "ffts.%d", i);
        k.multi_size[i] = (int)variant_number(c, like, name, 0);
        sizes += k.multi_size[i] > 0;
    }
    dfn_loss *l = loss_open(&k, &shape, B, T, test_cpu());
    const dfn_loss_input in = {.scale = 1};
    l->length = n;
    dfn_loss_multi_count_c(l, &in);
    for (int b = 0; b < B; b++) {
        REAL *target = loss_target(l, b);
        for (int i = 0; i < n; i++) {
            l->wave[i] = (float)gain * x[b * n + i];
            target[i] = (float)gain * s[b * n + i];
        }
        memset(l->d_wave - l->margin, 0, (size_t)l->stride * sizeof *l->d_wave);
        dfn_loss_multi_mirror_c(l, l->wave);
        dfn_loss_multi_mirror_c(l, target);
        dfn_loss_multi_c(l, &in, b, l->wave, target, l->d_wave, terms);
        dfn_loss_multi_fold_c(l, l->d_wave);
        memcpy(d + b * n, l->d_wave, (size_t)n * sizeof *d);
    }
    memcpy(parts, l->multi_part, sizeof parts);
    snprintf(name, sizeof name, "out.%s.loss", variant);
    compare_value(c, name, terms[DFN_LOSS_MULTI_RESOLUTION]);
    snprintf(name, sizeof name, "out.%s.parts", variant);
    golden_compare(c, name, parts, sizeof parts[0][0], (size_t)(2 * sizes));
    snprintf(name, sizeof name, "grad.%s.pred", variant);
    golden_compare(c, name, d, sizeof *d, (size_t)(B * n));
    const double apart = distance(c, name, d);
    printf("%-20s relative L2 error %.2g\n", name, apart);
    CHECK(apart < 1e-3, "%s: relative L2 error %g", name, apart); /* notes of the file */
    dfn_loss_free(l);
    free(x);
    free(s);
    free(d);
}

static void multi(void)
{
    golden *c = golden_open("loss_mrstft");
    static const char *const own[] = {"dfn3", "plain", "plainc", "ll"};
    for (int i = 0; i < 4; i++)
        multi_variant(c, own[i], own[i], "in.pred", "in.target", 1);
    multi_variant(c, "dfn3_scaled", "dfn3", "in.pred", "in.target", 1 / sqrt(960));
    multi_variant(c, "silent", "dfn3", "in.silent.pred", "in.silent.target", 1);
    golden_close(c);
}

int main(void)
{
    golden *c = golden_open("loss_sdr");
    if (!c)
        return golden_skip();
    golden_close(c);
    sdr();
    multi();
    return check_report();
}
