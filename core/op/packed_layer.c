#include "op/packed_layer.h"

enum { ROWS = 64 }; /* prepared at a time, so that they stay in the first cache */

size_t OP(packed_layer_row)(packed_layer l)
{
    const dfn_packed w = {.I = l.I, .format = l.format};
    const size_t units = (size_t)l.G * (size_t)packed_inputs(&w);
    return (units * 4 / (size_t)packed_unit(l.format) + sizeof(REAL) - 1) / sizeof(REAL);
}

size_t OP(packed_layer_scratch)(packed_layer l, size_t N)
{
    const size_t rows = N < ROWS ? N : ROWS;
    return l.format == DFN_WEIGHTS_F32 ? 0 : rows + rows * OP(packed_layer_row)(l);
}

void OP(packed_layer_run)(const KERNELS *k, packed_layer l, const void *block, REAL *y,
                          const REAL *x, int N, int ldx, int ldy, void *scratch)
{
    dfn_packed w = dfn_packed_view(block, l.G, l.I, l.O, l.format);
    w.mixed = l.mixed;
    w.relu = l.relu;
    w.ahead = k->ahead;
    if (l.format == DFN_WEIGHTS_F32) {
        k->gemm_f32(y, x, &w, N, ldx, ldy);
        return;
    }
    REAL *prepared = (REAL *)scratch + (N < ROWS ? N : ROWS);
    for (int n = 0, rows; n < N; n += rows) {
        const REAL *from = x + (size_t)n * (size_t)ldx;
        REAL *to = y + (size_t)n * (size_t)ldy;
        rows = N - n < ROWS ? N - n : ROWS;
        if (l.format == DFN_WEIGHTS_BF16) {
            k->round_bf16((void *)prepared, from, rows, l.G, l.I, ldx);
            k->gemm_bf16(to, (void *)prepared, &w, rows, ldy);
        } else {
            k->quantize_int8((void *)prepared, scratch, from, rows, l.G, l.I, ldx);
            k->gemm_int8(to, (void *)prepared, scratch, &w, rows, ldy);
        }
    }
}
