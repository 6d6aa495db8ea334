/* A model file: header, configuration, tensors, graphs. What loads must also run. */
#include "cpu.h"
#include "fuzz.h"

#include <dfnet4/model.h>
#include <dfnet4/safetensors.h>
#include <stdlib.h>
#include <string.h>

/* Sums every number, so that a pointer out of the file is seen. */
static double read_all(const uint8_t *data, size_t size)
{
    dfn_safetensors *s;
    double sum = 0;
    if (dfn_safetensors_open_memory(&s, data, size, "fuzz", NULL))
        return 0;
    for (size_t i = 0; i < dfn_safetensors_count(s); i++) {
        const dfn_tensor *t = dfn_safetensors_get(s, i);
        if (dfn_safetensors_find(s, t->name) != t)
            abort();
        if (t->dtype == DFN_DTYPE_F32)
            for (size_t k = 0; k < t->count; k++)
                sum += (double)((const float *)t->data)[k];
    }
    dfn_safetensors_close(s);
    return sum;
}

static void run_once(const dfn_model *m)
{
    const bool quantised = dfn_model_quantised(m);
    const dfn_graph *net = quantised ? dfn_model_run_net(m) : dfn_model_net(m);
    const size_t bytes = dfn_state_bytes(net, DFN_F32);
    const dfn_plan_config config = {.batch = 1, .frames = 1, .cpu = test_cpu()};
    dfn_plan *p;
    if (bytes > 1 << 24 || dfn_graph_macs(net) > 1 << 24 ||
        dfn_plan_new(&p, net, &config, NULL))
        return;
    void *state = aligned_alloc(64, (bytes + 64) / 64 * 64);
    if (state) {
        const dfn_value spec = dfn_graph_find(net, "spec");
        dfn_state_reset(net, DFN_F32, state);
        memset(dfn_plan_data(p, spec), 0,
               dfn_shape_frame(dfn_plan_shape(p, spec)) * sizeof(float));
        dfn_run(p, quantised ? dfn_model_run_weights(m) : dfn_model_net_weights(m), &state,
                1);
    }
    free(state);
    dfn_plan_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dfn_model *m;
    dfn_error err;
    volatile double sum = read_all(data, size);
    (void)sum;
    const dfn_status status = dfn_model_load_memory(&m, data, size, "fuzz", &err);
    if (status && strncmp(err.text, "fuzz", 4))
        abort(); /* every message names the file */
    if (!status)
        run_once(m);
    dfn_model_free(m);
    return 0;
}
