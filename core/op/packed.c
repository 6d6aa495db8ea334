/* packed.c - see packed.h. */
#include "op/packed.h"

#include <limits.h>
#include <math.h>
#include <string.h>

enum { INT8_TOP = 127 };

static size_t outputs(int G, int O)
{
    return (size_t)G * (size_t)((O + PACKED_TILE - 1) / PACKED_TILE * PACKED_TILE);
}

/* Numbers in front of the tiles: bias, and for int8 scale and offset. */
static size_t front(int G, int O, dfn_weight_format f)
{
    return outputs(G, O) * (f == DFN_WEIGHTS_INT8 ? 3 : 1);
}

size_t dfn_packed_size(int G, int I, int O, dfn_weight_format f)
{
    const dfn_packed w = {.G = G, .I = I, .O = O, .format = f};
    const int most = INT_MAX / 4;
    if (I > most || O > most || G > most / O || outputs(G, O) > (size_t)(most / (I + 8)))
        return 0;
    return front(G, O, f) + (size_t)G * packed_group(&w) / sizeof(float);
}

dfn_packed dfn_packed_view(const void *block, int G, int I, int O, dfn_weight_format f)
{
    const float *at = block;
    const size_t n = outputs(G, O);
    return (dfn_packed){.G = G,
                        .I = I,
                        .O = O,
                        .format = f,
                        .bias = at,
                        .scale = at + n,
                        .offset = (const int32_t *)(const void *)(at + 2 * n),
                        .tile = at + front(G, O, f)};
}

static uint16_t to_bf16(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static float weight(const dfn_packed *w, const packed_source *s, int g, int o, int i)
{
    const int outer = s->outer ? s->outer : w->O, blocks = s->blocks ? s->blocks : 1;
    const int part = s->inner / blocks, c = i % s->inner;
    if (c / part != o / (w->O / blocks) && blocks > 1)
        return 0;
    const ptrdiff_t at = (ptrdiff_t)g * s->by_g + (ptrdiff_t)(o / outer) * s->by_j +
                         (ptrdiff_t)(o % outer) * s->by_o +
                         (ptrdiff_t)(i / s->inner) * s->by_a +
                         (ptrdiff_t)(c % part) * s->by_c;
    return s->w[at];
}

/* Scale of one output: its largest weight becomes 127. */
static float find_scale(const dfn_packed *w, const packed_source *s, int g, int o)
{
    float top = 0;
    for (int i = 0; i < w->I; i++)
        top = fmaxf(top, fabsf(weight(w, s, g, o, i)));
    return top / INT8_TOP;
}

/* Output o of group g; `lane` is its place in its tile, `step` leads to the next unit. */
static void fill_output(const dfn_packed *w, const packed_source *s, int g, int o)
{
    const int padded = packed_outputs(w), unit = packed_unit(w->format);
    const int block = o / PACKED_BLOCK * PACKED_BLOCK;
    const int width = padded - block < PACKED_BLOCK ? padded - block : PACKED_BLOCK;
    const size_t first = (size_t)block * (size_t)packed_inputs(w);
    unsigned char *to = (unsigned char *)(uintptr_t)w->tile + (size_t)g * packed_group(w);
    const float scale = w->format == DFN_WEIGHTS_INT8 ? w->scale[g * padded + o] : 1;
    int32_t sum = 0;
    for (int i = 0; i < w->I; i++) {
        const size_t at = first + (size_t)(i / unit) * (size_t)(width * unit) +
                          (size_t)((o - block) * unit + i % unit);
        const float x = weight(w, s, g, o, i);
        if (w->format == DFN_WEIGHTS_F32) {
            ((float *)(void *)to)[at] = x;
        } else if (w->format == DFN_WEIGHTS_BF16) {
            ((uint16_t *)(void *)to)[at] = to_bf16(x);
        } else {
            const int8_t q = (int8_t)(scale > 0 ? lrintf(x / scale) : 0);
            ((int8_t *)to)[at] = q;
            sum += q;
        }
    }
    if (w->format == DFN_WEIGHTS_INT8)
        ((int32_t *)(uintptr_t)w->offset)[g * padded + o] = -128 * sum;
}

void dfn_packed_fill(void *block, int G, int I, int O, dfn_weight_format f,
                     const packed_source *from)
{
    const dfn_packed w = dfn_packed_view(block, G, I, O, f);
    const int padded = packed_outputs(&w);
    float *bias = block, *scale = bias + outputs(G, O);
    for (int g = 0; g < G; g++)
        for (int o = 0; o < O; o++) {
            bias[g * padded + o] = from->bias ? from->bias[g * O + o] : 0;
            if (f == DFN_WEIGHTS_INT8)
                scale[g * padded + o] = find_scale(&w, from, g, o);
            fill_output(&w, from, g, o);
        }
}
