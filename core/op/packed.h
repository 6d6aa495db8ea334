/* packed.h - weight matrices in the order in which the kernels read them.
 *
 * A layer y[g][o] = b[g][o] + sum_i W[g][o][i] x[g][i], of G groups of O x I, is kept in
 * one piece, as 64-byte tiles: 16 outputs for 1 (float32), 2 (bfloat16) or 4 (int8) inputs.
 * Four tiles, 64 outputs, make a block (the last of a group may have fewer), and a group's
 * blocks follow each other: [block][inputs / unit][tile of the block][16][unit]. Inputs are
 * padded with zeros to whole units, outputs to whole tiles. A pass over the layer reads its
 * memory from front to end, and what follows is the next layer of the model.
 *
 * A single output would leave most of each tile empty. In float32 its weights are one
 * vector instead, W[g][0] padded with zeros to whole tiles, and the product runs along the
 * inputs.
 *
 * int8: W = scale[o] q, |q| <= 127; the vector x = s u, |u| <= 127, is quantised in every
 * call with a scale of its own, so y = b + s scale[o] sum q u: integers, exact everywhere.
 * Weights of an output that are all below 1e-30 count as zero, as such vectors do.
 */
#ifndef DFN_PACKED_H
#define DFN_PACKED_H

#include <dfnet4/graph.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum { PACKED_TILE = 16, PACKED_BLOCK = 64, PACKED_BYTES = 64 /* of a tile */ };

typedef struct dfn_packed {
    int G, I, O; /* I and O of one group */
    dfn_weight_format format;
    const float *bias;     /* [G][whole tiles] */
    const float *scale;    /* int8 only, the same shape */
    const int32_t *offset; /* int8 only: -128 sum of q over the inputs */
    const void *tile;
    bool mixed; /* float32 only: input i of group g is number i G + g of a row, not g I + i;
                     not for single outputs */
    bool relu;  /* results below zero become zero */
    size_t ahead; /* bytes that kernels ask for before they need them, see kernels.h */
} dfn_packed;

static inline int packed_unit(dfn_weight_format f)
{
    return f == DFN_WEIGHTS_INT8 ? 4 : f == DFN_WEIGHTS_BF16 ? 2 : 1;
}

/* Inputs of a group in whole units; outputs in whole tiles. */
static inline int packed_inputs(const dfn_packed *w)
{
    const int unit = packed_unit(w->format);
    return (w->I + unit - 1) / unit * unit;
}
static inline int packed_outputs(const dfn_packed *w)
{
    return (w->O + PACKED_TILE - 1) / PACKED_TILE * PACKED_TILE;
}

/* One output per group, and its weights in a row. */
static inline bool packed_single(const dfn_packed *w)
{
    return w->O == 1 && w->format == DFN_WEIGHTS_F32;
}

/* Bytes of the tiles of one group. */
static inline size_t packed_group(const dfn_packed *w)
{
    if (packed_single(w))
        return (size_t)((w->I + PACKED_TILE - 1) / PACKED_TILE) * PACKED_BYTES;
    return (size_t)(packed_inputs(w) / packed_unit(w->format)) *
           (size_t)(packed_outputs(w) / PACKED_TILE) * PACKED_BYTES;
}

/* A float32 as bfloat16: to the nearest, ties to even, but never to infinity. NaN and
 * infinity, which only a folded norm could bring, stay what they are. */
static inline uint16_t packed_bf16(float x)
{
    const uint32_t infinite = 0x7f80, top = 0x7f7f, sign = 0x8000;
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (!isfinite(x))
        return (uint16_t)(bits >> 16 | (isnan(x) ? 0x40u : 0));
    const uint32_t near = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    return (uint16_t)((near & infinite) == infinite ? (near & sign) | top : near);
}

/* The larger one of top and |x|; NaN stays. */
static inline float packed_top(float top, float x)
{
    return isnan(top) || fabsf(x) <= top ? top : fabsf(x);
}

/* int8: the scale of an output whose largest weight is `top`, which becomes 127. Below
 * 1e-30 weights count as zero. With a weight that is NaN or infinite, the scale is NaN, and
 * so is the output. */
static inline float packed_scale(float top)
{
    return !(top <= FLT_MAX) ? NAN : top > 1e-30f ? top / 127 : 0;
}

/* A weight over its scale, to the nearest, ties to even. */
static inline int8_t packed_int8(float x)
{
    const float magic = 12582912; /* 1.5 2^23 */
    x = x > 127 ? 127 : x > -127 ? x : -127;
    return (int8_t)(x + magic - magic);
}

/* Where a layer's weights come from: W[g][j outer + o][a inner + c] is
 * w[g by_g + j by_j + o by_o + a by_a + c by_c]; outer 0 stands for O. With `blocks` B > 1,
 * only where output and channel c are in the same of B parts, c counted within the part;
 * zero elsewhere. bias is [G][O] or NULL. scale, [G][outer], is what int8 weights were
 * multiplied with before; NULL: packing chooses it. */
typedef struct packed_source {
    const float *w, *bias, *scale;
    int inner, outer, blocks, by_g, by_j, by_o, by_a, by_c;
} packed_source;

/** Numbers of float32 size that a packed layer takes, whole cache lines; 0 if too many for
 *  an int, or too many inputs for the sums of int8, or for another format. rt: yes */
size_t dfn_packed_size(int G, int I, int O, dfn_weight_format f);

/** A packed layer at `block`, 64-byte aligned and made by dfn_packed_fill. rt: yes */
dfn_packed dfn_packed_view(const void *block, int G, int I, int O, dfn_weight_format f);

/** Pack a layer into dfn_packed_size() numbers of zeros at `block`. */
void dfn_packed_fill(void *block, int G, int I, int O, dfn_weight_format f,
                     const packed_source *from);

#endif
