/* quantise.h - weights as a model file may hold them: float32, or the matrices of layers
 * that can be packed as bfloat16, or as int8 with one scale for each output (a row). */
#ifndef DFN_QUANTISE_H
#define DFN_QUANTISE_H

#include <dfnet4/graph.h>

/* One weight of a graph, in PyTorch's layout whatever the format. */
typedef struct dfn_stored {
    dfn_weight_format format; /* PLAIN is float32; BF16; INT8 */
    const void *data;         /* float, uint16_t or int8_t */
    const float *scale;       /* int8: [rows] */
} dfn_stored;

/* Input i of row r stands at (r / per) per inputs + (r % per) by_row + i by_input. */
typedef struct dfn_rows {
    int rows, inputs, per, by_row, by_input;
} dfn_rows;

/** The rows of weight i of node v, those that packing has (op.pack); false if this weight
 *  is never anything but float32: a bias, a norm, a depthwise kernel. rt: no */
bool dfn_rows_find(dfn_rows *out, const dfn_graph *g, dfn_value v, int i);

/** Numbers of a weight in another format, rounded as packing rounds them. `to` has the
 *  weight's layout; scale[rows] is for int8. rt: no */
void dfn_quantise(void *to, float *scale, const float *from, const dfn_rows *r,
                  dfn_weight_format f);

/** And back. Packing the result, with its scales, gives the stored numbers again: a bf16 is
 *  a float32, and scale q is off by 2^-24 of itself, so by less than half a step of 127.
 *  rt: no */
void dfn_dequantise(float *to, const dfn_stored *from, const dfn_rows *r);

#endif
