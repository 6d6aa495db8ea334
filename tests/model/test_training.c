/* The graph to train is the model: what it makes with some weights is what a model loaded
 * from a file of these weights makes, with batch norms folded or not. */
#include "check.h"
#include "cpu.h"
#include "model/random.h"

#include <dfnet4/model.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FRAMES = 24 };

static const char *const texts[] = {
    "[deepfilternet]\nconv_ch = 8\nemb_hidden_dim = 32\ndf_hidden_dim = 32\n"
    "enc_linear_groups = 8\nlinear_groups = 4\n",
    "[deepfilternet4]\nmodel_variant = lite\nconv_ch = 8\nemb_hidden_dim = 32\n"
    "df_hidden_dim = 32\nenc_linear_groups = 8\nlinear_groups = 4\n",
    "[deepfilternet4]\nconv_ch = 8\nuse_multi_res_df = false\nadaptive_order = true\n"
    "emb_hidden_dim = 32\ndf_hidden_dim = 32\nenc_linear_groups = 8\nlinear_groups = 4\n",
};

typedef struct runner {
    const dfn_graph *g;
    dfn_plan *p;
    void *state;
} runner;

static runner open(const dfn_graph *g)
{
    runner r = {.g = g};
    dfn_error err = {0};
    const dfn_plan_config config = {
        .batch = 1, .frames = FRAMES, .mode = DFN_EVAL, .cpu = test_cpu()};
    CHECK(!dfn_plan_new(&r.p, g, &config, &err), "%s", err.text);
    r.state = aligned_alloc(64, (dfn_state_bytes(g, DFN_F32) + 64) / 64 * 64);
    dfn_state_reset(g, DFN_F32, r.state);
    return r;
}

static void close_runner(runner *r)
{
    dfn_plan_free(r->p);
    free(r->state);
}

static float *port(const runner *r, const char *name)
{
    return dfn_plan_data(r->p, dfn_graph_find(r->g, name));
}

static size_t count(const runner *r, const char *name)
{
    return dfn_shape_frame(dfn_graph_shape(r->g, dfn_graph_find(r->g, name))) * FRAMES;
}

static void copy(const runner *to, const runner *from, const char *name)
{
    if (dfn_graph_find(to->g, name) >= 0 && dfn_graph_find(from->g, name) >= 0)
        memcpy(port(to, name), port(from, name), count(to, name) * sizeof(float));
}

/* Largest difference over the largest number. */
static double distance(const runner *a, const runner *b, const char *name)
{
    const float *x = port(a, name), *y = port(b, name);
    double far = 0, top = 0;
    for (size_t i = 0; i < count(a, name); i++) {
        far = fmax(far, fabs((double)x[i] - (double)y[i]));
        top = fmax(top, fabs((double)x[i]));
    }
    CHECK(top > 0, "'%s' is silent", name);
    return top > 0 ? far / top : 1;
}

/* Both sum in the same order in float; folding rounds every weight once more. */
static void compare(const dfn_model *training, const dfn_weights *w, const dfn_model *m)
{
    const double bound = 1e-4;
    runner whole = open(dfn_model_net(training)), net = open(dfn_model_net(m)),
           apply = open(dfn_model_apply(m));
    float *spec = port(&whole, "spec");
    for (size_t i = 0; i < count(&whole, "spec"); i++)
        spec[i] = 0.01f * sinf((float)(i % 997) * 0.7f + (float)(i % 13));
    copy(&net, &whole, "spec");
    copy(&apply, &whole, "spec");
    dfn_run(whole.p, (const void *const *)w->data, &whole.state, FRAMES);
    dfn_run(net.p, dfn_model_net_weights(m), &net.state, FRAMES);
    copy(&apply, &net, "mask");
    copy(&apply, &net, "coefs");
    copy(&apply, &net, "keep");
    dfn_run(apply.p, dfn_model_apply_weights(m), &apply.state, FRAMES);
    CHECK(distance(&whole, &net, "mask") < bound, "mask");
    CHECK(distance(&whole, &net, "lsnr") < bound, "lsnr");
    CHECK(distance(&whole, &apply, "enhanced") < bound, "enhanced");
    close_runner(&whole);
    close_runner(&net);
    close_runner(&apply);
}

/* Running statistics that are not those of a norm that does nothing. */
static void move_statistics(dfn_weights *w, const dfn_graph *g)
{
    for (int i = 0; i < dfn_graph_weight_count(g); i++)
        for (size_t j = 0;
             dfn_graph_weight(g, i)->buffer && j < dfn_graph_weight(g, i)->count; j++)
            ((float *)w->data[i])[j] += 0.05f * (float)(j % 7 + 1);
}

static void check(const char *text, bool batch_norm, const char *path)
{
    dfn_error err = {0};
    dfn_model *training = NULL, *m = NULL;
    dfn_weights w = {0};
    if (dfn_model_training(&training, text, batch_norm, "test", &err) ||
        dfn_weights_new(&w, dfn_model_net(training), DFN_F32, &err)) {
        CHECK(false, "%s", err.text);
    } else {
        dfn_random_fill(&w, dfn_model_net(training), 3);
        move_statistics(&w, dfn_model_net(training));
        CHECK(dfn_graph_node_count(dfn_model_apply(training)) == 0, "apply has nodes");
        CHECK(!dfn_model_write(training, path, (const void *const *)w.data, NULL, NULL, 0,
                               &err) &&
                  !dfn_model_load(&m, path, &err),
              "%s", err.text);
        if (m)
            compare(training, &w, m);
    }
    dfn_weights_free(&w);
    dfn_model_free(training);
    dfn_model_free(m);
}

int main(void)
{
    char path[256];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/dfnet4-training-%ld.safetensors",
             folder ? folder : "/tmp", (long)getpid());
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        check(texts[i], true, path);
        check(texts[i], false, path);
    }
    remove(path);
    return check_report();
}
