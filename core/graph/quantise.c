#include "graph/quantise.h"

#include "graph/node.h"
#include "op/packed.h"

#include <math.h>

static int product(const int *dim, int n)
{
    int count = 1;
    for (int i = 0; i < n; i++)
        count *= dim[i];
    return count;
}

/* Rows one after the other, as linear layers have them. */
static dfn_rows in_order(const dfn_weight *w)
{
    const int rows = w->dim[0], inputs = product(w->dim + 1, w->rank - 1);
    return (dfn_rows){rows, inputs, rows, inputs, 1};
}

bool dfn_rows_find(dfn_rows *out, const dfn_graph *g, dfn_value v, int i)
{
    const dfn_node *n = &g->node[v];
    const dfn_weight *w = i < n->n_w ? &g->weight[n->w[i]] : NULL;
    if (!w || i >= (n->op == DFN_OP_GRU ? 2 : 1))
        return false;
    switch (n->op) {
    case DFN_OP_CONV2D:
        if (w->dim[1] == 1 && n->attr.groups > 1)
            return false; /* a kernel over one channel has too few inputs */
        *out = in_order(w);
        return true;
    case DFN_OP_LINEAR:
    case DFN_OP_GRU: *out = in_order(w); return true;
    case DFN_OP_GROUPED_LINEAR: /* [groups][inputs][outputs] */
        *out = (dfn_rows){w->dim[0] * w->dim[2], w->dim[1], w->dim[2], 1, w->dim[2]};
        return true;
    default: return false;
    }
}

static size_t start(const dfn_rows *r, int row)
{
    return (size_t)(row / r->per) * (size_t)r->per * (size_t)r->inputs +
           (size_t)(row % r->per) * (size_t)r->by_row;
}

static void quantise_row(int8_t *to, float *scale, const float *from, int n, size_t step)
{
    float top = 0;
    for (int i = 0; i < n; i++)
        top = packed_top(top, from[(size_t)i * step]);
    *scale = packed_scale(top);
    for (int i = 0; i < n; i++)
        to[(size_t)i * step] =
            *scale > 0 ? packed_int8(from[(size_t)i * step] / *scale) : 0;
}

void dfn_quantise(void *to, float *scale, const float *from, const dfn_rows *r,
                  dfn_weight_format f)
{
    const size_t count = (size_t)r->rows * (size_t)r->inputs;
    for (size_t i = 0; i < count && f == DFN_WEIGHTS_BF16; i++)
        ((uint16_t *)to)[i] = packed_bf16(from[i]);
    for (int row = 0; row < r->rows && f == DFN_WEIGHTS_INT8; row++) {
        const size_t at = start(r, row);
        quantise_row((int8_t *)to + at, &scale[row], from + at, r->inputs,
                     (size_t)r->by_input);
    }
}

static float from_bf16(uint16_t x)
{
    const uint32_t bits = (uint32_t)x << 16;
    float y;
    memcpy(&y, &bits, sizeof y);
    return y;
}

void dfn_dequantise(float *to, const dfn_stored *from, const dfn_rows *r)
{
    const size_t count = (size_t)r->rows * (size_t)r->inputs;
    if (from->format == DFN_WEIGHTS_BF16)
        for (size_t i = 0; i < count; i++)
            to[i] = from_bf16(((const uint16_t *)from->data)[i]);
    for (int row = 0; row < r->rows && from->format == DFN_WEIGHTS_INT8; row++) {
        const size_t at = start(r, row);
        const int8_t *q = (const int8_t *)from->data + at;
        if (r->by_input == 1)
            for (int i = 0; i < r->inputs; i++)
                to[at + (size_t)i] = from->scale[row] * (float)q[i];
        else
            for (size_t i = 0, k = 0; i < (size_t)r->inputs; i++, k += (size_t)r->by_input)
                to[at + k] = from->scale[row] * (float)q[k];
    }
}
