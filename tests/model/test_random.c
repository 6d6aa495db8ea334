/* Random weights: the same for the same seed and on every machine, others for others,
 * within their bounds and evenly spread; the network then runs, and can be written and
 * read. */
#include "check.h"
#include "cpu.h"
#include "fail_alloc.h"
#include "model/random.h"

#include <dfnet4/model.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const gru_text = "[deepfilternet]\nconv_ch = 8\nemb_hidden_dim = 32\n"
                                    "df_hidden_dim = 32\nenc_linear_groups = 8\n"
                                    "linear_groups = 4\n";

static dfn_model *make(const char *text, uint64_t seed)
{
    dfn_model *m = NULL;
    dfn_error err = {0};
    CHECK(!dfn_model_random(&m, text, "random", seed, &err), "%s", err.text);
    return m;
}

static const float *find(const dfn_model *m, const char *part, const dfn_weight **w)
{
    const dfn_graph *g = dfn_model_net(m);
    for (int i = 0; i < dfn_graph_weight_count(g); i++)
        if (strstr(dfn_graph_weight(g, i)->name, part)) {
            *w = dfn_graph_weight(g, i);
            return dfn_model_net_weights(m)[i];
        }
    CHECK(false, "no weight has '%s' in its name", part);
    return NULL;
}

/* 0 if all weights are the same; the number of those that differ otherwise. */
static int differ(const dfn_model *a, const dfn_model *b)
{
    const dfn_graph *g = dfn_model_net(a);
    int n = 0;
    for (int i = 0; i < dfn_graph_weight_count(g); i++)
        n += memcmp(dfn_model_net_weights(a)[i], dfn_model_net_weights(b)[i],
                    dfn_graph_weight(g, i)->count * sizeof(float)) != 0;
    return n;
}

/* Mean and mean square of n numbers U(-k, k) are 0 and k^2/3, with standard deviations of
 * k / sqrt(3 n) and k^2 sqrt(4 / 45 / n); six of these are never exceeded by chance. */
static void check_uniform(const dfn_model *m, const char *name, int fan_in)
{
    const dfn_weight *w;
    const float *x = find(m, name, &w);
    const double k = 1 / sqrt(fan_in);
    double mean = 0, square = 0, top = 0;
    if (!x)
        return;
    const double n = (double)w->count;
    for (size_t i = 0; i < w->count; i++) {
        mean += (double)x[i] / n;
        square += (double)x[i] * (double)x[i] / n;
        top = fmax(top, fabs((double)x[i]));
    }
    CHECK(top <= k * 1.000001 && top >= k * (1 - 20 / n), "%s: up to %g, not %g", w->name,
          top, k);
    CHECK(fabs(mean) <= 6 * k / sqrt(3 * n), "%s: mean %g", w->name, mean);
    CHECK(fabs(square - k * k / 3) <= 6 * k * k * sqrt(4.0 / 45 / n), "%s: variance %g",
          w->name, square);
}

static void check_scan(const dfn_model *m)
{
    const dfn_weight *w;
    const float *a = find(m, "A_log", &w);
    for (size_t i = 0; a && i < w->count; i++)
        CHECK(a[i] == (float)log((double)(i % (size_t)w->dim[1] + 1)), "%s[%zu]: %g",
              w->name, i, (double)a[i]);
    const float *d = find(m, "mamba.D", &w);
    for (size_t i = 0; d && i < w->count; i++)
        CHECK(d[i] == 1, "%s[%zu]: %g", w->name, i, (double)d[i]);
    const float *step = find(m, "dt_proj.bias", &w);
    int low = 0;
    for (size_t i = 0; step && i < w->count; i++) {
        const double s =
            log1p(exp((double)step[i])); /* -7 lies between: 5 digits are left */
        CHECK(s >= 0.001 * 0.9999 && s <= 0.1 * 1.0001, "%s[%zu]: step %g", w->name, i, s);
        low += s < 0.01;
    }
    /* half of the steps, within six standard deviations of a fair coin's tosses */
    CHECK(step && fabs(low - (double)w->count / 2) <= 3 * sqrt((double)w->count),
          "%d of %zu steps below the middle", low, w->count);
}

static void check_norms(const dfn_model *m)
{
    const dfn_weight *w;
    const float *scale = find(m, "norm.weight", &w);
    for (size_t i = 0; scale && i < w->count; i++)
        CHECK(scale[i] == 1, "%s[%zu]: %g", w->name, i, (double)scale[i]);
    const float *bias = find(m, "norm.bias", &w);
    for (size_t i = 0; bias && i < w->count; i++)
        CHECK(bias[i] == 0, "%s[%zu]: %g", w->name, i, (double)bias[i]);
}

/* Whatever has no logarithm in it is exact: one sum of bits for all machines. */
static void check_machine(const dfn_model *m)
{
    const dfn_graph *g = dfn_model_net(m);
    uint64_t hash = 0xcbf29ce484222325u;
    for (int i = 0; i < dfn_graph_weight_count(g); i++) {
        const dfn_weight *w = dfn_graph_weight(g, i);
        if (strstr(w->name, "A_log") || strstr(w->name, "dt_proj.bias"))
            continue;
        for (size_t k = 0; k < w->count; k++) {
            uint32_t bits;
            memcpy(&bits, (const float *)dfn_model_net_weights(m)[i] + k, sizeof bits);
            hash = (hash ^ bits) * 0x100000001b3u;
        }
    }
    CHECK(hash == 0xb0dd532566813134u,
          "other numbers than on the machine where they were first made: %#llx",
          (unsigned long long)hash);
}

/* Noise through the network: finite, and not nothing. */
static void check_runs(const dfn_model *m)
{
    dfn_error err = {0};
    dfn_plan *plan;
    const dfn_graph *g = dfn_model_net(m);
    const dfn_plan_config config = {.batch = 1, .frames = 1, .cpu = test_cpu()};
    const dfn_value in = dfn_graph_find(g, "spec"), out = dfn_graph_find(g, "mask");
    void *state = aligned_alloc(64, dfn_state_bytes(g, DFN_F32));
    if (!state || dfn_plan_new(&plan, g, &config, &err)) {
        CHECK(false, "%s", err.text);
        free(state);
        return;
    }
    dfn_state_reset(g, DFN_F32, state);
    double noise[962], sum = 0;
    for (int t = 0; t < 20; t++) {
        check_fill(noise, 962, 77 + (uint64_t)t);
        for (int i = 0; i < 962; i++)
            ((float *)dfn_plan_data(plan, in))[i] = (float)noise[i];
        dfn_run(plan, dfn_model_net_weights(m), &state, 1);
        const float *mask = dfn_plan_data(plan, out);
        for (size_t i = 0; i < dfn_shape_frame(dfn_graph_shape(g, out)); i++)
            sum += fabs((double)mask[i]);
    }
    CHECK(sum > 0 && isfinite(sum), "the mask adds up to %g", sum);
    dfn_plan_free(plan);
    free(state);
}

static void check_written(const dfn_model *m)
{
    char path[256];
    dfn_error err = {0};
    dfn_model *again = NULL;
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/dfnet4-random-%ld.safetensors",
             folder ? folder : "/tmp", (long)getpid());
    if (dfn_model_write(m, path, NULL, NULL, NULL, 0, &err) ||
        dfn_model_load(&again, path, &err))
        CHECK(false, "%s", err.text);
    else
        CHECK(!differ(m, again), "weights have changed in the file");
    dfn_model_free(again);
    remove(path);
}

static void check_no_memory(void)
{
    const int before = fail_alloc_live();
    for (int n = 0;; n++) {
        dfn_error err = {0};
        dfn_model *m = NULL;
        fail_alloc_after(n);
        const dfn_status status = dfn_model_random(&m, gru_text, "small", 1, &err);
        const bool complete = fail_alloc_count() <= n;
        fail_alloc_after(-1);
        CHECK(complete ? !status && m : status == DFN_ERR_NOMEM && !m && *err.text,
              "allocation %d: status %d, '%s'", n, (int)status, err.text);
        dfn_model_free(m);
        CHECK(fail_alloc_live() == before, "allocation %d: blocks are lost", n);
        if (complete)
            break;
    }
}

/* Batch norms are in training graphs only: models that run have them folded away. */
static void check_batch_norm(void)
{
    dfn_error err = {0};
    dfn_graph *g = dfn_graph_new();
    dfn_value x = dfn_graph_input(g, "x", (dfn_shape){1, {1, 2, 3}});
    x = dfn_graph_add(g, DFN_OP_BATCH_NORM, "bn", &(dfn_attr){0}, 1, &x);
    dfn_graph_output(g, "y", x);
    dfn_weights w = {0};
    CHECK(!dfn_graph_finish(g, &err) && !dfn_weights_new(&w, g, DFN_F32, &err), "%s",
          err.text);
    if (w.count)
        dfn_random_fill(&w, g, 1);
    for (int i = 0; i < w.count; i++) {
        const char *name = dfn_graph_weight(g, i)->name;
        const float want = !strcmp(name, "bn.weight") || !strcmp(name, "bn.running_var");
        CHECK(*(const float *)w.data[i] == want, "%s starts at %g", name,
              (double)*(const float *)w.data[i]);
    }
    CHECK(w.count == 4, "%d weights", w.count);
    dfn_weights_free(&w);
    dfn_graph_free(g);
}

int main(void)
{
    dfn_model *full = make(dfn_preset_text("full"), 1);
    dfn_model *same = make(dfn_preset_text("full"), 1);
    dfn_model *other = make(dfn_preset_text("full"), 2);
    dfn_model *gru = make(gru_text, 1);
    dfn_error err;
    if (!check_failures) {
        CHECK(!differ(full, same), "one seed, two networks");
        CHECK(differ(full, other) > 50, "two seeds, but only %d weights differ",
              differ(full, other));
        check_uniform(full, "in_proj.weight", 256);
        check_uniform(full, "dt_proj.weight", 16);
        check_uniform(gru, "weight_hh_l0", 32);
        check_uniform(gru, "emb_gru.linear_in.0.weight", 16);
        check_scan(full);
        check_norms(full);
        check_machine(full);
        check_runs(full);
        check_runs(gru);
        check_written(full);
    }
    dfn_model *none = full;
    CHECK(dfn_model_random(&none, "[train]\n", "a.ini", 1, &err) == DFN_ERR_FORMAT && !none,
          "made a network of nothing");
    dfn_model_free(full);
    dfn_model_free(same);
    dfn_model_free(other);
    dfn_model_free(gru);
    check_batch_norm();
    check_no_memory();
    return check_report();
}
