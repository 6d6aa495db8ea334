/* A model written and read again is the same model: weights, configuration, metadata. And
 * the resolved configuration is complete: describing it gives itself. */
#include "check.h"
#include "tiny_model.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void check_same(const dfn_model *a, const dfn_model *b)
{
    const dfn_graph *g = dfn_model_net(a), *h = dfn_model_net(b);
    CHECK(!strcmp(dfn_model_config(a), dfn_model_config(b)),
          "another configuration:\n%s\n%s", dfn_model_config(a), dfn_model_config(b));
    CHECK(dfn_graph_weight_count(g) == dfn_graph_weight_count(h),
          "another number of weights");
    for (int i = 0; i < dfn_graph_weight_count(g); i++)
        CHECK(!memcmp(dfn_model_net_weights(a)[i], dfn_model_net_weights(b)[i],
                      dfn_graph_weight(g, i)->count * sizeof(float)),
              "'%s' has changed", dfn_graph_weight(g, i)->name);
}

static void check_written(const char *path, bool batch_norm)
{
    dfn_error err = {0};
    dfn_model *m = NULL, *again = NULL;
    const dfn_text_pair more = {"licence", "ours"};
    tiny_model_write(path, &(tiny_model_config){.lookahead = 1, .batch_norm = batch_norm});
    if (dfn_model_load(&m, path, &err) ||
        dfn_model_write(m, path, NULL, NULL, &more, 1, &err) ||
        dfn_model_load(&again, path, &err)) {
        CHECK(false, "%s", err.text);
    } else {
        check_same(m, again);
        CHECK(!strcmp(dfn_model_metadata(again, "licence"), "ours"), "metadata");
        CHECK(strstr(dfn_model_metadata(again, "config"), "norm_tau = 1\n"),
              "defaults are missing in the file");
    }
    dfn_model_free(m);
    dfn_model_free(again);
}

static void check_resolved(const char *text)
{
    dfn_error err = {0};
    dfn_model *m = NULL, *again = NULL;
    if (dfn_model_describe(&m, text, "short", &err) ||
        dfn_model_describe(&again, dfn_model_config(m), "resolved", &err)) {
        CHECK(false, "%s", err.text);
    } else {
        CHECK(!strcmp(dfn_model_config(m), dfn_model_config(again)), "not resolved:\n%s",
              dfn_model_config(m));
        CHECK(dfn_graph_parameters(dfn_model_net(m)) ==
                  dfn_graph_parameters(dfn_model_net(again)),
              "another network");
        CHECK(dfn_model_write(m, "/nonexistent/x", NULL, NULL, NULL, 0, &err) ==
                  DFN_ERR_ARG,
              "wrote a model without weights");
    }
    dfn_model_free(m);
    dfn_model_free(again);
}

int main(void)
{
    char path[256];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/dfnet4-write-%ld.safetensors", folder ? folder : "/tmp",
             (long)getpid());
    check_written(path, false);
    check_written(path, true);
    remove(path);
    check_resolved("[deepfilternet]\nconv_ch = 16\n[df]\nnorm_tau = 0.1\n");
    check_resolved("[deepfilternet4]\nmodel_variant = lite\nconv_kernel_inp = 2,3\n");
    check_resolved("[deepfilternet4]\ndf_resolutions = 96,5;24,2\nbackbone = gru\n"
                   "[df]\nlsnr_min = -12.3\n");
    return check_report();
}
