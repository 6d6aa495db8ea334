/* Losses against those of PyTorch, values and gradients. All numbers of a case come from
 * its file. */
#include "cpu.h"
#include "golden.h"
#include "loss/terms.h"
#include "loss_case.h"

#include <string.h>

static float *floats(const golden *c, const char *name)
{
    const dfn_tensor *t = golden_tensor(c, name);
    float *x = loss_zeros(t->count, sizeof *x);
    for (size_t i = 0; i < t->count; i++)
        x[i] = (float)golden_at(t, i);
    return x;
}

static int dim(const golden *c, const char *tensor, int i)
{
    return (int)golden_tensor(c, tensor)->dim[i];
}

static double variant_number(const golden *c, const char *variant, const char *key,
                             double fallback)
{
    char path[128];
    snprintf(path, sizeof path, "variants.%s.%s", variant, key);
    return golden_number(c, path, fallback);
}

static void compare_value(const golden *c, const char *name, double value)
{
    golden_compare(c, name, &value, sizeof value, 1);
}

static void spectral(void)
{
    golden *c = golden_open("loss_spectral");
    const int B = dim(c, "in.pred", 0), T = dim(c, "in.pred", 2), F = dim(c, "in.pred", 3);
    float *pred = floats(c, "in.pred"), *target = floats(c, "in.target");
    const size_t n = golden_tensor(c, "in.pred")->count;
    loss_case shape;
    loss_case_init(&shape, F, 32);
    for (int v = 0; v < 4; v++) {
        char name[8], out[32], grad[32];
        double terms[DFN_LOSS_COUNT];
        float *d = loss_zeros(n, sizeof *d);
        snprintf(name, sizeof name, "v%d", v);
        snprintf(out, sizeof out, "out.%s.loss", name);
        snprintf(grad, sizeof grad, "grad.%s.pred", name);
        dfn_loss_config k = dfn_loss_config_default();
        k.weight[DFN_LOSS_SPECTRAL] = 1;
        k.spectral_gamma = variant_number(c, name, "gamma", NAN);
        k.spectral_magnitude = variant_number(c, name, "fm", NAN);
        k.spectral_complex = variant_number(c, name, "fc", NAN);
        k.spectral_under = variant_number(c, name, "fu", NAN);
        dfn_loss *l = loss_open(&k, &shape, B, T, test_cpu());
        const dfn_loss_input in = {
            .enhanced = pred, .target = target, .d_enhanced = d, .scale = 1};
        compare_value(c, out, dfn_loss_run(l, &in, terms));
        golden_compare(c, grad, d, sizeof *d, n);
        dfn_loss_free(l);
        free(d);
    }
    free(pred);
    free(target);
    golden_close(c);
}

/* The number after `word` in a text such as "gamma .6, powers 2,4". */
static double number_after(const char *text, const char *word, int i)
{
    const size_t n = strlen(word);
    for (const char *at = text; (at = strstr(at, word)); at++)
        if ((at == text || at[-1] == ' ') && at[n] == ' ') {
            char *end = (char *)at + n;
            double x = strtod(end, &end);
            for (; i > 0 && *end == ','; i--)
                x = strtod(end + 1, &end);
            return i > 0 ? 0 : x;
        }
    return NAN;
}

/* The settings of a variant, which may be "same" or "as iam, ...": those of the first. */
static dfn_loss_config mask_config(const golden *c, const char *variant)
{
    char path[32];
    snprintf(path, sizeof path, "variants.%s", variant);
    const char *text = golden_text(c, path);
    if (strstr(text, "same") || strstr(text, "as iam"))
        text = golden_text(c, "variants.iam");
    dfn_loss_config k = dfn_loss_config_default();
    const double factor = number_after(text, "factor", 0);
    const double gamma_pred = number_after(text, "gamma_pred", 0);
    k.mask_gamma = number_after(text, "gamma", 0);
    k.mask_gamma_pred = gamma_pred > 0 ? gamma_pred : k.mask_gamma;
    k.mask_under = number_after(text, "f_under", 0);
    k.weight[DFN_LOSS_MASK] = factor > 0 ? factor : 1;
    for (int i = 0; i < 2; i++) {
        k.mask_power[i] = number_after(text, "powers", i);
        k.mask_factor[i] = number_after(text, "factors", i);
    }
    return k;
}

/* Bands are limited by bandwidth: that of the last bin of the last band. */
static double bandwidth(const golden *c, const loss_case *shape, const char *variant)
{
    char path[32];
    snprintf(path, sizeof path, "variants.%s", variant);
    const char *text = strstr(golden_text(c, path), "bands < ");
    int bins = 0;
    if (!text)
        return 0;
    for (int e = 0; e < atoi(text + strlen("bands < ")); e++)
        bins += shape->widths[e];
    return (bins - 0.5) * 48000 / shape->info.fft_size;
}

static void mask_variant(const golden *c, const char *variant, int target,
                         const float *noisy, const float *clean)
{
    const int B = dim(c, "in.m", 0), T = dim(c, "in.m", 2), E = dim(c, "in.m", 3);
    const bool own = target == DFN_MASK_SPECTRUM;
    const size_t n = golden_tensor(c, "in.m")->count;
    float *m = floats(c, own ? "in.spec.m" : "in.m"), *d = loss_zeros(n, sizeof *d);
    char out[32], grad[32];
    double terms[DFN_LOSS_COUNT], *limits = loss_zeros((size_t)B, sizeof *limits);
    loss_case shape;
    loss_case_init(&shape, dim(c, "in.clean", 3), E);
    for (int b = 0; b < B; b++)
        limits[b] = bandwidth(c, &shape, variant);
    snprintf(out, sizeof out, "out.%s.loss", variant);
    snprintf(grad, sizeof grad, "grad.%s.m", variant);
    dfn_loss_config k = mask_config(c, variant);
    k.mask_target = target;
    dfn_loss *l = loss_open(&k, &shape, B, T, test_cpu());
    const dfn_loss_input in = {.noisy = noisy,
                               .target = clean,
                               .mask = m,
                               .bandwidth_hz = limits,
                               .d_mask = d,
                               .scale = 1};
    compare_value(c, out, dfn_loss_run(l, &in, terms));
    golden_compare(c, grad, d, sizeof *d, n);
    dfn_loss_free(l);
    free(m);
    free(d);
    free(limits);
}

static void mask(void)
{
    golden *c = golden_open("loss_mask");
    float *noisy = floats(c, "in.noisy"), *clean = floats(c, "in.clean");
    mask_variant(c, "iam", DFN_MASK_IAM, noisy, clean);
    mask_variant(c, "iam_max", DFN_MASK_IAM, noisy, clean);
    mask_variant(c, "wg", DFN_MASK_WG, noisy, clean);
    mask_variant(c, "irm", DFN_MASK_IRM, noisy, clean);
    mask_variant(c, "spec", DFN_MASK_SPECTRUM, noisy, clean);
    free(noisy);
    free(clean);
    golden_close(c);
}

static void lsnr(void)
{
    golden *c = golden_open("loss_lsnr");
    const int B = dim(c, "in.clean", 0), T = dim(c, "in.clean", 2);
    const size_t n = golden_tensor(c, "in.clean")->count;
    float *clean = floats(c, "in.clean"), *noisy = floats(c, "in.noise");
    float *pred = floats(c, "in.pred"), *d = loss_zeros((size_t)(B * T), sizeof *d);
    double terms[DFN_LOSS_COUNT];
    loss_case shape;
    loss_case_init(&shape, dim(c, "in.clean", 3), 16);
    for (size_t i = 0; i < n; i++)
        noisy[i] += clean[i];
    dfn_loss_config k = dfn_loss_config_default();
    k.weight[DFN_LOSS_LSNR] = golden_number(c, "factor", NAN);
    k.lsnr_reference = 1;
    dfn_loss *l = loss_open(&k, &shape, B, T, test_cpu());
    const dfn_loss_input in = {
        .noisy = noisy, .target = clean, .lsnr = pred, .d_lsnr = d, .scale = 1};
    compare_value(c, "out.loss", dfn_loss_run(l, &in, terms));
    golden_compare(c, "grad.pred", d, sizeof *d, (size_t)(B * T));
    dfn_loss_free(l);
    free(clean);
    free(noisy);
    free(pred);
    free(d);
    golden_close(c);
}

/* The target is in the file, and this term's input inside the library. */
static void df_alpha(void)
{
    golden *c = golden_open("loss_dfalpha");
    const int B = dim(c, "in.alpha", 0), T = dim(c, "in.alpha", 1);
    float *alpha = floats(c, "in.alpha"), *d = loss_zeros((size_t)(B * T), sizeof *d);
    double terms[DFN_LOSS_COUNT] = {0};
    loss_case shape;
    loss_case_init(&shape, 481, 32);
    dfn_loss_config k = dfn_loss_config_default();
    k.weight[DFN_LOSS_DF_ALPHA] = 1;
    k.alpha_off[0] = golden_number(c, "lsnr_min", NAN);
    k.alpha_off[1] = golden_number(c, "lsnr_thresh", NAN);
    dfn_loss *l = loss_open(&k, &shape, B, T, test_cpu());
    for (int i = 0; i < B * T; i++)
        l->lsnr_target[i] = golden_at(golden_tensor(c, "in.lsnr"), (size_t)i);
    const dfn_loss_input in = {.alpha = alpha, .d_alpha = d, .scale = 1};
    dfn_loss_df_alpha_c(l, &in, terms);
    compare_value(c, "out.loss", terms[DFN_LOSS_DF_ALPHA]);
    golden_compare(c, "grad.alpha", d, sizeof *d, (size_t)(B * T));
    dfn_loss_free(l);
    free(alpha);
    free(d);
    golden_close(c);
}

/* A framing of `samples` samples: the waves are given, and only their length matters. */
static void waves(loss_case *shape, int samples, int *frames)
{
    int hop = 2;
    while (samples % (2 * hop) == 0 && hop < 512)
        hop *= 2;
    loss_case_init(shape, hop + 1, 1);
    *frames = samples / hop;
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
    golden *c = golden_open("loss_spectral");
    if (!c)
        return golden_skip();
    golden_close(c);
    spectral();
    mask();
    lsnr();
    df_alpha();
    sdr();
    multi();
    return check_report();
}
