/* gemm.c - products with packed weights, and what prepares their input. See packed.h.
 *
 *   gemm_f32       y[n][g][o] = b[g][o] + sum_i x[n][g][i] W[g][o][i]
 *   gemm_bf16      the same, with x and W rounded to 8 significant bits, sums in full
 *   gemm_int8      y[n][g][o] = b + s[n] scale[g][o] sum_i q[n][g][i] W[g][o][i]
 *   gemm_overlap   z[n][g][d][o] as y of gemm_f32; s[n][g][d][o] = s[n][g][d + 1][o] +
 *                  z[n][g][d][o], where there is no d + 1: z; y[n][g][o] = s[n][g][0][o]
 *   gemm_overlap_bf16  the same with z as y of gemm_bf16
 *   round_bf16     to the nearest, ties to even
 *   quantize_int8  s = max |x| / 127 over the row, q = x / s to the nearest, ties to even;
 *                  NaN or infinity in the row: s = NaN, so that every output becomes NaN
 *
 * With relu, the first three end in max(y, 0); NaN stays. */
#include "op/real.h"

#include <string.h>

enum { TILE = PACKED_TILE };

/* The first tile of outputs t * TILE of a group; `step` bytes lead to that of the next
 * input unit. A block has four tiles per unit, the last block what is left. */
static const void *tile(const dfn_packed *w, int group, int t, size_t *step)
{
    const int per = PACKED_BLOCK / TILE, first = t / per * per;
    const int units = packed_inputs(w) / packed_unit(w->format);
    const int left = packed_outputs(w) / TILE - first;
    *step = (size_t)(left < per ? left : per) * PACKED_BYTES;
    return (const unsigned char *)w->tile + (size_t)group * packed_group(w) +
           ((size_t)first * (size_t)units + (size_t)(t - first)) * PACKED_BYTES;
}

/* Where input i of group g is. */
static int place(const dfn_packed *w, int g, int i)
{
    return w->mixed ? i * w->G + g : g * w->I + i;
}

static int least(int a, int b) { return a < b ? a : b; }

/* A result as it is stored. */
static REAL end(const dfn_packed *w, REAL y) { return w->relu && y < 0 ? 0 : y; }

static void single(REAL *restrict y, const REAL *restrict x, const dfn_packed *w, int N,
                   int ldx, int ldy)
{
    for (int n = 0; n < N; n++, x += ldx, y += ldy)
        for (int g = 0; g < w->G; g++) {
            const float *wg =
                (const float *)w->tile + (size_t)g * packed_group(w) / sizeof *wg;
            REAL sum = w->bias[g * TILE];
            for (int i = 0; i < w->I; i++)
                sum += x[place(w, g, i)] * wg[i];
            y[g] = end(w, sum);
        }
}

/* What starts the sums of tile t. */
static void start(REAL *sum, const dfn_packed *w, int g, int t)
{
    const float *b = w->bias + g * packed_outputs(w) + t * TILE;
    for (int j = 0; j < TILE; j++)
        sum[j] = b[j];
}

void OP(gemm_f32)(REAL *restrict y, const REAL *restrict x, const dfn_packed *w, int N,
                  int ldx, int ldy)
{
    if (packed_single(w)) {
        single(y, x, w, N, ldx, ldy);
        return;
    }
    for (int n = 0; n < N; n++, x += ldx, y += ldy)
        for (int g = 0; g < w->G; g++)
            for (int t = 0; t < packed_outputs(w) / TILE; t++) {
                REAL sum[TILE];
                size_t step;
                const float *wi = tile(w, g, t, &step);
                start(sum, w, g, t);
                for (int i = 0; i < w->I; i++, wi += step / sizeof *wi) {
                    for (int j = 0; j < TILE; j++)
                        sum[j] += x[place(w, g, i)] * wi[j];
                }
                for (int j = 0; j < least(TILE, w->O - t * TILE); j++)
                    y[g * w->O + t * TILE + j] = end(w, sum[j]);
            }
}

/* Tile t of a row's sums moves on by one frame. */
static void move_on(REAL *y, REAL *sums, const REAL *sum, const dfn_packed *w, int t, int O)
{
    for (int j = t * TILE; j < least(w->O, (t + 1) * TILE); j++) {
        sums[j] = sum[j - t * TILE] + (j + O < w->O ? sums[j + O] : 0);
        if (j < O)
            y[j] = sums[j];
    }
}

void OP(gemm_overlap)(REAL *restrict y, REAL *restrict sums, const REAL *restrict x,
                      const dfn_packed *w, int N, int kt)
{
    const int O = w->O / kt;
    for (int n = 0; n < N * w->G; n++, x += w->I, y += O, sums += w->O)
        for (int t = 0; t < packed_outputs(w) / TILE; t++) {
            REAL sum[TILE];
            size_t step;
            const float *wi = tile(w, n % w->G, t, &step);
            start(sum, w, n % w->G, t);
            for (int i = 0; i < w->I; i++, wi += step / sizeof *wi)
                for (int j = 0; j < TILE; j++)
                    sum[j] += x[i] * wi[j];
            move_on(y, sums, sum, w, t, O);
        }
}

static float widen(uint16_t h)
{
    const uint32_t bits = (uint32_t)h << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Tile t of one row's products, with the bias. */
static void dot_bf16(REAL *sum, const uint16_t *h, const dfn_packed *w, int g, int t)
{
    size_t step;
    const uint16_t *wi = tile(w, g, t, &step);
    start(sum, w, g, t);
    for (int i = 0; i < packed_inputs(w); i += 2, wi += step / sizeof *wi) {
        const REAL x0 = widen(h[i]), x1 = widen(h[i + 1]);
        for (int j = 0; j < TILE; j++)
            sum[j] += x0 * widen(wi[2 * j]) + x1 * widen(wi[2 * j + 1]);
    }
}

void OP(gemm_overlap_bf16)(REAL *restrict y, REAL *restrict sums,
                           const uint16_t *restrict h, const dfn_packed *w, int N, int kt)
{
    const int I = packed_inputs(w), O = w->O / kt;
    for (int n = 0; n < N * w->G; n++, h += I, y += O, sums += w->O)
        for (int t = 0; t < packed_outputs(w) / TILE; t++) {
            REAL sum[TILE];
            dot_bf16(sum, h, w, n % w->G, t);
            move_on(y, sums, sum, w, t, O);
        }
}

void OP(gemm_bf16)(REAL *restrict y, const uint16_t *restrict h, const dfn_packed *w, int N,
                   int ldy)
{
    const int I = packed_inputs(w);
    for (int n = 0; n < N; n++, h += w->G * I, y += ldy)
        for (int g = 0; g < w->G; g++)
            for (int t = 0; t < packed_outputs(w) / TILE; t++) {
                REAL sum[TILE];
                dot_bf16(sum, h + g * I, w, g, t);
                for (int j = 0; j < least(TILE, w->O - t * TILE); j++)
                    y[g * w->O + t * TILE + j] = end(w, sum[j]);
            }
}

void OP(gemm_int8)(REAL *restrict y, const int8_t *restrict q, const float *restrict scale,
                   const dfn_packed *w, int N, int ldy)
{
    const int I = packed_inputs(w);
    for (int n = 0; n < N; n++, q += w->G * I, y += ldy)
        for (int g = 0; g < w->G; g++)
            for (int t = 0; t < packed_outputs(w) / TILE; t++) {
                int32_t sum[TILE] = {0};
                const int at = g * packed_outputs(w) + t * TILE;
                size_t step;
                const int8_t *wi = tile(w, g, t, &step);
                for (int i = 0; i < I; i += 4, wi += step) {
                    for (int j = 0; j < TILE; j++)
                        for (int k = 0; k < 4; k++)
                            sum[j] += q[g * I + i + k] * wi[4 * j + k];
                }
                for (int j = 0; j < least(TILE, w->O - t * TILE); j++)
                    y[g * w->O + t * TILE + j] =
                        end(w, (REAL)sum[j] * ((REAL)scale[n] * (REAL)w->scale[at + j]) +
                                   (REAL)w->bias[at + j]);
            }
}

static uint16_t narrow(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (isnan(x))
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

void OP(round_bf16)(uint16_t *restrict h, const REAL *restrict x, int N, int G, int I,
                    int ldx)
{
    for (int n = 0; n < N; n++, x += ldx)
        for (int g = 0; g < G; g++) {
            for (int i = 0; i < I; i++)
                *h++ = narrow((float)x[g * I + i]);
            if (I % 2)
                *h++ = 0;
        }
}

enum { INT8_TOP = 127 };
static const float smallest = 1e-30f; /* below it a row counts as zero */

static int8_t to_int8(float x)
{
    const float magic = 12582912; /* 1.5 2^23: adding it leaves the integer nearest to x */
    x = x > INT8_TOP ? INT8_TOP : x > -INT8_TOP ? x : -INT8_TOP;
    return (int8_t)(x + magic - magic);
}

void OP(quantize_int8)(int8_t *restrict q, float *restrict scale, const REAL *restrict x,
                       int N, int G, int I, int ldx)
{
    for (int n = 0; n < N; n++, x += ldx) {
        float top = 0, odd = 0; /* odd: 0, or NaN */
        for (int i = 0; i < G * I; i++) {
            top = fabsf((float)x[i]) > top ? fabsf((float)x[i]) : top;
            odd += 0 * (float)x[i];
        }
        const float inverse = top > smallest && odd == 0 ? INT8_TOP / top : 0;
        scale[n] = (top > smallest ? top / INT8_TOP : 0) + odd;
        for (int g = 0; g < G; g++) {
            for (int i = 0; i < I; i++)
                *q++ = to_int8((float)x[g * I + i] * inverse);
            for (int i = I; i % 4; i++)
                *q++ = 0;
        }
    }
}
