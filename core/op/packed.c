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

enum { RUN = 128 }; /* inputs that are handled together: whole units */

/* n of the inputs of output o from channel c on, which follow each other. */
static void read_channels(float *row, const packed_source *s, const float *base, int mine,
                          int part, int c, int n)
{
    for (int i = 0; i < n; i++, c++)
        row[i] = c >= mine && c < mine + part ? base[(ptrdiff_t)(c - mine) * s->by_c] : 0;
}

/* row[0 .. n) = W[g][o][from ..], n at most RUN. */
static void read_row(float *row, const dfn_packed *w, const packed_source *s, int g, int o,
                     int from, int n)
{
    const int outer = s->outer ? s->outer : w->O, blocks = s->blocks ? s->blocks : 1;
    const int part = s->inner / blocks, mine = o / (w->O / blocks) * part;
    const float *base = s->w + (ptrdiff_t)g * s->by_g + (ptrdiff_t)(o / outer) * s->by_j +
                        (ptrdiff_t)(o % outer) * s->by_o;
    int a = from / s->inner, c = from % s->inner;
    for (int i = 0, some; i < n; i += some, a++, c = 0) {
        const float *x = base + (ptrdiff_t)a * s->by_a;
        some = s->inner - c < n - i ? s->inner - c : n - i;
        if (s->by_c == 1 && blocks == 1)
            memcpy(row + i, x + c, (size_t)some * sizeof *row);
        else
            read_channels(row + i, s, x, mine, part, c, some);
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

/* A run of weights, and what becomes of them: units are as large as floats. */
typedef union numbers {
    float x[RUN];
    int32_t bits[RUN];
} numbers;
typedef union units {
    uint32_t unit[RUN];
    float f32[RUN];
    uint16_t bf16[RUN];
    int8_t int8[RUN];
} units;

/* packed_int8 of a run, in loops that become vectors: numbers without their sign are in the
 * order of their bits. Returns their sum. */
static int32_t convert_int8(int8_t *q, numbers *row, float scale)
{
    const float magic = 12582912, most = 127;
    int32_t top, sum = 0;
    memcpy(&top, &most, sizeof top);
    for (int i = 0; i < RUN; i++)
        row->x[i] = row->x[i] / scale;
    for (int i = 0; i < RUN; i++) {
        const int32_t size = row->bits[i] & INT32_MAX, sign = row->bits[i] & INT32_MIN;
        row->bits[i] = (size < top ? size : top) | sign;
    }
    for (int i = 0; i < RUN; i++)
        row->bits[i] = (int32_t)(row->x[i] + magic - magic);
    for (int i = 0; i < RUN; i++) {
        q[i] = (int8_t)row->bits[i];
        sum += row->bits[i];
    }
    return sum;
}

/* packed_bf16 of a run, likewise: a finite number is limited to what rounds to the largest one,
 * so that only runs with others need a look at each. */
static void convert_bf16(uint16_t *h, const numbers *row)
{
    const int32_t last = 0x7f7f7fff, infinite = 0x7f800000;
    int32_t top = 0;
    for (int i = 0; i < RUN; i++) {
        const int32_t size = row->bits[i] & INT32_MAX;
        top = size > top ? size : top;
    }
    for (int i = 0; i < RUN; i++) {
        const int32_t size = row->bits[i] & INT32_MAX, limited = size < last ? size : last;
        const int32_t near = (limited + 0x7fff + (limited >> 16 & 1)) >> 16;
        h[i] = (uint16_t)(near | (int32_t)((uint32_t)row->bits[i] >> 16 & 0x8000));
    }
    for (int i = 0; top >= infinite && i < RUN; i++)
        h[i] = packed_bf16(row->x[i]);
}

/* Inputs from .. from + n - 1 of an output in its format, and zeros up to a whole run;
 * returns the sum of its integers. */
static int32_t convert(units *to, const dfn_packed *w, const packed_source *s, int g, int o,
                       int from, int n)
{
    numbers row;
    float *x = w->format == DFN_WEIGHTS_F32 ? to->f32 : row.x;
    const float scale =
        w->format == DFN_WEIGHTS_INT8 ? w->scale[g * packed_outputs(w) + o] : 0;
    read_row(x, w, s, g, o, from, n);
    for (int i = n; i < RUN; i++)
        x[i] = 0;
    if (w->format == DFN_WEIGHTS_BF16)
        convert_bf16(to->bf16, &row);
    else if (w->format == DFN_WEIGHTS_INT8 && scale > 0)
        return convert_int8(to->int8, &row, scale);
    else if (w->format == DFN_WEIGHTS_INT8)
        memset(to->int8, 0, sizeof to->int8);
    return 0;
}

/* Outputs o .. o + n - 1, a tile. */
static void fill_tile(const dfn_packed *w, const packed_source *s, int g, int o, int n)
{
    const int padded = packed_outputs(w), unit = packed_unit(w->format);
    const int block = o / PACKED_BLOCK * PACKED_BLOCK;
    const int width = padded - block < PACKED_BLOCK ? padded - block : PACKED_BLOCK;
    uint32_t *to = (uint32_t *)(uintptr_t)w->tile + (o - block) +
                   (size_t)(g * padded + block) * (size_t)(packed_inputs(w) / unit);
    int32_t *offset = (int32_t *)(uintptr_t)w->offset + g * padded + o;
    units row[PACKED_TILE];
    for (int j = n; j < PACKED_TILE; j++)
        memset(&row[j], 0, sizeof row[j]);
    for (int from = 0; from < w->I; from += RUN) {
        const int some = run_length(w, from);
        for (int j = 0; j < n; j++) {
            const int32_t sum = convert(&row[j], w, s, g, o + j, from, some);
            if (w->format == DFN_WEIGHTS_INT8)
                offset[j] -= 128 * sum;
        }
        for (int u = 0; u < (some + unit - 1) / unit; u++, to += width)
            for (int j = 0; j < PACKED_TILE; j++)
                to[j] = row[j].unit[u];
    }
}

/* The weights of a single output. */
static void fill_single(const dfn_packed *w, const packed_source *s, int g)
{
    float *to = (float *)(uintptr_t)w->tile + (size_t)g * packed_group(w) / sizeof *to;
    for (int from = 0; from < w->I; from += RUN)
        read_row(to + from, w, s, g, 0, from, run_length(w, from));
}

void dfn_packed_fill(void *block, int G, int I, int O, dfn_weight_format f,
                     const packed_source *from)
{
    const dfn_packed w = dfn_packed_view(block, G, I, O, f);
    const int padded = packed_outputs(&w);
    float *bias = block, *scale = bias + outputs(G, O);
    for (int g = 0; g < G; g++) {
        for (int o = 0; o < O; o++) {
            bias[g * padded + o] = from->bias ? from->bias[g * O + o] : 0;
            if (f == DFN_WEIGHTS_INT8)
                scale[g * padded + o] = find_scale(&w, from, g, o);
        }
        if (packed_single(&w))
            fill_single(&w, from, g);
        for (int o = 0; o < O && !packed_single(&w); o += PACKED_TILE)
            fill_tile(&w, from, g, o, O - o < PACKED_TILE ? O - o : PACKED_TILE);
    }
}
