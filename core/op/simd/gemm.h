/* gemm.h - the loops of all packed products (gemm.c, packed.h), over what gemm_f32.c,
 * gemm_bf16.c and gemm_int8.c define before they include this:
 *
 *   UNIT, input, weight           inputs of a tile, and the types of both
 *   unit, unit_set(x)             one unit of a row's inputs, for all lanes
 *   sums, sums_zero(), sums_start(end, j), sums_dot(s, unit, w), sums_add(s, t)
 *                                 VF sums; w are the UNIT * VF weights of these outputs
 *   sums_rest(s, n, x, units)     where SUMS_REST is defined: adds to the n sums of a row what
 *                                 depends on its inputs only
 *   sums_end(s, end, j, scale)    the results
 *
 * A block of up to 64 outputs stays in registers while its tiles stream past. Sums of
 * several phases of the inputs are kept apart to have enough of them in flight. With
 * several rows the order of the sums is the same: a row never depends on its neighbours. */
#ifndef DFN_SIMD_GEMM_H
#define DFN_SIMD_GEMM_H

#include <math.h>

/* Rows that share a load of weights, and phases, for blocks of one to four tiles: so many
 * that the sums fill the pipes and fit the registers (24 of 32; with AVX2 8 to 12 of 16, as
 * inputs and weights of two or four need some as well, and the sign of int8 inputs leaves
 * rows nothing to share). Several rows take AT_ONCE tiles of a block together, half of them
 * or all. Integers may be added in any order, so that several rows need no phases. */
#if defined(DFN_SIMD_VNNI)
enum {
    ROWS_1 = 8,
    ROWS_2 = 8,
    ROWS_3 = 4,
    ROWS_4 = 4,
    PHASES_1 = 4,
    PHASES_2 = 2,
    PHASES = 2,
    AT_ONCE = 4,
    ANY_ORDER = 1
};
#elif defined(DFN_SIMD_AVX512) || defined(DFN_SIMD_BF16)
enum {
    ROWS_1 = 6,
    ROWS_2 = 6,
    ROWS_3 = 4,
    ROWS_4 = 3,
    PHASES_1 = 4,
    PHASES_2 = 2,
    PHASES = 2,
    AT_ONCE = 4,
    ANY_ORDER = 0
};
#elif defined(DFN_SIMD_AVX2)
enum {
    ROWS_1 = UNIT == 1 ? 3 : 1,
    ROWS_2 = ROWS_1,
    ROWS_3 = UNIT == 2 ? 2 : ROWS_1,
    ROWS_4 = ROWS_3,
    PHASES_1 = UNIT == 1 ? 2 : 4,
    PHASES_2 = UNIT == 1 ? 1 : 2,
    PHASES = 1,
    AT_ONCE = 2,
    ANY_ORDER = 0
};
#else
enum {
    ROWS_1 = 3,
    ROWS_2 = 3,
    ROWS_3 = 2,
    ROWS_4 = 1,
    PHASES_1 = 2,
    PHASES_2 = 1,
    PHASES = 1,
    AT_ONCE = 4,
    ANY_ORDER = 0
};
#endif

enum {
    V = PACKED_TILE / VF, /* vectors of a tile */
    TILES = PACKED_BLOCK / PACKED_TILE,
    MOST_ROWS = ROWS_1 > ROWS_4 ? ROWS_1 : ROWS_4
};

#ifndef SUMS_REST
static inline void sums_rest(sums *s, int n, const input *x, int units)
{
    (void)s;
    (void)n;
    (void)x;
    (void)units;
}
#endif

static inline void store(float *y, vf x, int left)
{
    if (left >= VF)
        vf_store(y, x);
    else if (left > 0)
        vf_store_part(y, x, left);
}

/* `units` of R rows times `count` tiles, from `first` on, of a block of `tiles`, in P phases. */
static inline __attribute__((always_inline)) void
block(float *restrict y, const input *restrict x, const weight *restrict w, const ends *end,
      const float *scale, int units, int outputs, int step_x, int ldx, int ldy,
      size_t ahead, const int R, const int tiles, const int first, const int count,
      const int P)
{
    const int n = count * V, step = tiles * PACKED_TILE * UNIT, at = first * PACKED_TILE;
    sums s[MOST_ROWS][PHASES_1][TILES * V];
    w += at * UNIT;
    SIMD_UNROLL for (int r = 0; r < R; r++) SIMD_UNROLL for (int p = 0; p < P; p++)
        SIMD_UNROLL for (int j = 0; j < n; j++) s[r][p][j] =
            p ? sums_zero() : sums_start(end, at + j * VF);
    SIMD_UNROLL for (int r = 0; r < R; r++) sums_rest(s[r][0], n, x + r * ldx, units);
    int u = 0;
    for (; u + P <= units; u += P)
        SIMD_UNROLL for (int p = 0; p < P; p++)
        {
            const weight *wu = w + (size_t)(u + p) * (size_t)step;
            SIMD_UNROLL for (int j = 0; j < n; j++)
            {
                if (R == 1 && j % V == 0)
                    __builtin_prefetch((const char *)(wu + j * VF * UNIT) + ahead);
                SIMD_UNROLL for (int r = 0; r < R; r++) s[r][p][j] =
                    sums_dot(s[r][p][j], unit_set(x + r * ldx + (u + p) * step_x),
                             wu + j * VF * UNIT);
            }
        }
    for (; P > 1 && u < units; u++)
        SIMD_UNROLL for (int j = 0; j < n; j++) SIMD_UNROLL for (int r = 0; r < R; r++)
            s[r][0][j] = sums_dot(s[r][0][j], unit_set(x + r * ldx + u * step_x),
                                  w + (size_t)u * (size_t)step + j * VF * UNIT);
    SIMD_UNROLL for (int r = 0; r < R; r++) SIMD_UNROLL for (int j = 0; j < n; j++)
    {
        SIMD_UNROLL for (int p = 1; p < P; p++) s[r][0][j] =
            sums_add(s[r][0][j], s[r][p][j]);
        const vf all = sums_end(s[r][0][j], end, at + j * VF, scale ? scale[r] : 1);
        store(y + r * ldy + at + j * VF, vf_max(vf_set(end->least), all),
              outputs - at - j * VF);
    }
}

/* All rows of one block of `tiles`, R at a time and then one by one. */
static inline __attribute__((always_inline)) void
rows(float *restrict y, const input *restrict x, const weight *restrict w, const ends *end,
     const float *scale, int N, int units, int outputs, int step_x, int ldx, int ldy,
     size_t ahead, const int R, const int tiles, const int P)
{
    const int half = R > 1 && tiles > AT_ONCE ? AT_ONCE : tiles;
    const int phases = R > 1 && ANY_ORDER ? 1 : P;
    int n = 0;
    for (; n + R <= N; n += R, y += R * ldy, x += R * ldx) {
        block(y, x, w, end, scale ? scale + n : NULL, units, outputs, step_x, ldx, ldy,
              ahead, R, tiles, 0, half, phases);
        if (half < tiles)
            block(y, x, w, end, scale ? scale + n : NULL, units, outputs, step_x, ldx, ldy,
                  ahead, R, tiles, half, tiles - half, phases);
    }
    for (; R > 1 && n < N; n++, y += ldy, x += ldx)
        block(y, x, w, end, scale ? scale + n : NULL, units, outputs, step_x, ldx, ldy,
              ahead, 1, tiles, 0, tiles, P);
}

/* All of it; ldx counts inputs, padded to whole units as w is. */
static inline void gemm(float *restrict y, const input *restrict x, const float *scale,
                        const dfn_packed *w, int N, int ldx, int ldy)
{
    const int padded = packed_outputs(w), I = packed_inputs(w);
    const bool mixed = UNIT == 1 && w->mixed;
    const int step_x = mixed ? w->G : UNIT;
    for (int g = 0; g < w->G; g++)
        for (int o = 0; o < w->O; o += PACKED_BLOCK) {
            const int at = g * padded + o, left = w->O - o;
            const ends end = {w->bias + at, w->scale + (scale ? at : 0),
                              w->offset + (scale ? at : 0), w->relu ? 0 : -INFINITY};
            const int n = left < PACKED_BLOCK ? left : PACKED_BLOCK;
            const input *xg = x + (mixed ? g : g * I);
            const weight *wo = (const weight *)w->tile + (size_t)at * (size_t)I;
            float *yo = y + g * w->O + o;
            if (n > 3 * PACKED_TILE)
                rows(yo, xg, wo, &end, scale, N, I / UNIT, n, step_x, ldx, ldy, w->ahead,
                     ROWS_4, 4, PHASES);
            else if (n > 2 * PACKED_TILE)
                rows(yo, xg, wo, &end, scale, N, I / UNIT, n, step_x, ldx, ldy, w->ahead,
                     ROWS_3, 3, PHASES);
            else if (n > PACKED_TILE)
                rows(yo, xg, wo, &end, scale, N, I / UNIT, n, step_x, ldx, ldy, w->ahead,
                     ROWS_2, 2, PHASES_2);
            else
                rows(yo, xg, wo, &end, scale, N, I / UNIT, n, step_x, ldx, ldy, w->ahead,
                     ROWS_1, 1, PHASES_1);
        }
}

#endif
