/* Loading a model while memory runs out: every allocation made to fail in turn ends in a
 * clean error, and nothing is lost. The file holds batch norms, so that folding is in it
 * too. The same for packing the weights anew. */
#include "check.h"
#include "fail_alloc.h"
#include "tiny_model.h"

#include <stdlib.h>

/* Packing anew: after a failure the model is what it was, to the byte. */
static void check_precision(const void *bytes, size_t size)
{
    dfn_error err = {0};
    dfn_model *m = NULL;
    CHECK(!dfn_model_load_memory(&m, bytes, size, "tiny", &err), "%s", err.text);
    for (dfn_weight_format f = DFN_WEIGHTS_INT8; m && f >= DFN_WEIGHTS_F32; f--) {
        const int before = fail_alloc_live();
        for (int n = 0;; n++) {
            const dfn_graph *run = dfn_model_run_net(m);
            const void *const *weights = dfn_model_run_weights(m);
            const dfn_weight_format was = dfn_model_precision(m);
            fail_alloc_after(n);
            const dfn_status status = dfn_model_set_precision(m, f, &err);
            const bool complete = fail_alloc_count() <= n;
            fail_alloc_after(-1);
            CHECK(status == (complete ? DFN_OK : DFN_ERR_NOMEM), "allocation %d: status %d",
                  n, (int)status);
            CHECK(complete ||
                      (dfn_model_run_net(m) == run && dfn_model_run_weights(m) == weights &&
                       dfn_model_precision(m) == was),
                  "allocation %d: not the model it was", n);
            CHECK(fail_alloc_live() == before, "allocation %d: %d blocks are lost", n,
                  fail_alloc_live() - before);
            if (complete)
                break;
        }
    }
    dfn_model_free(m);
}

int main(void)
{
    size_t size;
    int failures = 0;
    void *bytes = tiny_model_bytes(&size, &(tiny_model_config){.batch_norm = true});
    const int before = fail_alloc_live();
    for (int n = 0;; n++) {
        dfn_error err = {0};
        dfn_model *m = NULL;
        fail_alloc_after(n);
        const dfn_status status = dfn_model_load_memory(&m, bytes, size, "tiny", &err);
        const bool complete = fail_alloc_count() <= n;
        fail_alloc_after(-1);
        CHECK(complete ? !status && m : status == DFN_ERR_NOMEM && !m && *err.text,
              "allocation %d: status %d, '%s'", n, (int)status, err.text);
        dfn_model_free(m);
        CHECK(fail_alloc_live() == before, "allocation %d: %d blocks are lost", n,
              fail_alloc_live() - before);
        if (complete)
            break;
        failures++;
    }
    check_precision(bytes, size);
    free(bytes);
    printf("%d allocations, each failed once\n", failures);
    CHECK(failures > 100, "only %d allocations were tried", failures);
    return check_report();
}
