/* A configuration alone becomes a network without weights, or an error that says why; the
 * published configuration of DeepFilterNet3 is among them. */
#include "check.h"
#include "fail_alloc.h"
#include "golden.h"

#include <dfnet4/model.h>
#include <stdlib.h>
#include <string.h>

static const char *const small =
    "[train]\nmodel = deepfilternet3\n[deepfilternet]\nconv_ch = 8\n";

static void refused(const char *text, dfn_status want, const char *why)
{
    dfn_model *m = (dfn_model *)&m;
    dfn_error err = {0};
    CHECK(dfn_model_describe(&m, text, "a.ini", &err) == want && !m, "accepted: %s", text);
    CHECK(strstr(err.text, why) && !strncmp(err.text, "a.ini", 5), "'%s' does not say '%s'",
          err.text, why);
    CHECK(dfn_model_describe(&m, text, "a.ini", NULL) == want, "without an error");
}

static void check_model(void)
{
    dfn_model *m;
    dfn_error err = {0};
    CHECK(dfn_model_describe(&m, "[deepfilternet]\nconv_ch = 8\n", "a.ini", &err) == DFN_OK,
          "%s", err.text);
    if (err.status)
        return;
    CHECK(!strcmp(dfn_model_get_info(m)->kind, "deepfilternet3"), "kind by its section");
    CHECK(!dfn_model_net_weights(m) && !dfn_model_apply_weights(m), "weights from nowhere");
    CHECK(!dfn_model_metadata(m, "model") && !dfn_model_metadata(m, "licence"), "metadata");
    CHECK(dfn_graph_find(dfn_model_net(m), "mask") >= 0 &&
              dfn_graph_find(dfn_model_apply(m), "enhanced") >= 0,
          "the graphs are there");
    dfn_model_free(m);
}

static void check_no_memory(void)
{
    const int before = fail_alloc_live();
    for (int n = 0;; n++) {
        dfn_error err = {0};
        dfn_model *m = NULL;
        fail_alloc_after(n);
        const dfn_status status = dfn_model_describe(&m, small, "small", &err);
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

/* 0, or the status of a test that could not run. */
static int check_published(void)
{
    static char text[1 << 14];
    char path[4096];
    const char *shared = getenv("DFN_SHARED");
    snprintf(path, sizeof path, "%s/models/dfnet3/config.ini", shared ? shared : "");
    FILE *f = fopen(path, "r");
    if (!f) {
        fprintf(stderr, "%s is absent\n", path);
        return golden_skip();
    }
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    dfn_model *m;
    dfn_error err = {0};
    CHECK(dfn_model_describe(&m, text, path, &err) == DFN_OK, "%s", err.text);
    CHECK(!err.status && dfn_model_get_info(m)->lookahead == 2, "its lookahead");
    /* 2,134,641 of the published files, less the 257 of an output that nothing reads */
    CHECK(!err.status && dfn_graph_parameters(dfn_model_net(m)) == 2134384, "its size");
    dfn_model_free(m);
    return 0;
}

int main(void)
{
    refused("", DFN_ERR_FORMAT, "no network");
    refused("[train]\nseed = 1\n[df]\nsr = 48000\n", DFN_ERR_FORMAT, "no network");
    refused("[train]\nmodel = deepfilternet9\n", DFN_ERR_UNSUPPORTED, "'deepfilternet9'");
    refused("[train]\nmodel =\n", DFN_ERR_FORMAT, "no network");
    refused("[deepfilternet]\nconv_ch = none\n", DFN_ERR_FORMAT,
            "a.ini:2: 'conv_ch = none'");
    refused("[deepfilternet]\nlinear_groups = 7\n", DFN_ERR_ARG, "groups");
    refused("model = deepfilternet3\n", DFN_ERR_FORMAT, "no network");
    check_model();
    check_no_memory();
    const int skipped = check_published();
    return check_failures ? 1 : skipped;
}
