/* Model files: good ones load and run, bad ones are refused with the file, the tensor and
 * the reason, and a model with batch norms equals itself folded. */
#include "check.h"
#include "cpu.h"
#include "tiny_model.h"

#include <dfnet4/safetensors.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[256];

enum { MAX_TENSORS = 256 };

/* A model file as a list that can be spoilt before it is written again. */
typedef struct content {
    dfn_tensor tensor[MAX_TENSORS];
    size_t n;
    dfn_text_pair meta[5];
} content;

static dfn_safetensors *read_back(content *c)
{
    static const char *const keys[] = {"format", "model", "norm", "licence", "config"};
    dfn_safetensors *s;
    dfn_error err = {0};
    tiny_model_write(path, &(tiny_model_config){.lookahead = 2});
    if (dfn_safetensors_open(&s, path, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    c->n = dfn_safetensors_count(s);
    for (size_t i = 0; i < c->n; i++)
        c->tensor[i] = *dfn_safetensors_get(s, i);
    for (int i = 0; i < 5; i++)
        c->meta[i] = (dfn_text_pair){keys[i], dfn_safetensors_metadata(s, keys[i])};
    return s;
}

/* Spoil a good file with `spoil`; loading it must fail and say `why`. */
static void refused(void (*spoil)(content *c), const char *why)
{
    content c;
    dfn_error err = {0};
    dfn_model *m = NULL;
    dfn_safetensors *good = read_back(&c);
    spoil(&c);
    if (dfn_safetensors_write(path, c.tensor, c.n, c.meta, 5, &err))
        CHECK(false, "%s", err.text);
    CHECK(dfn_model_load(&m, path, &err) != DFN_OK, "accepted, but: %s", why);
    CHECK(!m && strstr(err.text, why) && strstr(err.text, path), "'%s' does not say '%s'",
          err.text, why);
    dfn_model_free(m);
    dfn_safetensors_close(good);
}

static size_t find(const content *c, const char *name)
{
    for (size_t i = 0; i < c->n; i++)
        if (!strcmp(c->tensor[i].name, name))
            return i;
    CHECK(false, "no tensor '%s'", name);
    return 0;
}

static const char bias[] = "enc.lsnr_fc.0.bias";

static void none(content *c) { c->n = 0; }
static void missing(content *c) { c->tensor[find(c, bias)] = c->tensor[--c->n]; }
static void renamed(content *c) { c->tensor[find(c, bias)].name = "enc.lsnr_fc.0.bios"; }
static void extra(content *c)
{
    c->tensor[c->n] = c->tensor[find(c, bias)];
    c->tensor[c->n++].name = "surplus";
}
static void transposed(content *c)
{
    dfn_tensor *t = &c->tensor[find(c, "enc.lsnr_fc.0.weight")];
    const size_t d = t->dim[0];
    t->dim[0] = t->dim[1];
    t->dim[1] = d;
}
static void flattened(content *c)
{
    dfn_tensor *t = &c->tensor[find(c, "enc.lsnr_fc.0.weight")];
    t->rank = 1;
    t->dim[0] = t->count;
}
static void integers(content *c) { c->tensor[find(c, bias)].dtype = DFN_DTYPE_I32; }
static void not_a_number(content *c)
{
    static float nan_value;
    nan_value = NAN;
    c->tensor[find(c, bias)].data = &nan_value;
}
static void other_format(content *c) { c->meta[0].value = "dfnet4-2"; }
static void other_kind(content *c) { c->meta[1].value = "deepfilternet9"; }
static void other_norm(content *c) { c->meta[2].value = "none"; }
static void bad_config(content *c) { c->meta[4].value = "[df]\nnb_erb = x\n"; }
static void other_size(content *c)
{
    c->meta[4].value = "[deepfilternet]\nconv_ch = 4096\n";
}
static void odd_groups(content *c)
{
    c->meta[4].value = "[deepfilternet]\nlinear_groups = 7\n";
}

static void check_refusals(void)
{
    refused(none, "is missing");
    refused(missing, "tensor 'enc.lsnr_fc.0.bias' is missing");
    refused(renamed, "tensor 'enc.lsnr_fc.0.bias' is missing");
    refused(extra, "tensor 'surplus' does not belong");
    refused(transposed, "'enc.lsnr_fc.0.weight' has another shape");
    refused(flattened, "'enc.lsnr_fc.0.weight' has another shape");
    refused(integers, "'enc.lsnr_fc.0.bias' is not float32");
    refused(not_a_number, "'enc.lsnr_fc.0.bias' holds NaN");
    refused(other_format, "not a dfnet4 model");
    refused(other_kind, "unknown kind of model 'deepfilternet9'");
    refused(other_norm, "unknown norm 'none'");
    refused(bad_config, ":2: 'nb_erb = x'");
    refused(other_size, "must be a whole number from 1 to 512");
    refused(odd_groups, "linear_in.0': the groups must divide");
    dfn_model *m;
    dfn_error err = {0};
    CHECK(dfn_model_load(&m, "/nonexistent/model", &err) == DFN_ERR_IO, "a missing file");
    CHECK(strstr(err.text, "/nonexistent/model"), "'%s' does not name the file", err.text);
}

/* One frame of a model's net for a fixed spectrum; returns the mask. */
static void run_once(const dfn_model *m, float *mask)
{
    dfn_plan *p;
    dfn_error err = {0};
    const dfn_graph *g = dfn_model_net(m);
    const dfn_plan_config config = {.batch = 1, .frames = 1, .cpu = test_cpu()};
    if (dfn_plan_new(&p, g, &config, &err)) {
        CHECK(false, "%s", err.text);
        return;
    }
    void *state = aligned_alloc(64, (dfn_state_bytes(g, DFN_F32) + 63) / 64 * 64);
    dfn_state_reset(g, DFN_F32, state);
    float *spec = dfn_plan_data(p, dfn_graph_find(g, "spec"));
    for (int t = 0; t < 10; t++) {
        for (int i = 0; i < 2 * dfn_model_get_info(m)->bins; i++)
            spec[i] = 0.01f * (float)((i * 37 + t * 11) % 23 - 11);
        dfn_run(p, dfn_model_net_weights(m), &state, 1);
    }
    memcpy(mask, dfn_plan_data(p, dfn_graph_find(g, "mask")),
           (size_t)dfn_model_get_info(m)->nb_erb * sizeof *mask);
    free(state);
    dfn_plan_free(p);
}

static void check_good(void)
{
    dfn_model *m;
    dfn_error err = {0};
    float mask[64];
    tiny_model_write(path, &(tiny_model_config){.lookahead = 1, .batch_norm = true});
    if (dfn_model_load(&m, path, &err)) {
        CHECK(false, "%s", err.text);
        return;
    }
    const dfn_model_info *info = dfn_model_get_info(m);
    CHECK(info->lookahead == 1 && info->bins == 481 && info->nb_erb == 32, "info");
    CHECK(!strcmp(dfn_model_metadata(m, "licence"), "made by the tests"), "metadata");
    CHECK(!dfn_model_metadata(m, "absent"), "absent metadata");
    for (int i = 0; i < dfn_graph_node_count(dfn_model_net(m)); i++)
        CHECK(strcmp(dfn_graph_node(dfn_model_net(m), i).op, "batch_norm"),
              "norms are folded");
    run_once(m, mask);
    for (int i = 0; i < info->nb_erb; i++)
        CHECK(mask[i] > 0 && mask[i] < 1, "mask[%d] = %g", i, (double)mask[i]);
    dfn_model_free(m);
}

int main(void)
{
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/dfnet4-model-%ld.safetensors", folder ? folder : "/tmp",
             (long)getpid());
    check_good();
    check_refusals();
    remove(path);
    return check_report();
}
