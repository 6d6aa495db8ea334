/* packed.c - see packed.h. */
#include "op/packed.h"

#include <limits.h>
#include <math.h>
#include <string.h>

/* 128 127 INT8_INPUTS, more than any sum of products and the offset, fits an int32 */
enum { INT8_INPUTS = 1 << 17 };

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
    if ((int)f < DFN_WEIGHTS_F32 || f > DFN_WEIGHTS_INT8 ||
        (f == DFN_WEIGHTS_INT8 && I > INT8_INPUTS))
        return 0;
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

/* W[g][o][0] is element `first` of the tiles; `step` elements lead to the next unit. */
typedef struct place {
    size_t first, step;
} place;

static place find_place(const dfn_packed *w, int g, int o)
{
    const int padded = packed_outputs(w), unit = packed_unit(w->format);
    const int block = o / PACKED_BLOCK * PACKED_BLOCK;
    const int width = padded - block < PACKED_BLOCK ? padded - block : PACKED_BLOCK;
    const size_t group = packed_group(w) / PACKED_BYTES * (size_t)(PACKED_TILE * unit);
    return (place){(size_t)g * group + (size_t)block * (size_t)packed_inputs(w) +
                       (size_t)((o - block) * unit),
                   (size_t)(width * unit)};
}

enum { RUN = 256 }; /* weights of an output that are handled together: whole units */

/* row[0 .. n) = W[g][o][from ..], n at most RUN. */
static void read_row(float *row, const dfn_packed *w, const packed_source *s, int g, int o,
                     int from, int n)
{
    const int outer = s->outer ? s->outer : w->O, blocks = s->blocks ? s->blocks : 1;
    const int part = s->inner / blocks, mine = o / (w->O / blocks) * part;
    const float *base = s->w + (ptrdiff_t)g * s->by_g + (ptrdiff_t)(o / outer) * s->by_j +
                        (ptrdiff_t)(o % outer) * s->by_o;
    int a = from / s->inner, c = from % s->inner;
    for (int i = 0; i < n; i++) {
        const bool there = c >= mine && c < mine + part;
        row[i] = there ? base[(ptrdiff_t)a * s->by_a + (ptrdiff_t)(c - mine) * s->by_c] : 0;
        if (++c == s->inner) {
            c = 0;
            a++;
        }
    }
}

static int run_length(const dfn_packed *w, int from)
{
    return w->I - from < RUN ? w->I - from : RUN;
}

/* Scale of one output: its largest weight becomes 127. */
static float find_scale(const dfn_packed *w, const packed_source *s, int g, int o)
{
    float row[RUN], top = 0;
    const int outer = s->outer ? s->outer : w->O;
    if (s->scale)
        return s->scale[g * outer + o % outer];
    for (int from = 0; from < w->I; from += RUN) {
        read_row(row, w, s, g, o, from, run_length(w, from));
        for (int i = 0; i < run_length(w, from); i++)
            top = packed_top(top, row[i]);
    }
    return packed_scale(top);
}

/* Weights `from` to from + n of output o; returns the sum of the integers. */
static int32_t write_row(const dfn_packed *w, int g, int o, int from, int n,
                         const float *row)
{
    const place p = find_place(w, g, o);
    const size_t at = p.first + (size_t)(from / packed_unit(w->format)) * p.step;
    void *tiles = (void *)(uintptr_t)w->tile;
    int32_t sum = 0;
    if (w->format == DFN_WEIGHTS_F32) {
        float *to = (float *)tiles + at;
        for (int i = 0; i < n; i++)
            to[(size_t)i * p.step] = row[i];
    } else if (w->format == DFN_WEIGHTS_BF16) {
        uint16_t *to = (uint16_t *)tiles + at;
        for (int i = 0; i < n; i++)
            to[(size_t)(i / 2) * p.step + (size_t)(i % 2)] = packed_bf16(row[i]);
    } else {
        const float scale = w->scale[g * packed_outputs(w) + o];
        int8_t *to = (int8_t *)tiles + at;
        for (int i = 0; scale > 0 && i < n; i++) {
            const int8_t q = packed_int8(row[i] / scale);
            to[(size_t)(i / 4) * p.step + (size_t)(i % 4)] = q;
            sum += q;
        }
    }
    return sum;
}

static void fill_output(const dfn_packed *w, const packed_source *s, int g, int o)
{
    float row[RUN];
    int32_t sum = 0;
    for (int from = 0; from < w->I; from += RUN) {
        read_row(row, w, s, g, o, from, run_length(w, from));
        sum += write_row(w, g, o, from, run_length(w, from), row);
    }
    if (w->format == DFN_WEIGHTS_INT8)
        ((int32_t *)(uintptr_t)w->offset)[g * packed_outputs(w) + o] = -128 * sum;
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
