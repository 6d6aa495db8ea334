/* Losses against those of PyTorch, values and gradients. All numbers of a case come from
 * its file. */
#include "cpu.h"
#include "loss_golden.h"

#include <string.h>

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

/* The noisy spectrum times the gains, compared by the spectral term: no term of its own,
 * but the same kernels. */
static void masked_spectrum(void)
{
    golden *c = golden_open("loss_mask");
    const char *text = golden_text(c, "variants.maskspec");
    const int B = dim(c, "in.m", 0), T = dim(c, "in.m", 2), E = dim(c, "in.m", 3);
    const int F = dim(c, "in.clean", 3);
    const size_t n = golden_tensor(c, "in.clean")->count, row = (size_t)(2 * F);
    float *noisy = floats(c, "in.noisy"), *clean = floats(c, "in.clean");
    float *m = floats(c, "in.m"), *dm = loss_zeros((size_t)(B * T * E), sizeof *dm);
    float *y = loss_zeros(n, sizeof *y), *dy = loss_zeros(n, sizeof *dy);
    double terms[DFN_LOSS_COUNT];
    loss_case shape;
    loss_case_init(&shape, F, E);
    dfn_loss_config k = dfn_loss_config_default();
    k.weight[DFN_LOSS_SPECTRAL] = 1;
    k.spectral_gamma = 0.6; /* these two: only in the description */
    k.spectral_complex = 1;
    k.spectral_magnitude = number_after(text, "factor", 0);
    dfn_loss *l = loss_open(&k, &shape, B, T, test_cpu());
    float *no_dx = loss_zeros(row, sizeof *no_dx);
    for (size_t r = 0; r < n / row; r++)
        l->kernels.erb_gain_fwd(y + r * row, noisy + r * row, m + r * (size_t)E,
                                shape.widths, E);
    const dfn_loss_input in = {
        .enhanced = y, .target = clean, .d_enhanced = dy, .scale = 1};
    compare_value(c, "out.maskspec.loss", dfn_loss_run(l, &in, terms));
    for (size_t r = 0; r < n / row; r++)
        l->kernels.erb_gain_bwd(no_dx, dm + r * (size_t)E, dy + r * row, noisy + r * row,
                                m + r * (size_t)E, shape.widths, E);
    golden_compare(c, "grad.maskspec.m", dm, sizeof *dm, (size_t)(B * T * E));
    dfn_loss_free(l);
    free(noisy);
    free(clean);
    free(m);
    free(dm);
    free(y);
    free(dy);
    free(no_dx);
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
    masked_spectrum();
    return check_report();
}
