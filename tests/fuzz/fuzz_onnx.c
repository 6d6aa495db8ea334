/* An ONNX file, and the search in it for the weights of a small network. */
#include "fuzz.h"

#include "onnx_export.h"

#include <dfnet4/graph.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static dfn_graph *g; /* made once; the process ends with it */
    if (!g)
        g = onnx_export_small_graph();
    const int n = dfn_graph_weight_count(g);
    dfn_onnx *o;
    dfn_error err;
    dfn_status status = dfn_onnx_parse(&o, data, size, "fuzz", &err);
    if (!status) {
        const float **weights = calloc((size_t)n, sizeof *weights);
        float **owned = calloc((size_t)n, sizeof *owned);
        if (!weights || !owned)
            abort();
        status = dfn_match_weights(
            &(dfn_match){g, &o, onnx_export_outputs, onnx_export_inputs, weights, owned},
            &err);
        float sum = 0;
        for (int i = 0; i < n; i++) {
            for (size_t k = 0; weights[i] && k < dfn_graph_weight(g, i)->count; k++)
                sum += weights[i][k];
            free(owned[i]);
        }
        volatile float keep = sum; /* every number was read */
        (void)keep;
        free(owned);
        free(weights);
    }
    if (status && strncmp(err.text, "fuzz", 4))
        abort(); /* every message names the file */
    dfn_onnx_free(o);
    return 0;
}
