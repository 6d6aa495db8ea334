/* gemm_overlap.h - a convolution along time with fewer outputs than inputs: the products of
 * all taps stay in registers until the sums of earlier frames are added; see gemm.c. Over
 * what gemm_f32.c and gemm_bf16.c define for gemm.h, which comes first. */
#ifndef DFN_SIMD_GEMM_OVERLAP_H
#define DFN_SIMD_GEMM_OVERLAP_H

#if defined(DFN_SIMD_AVX512) || defined(DFN_SIMD_BF16)
enum { TAP_ROWS = 6 }; /* that share a load of weights: 12 sums of 32 registers */
#elif defined(DFN_SIMD_AVX2)
enum { TAP_ROWS = UNIT == 1 ? 3 : 2 }; /* 12 or 8 sums of 16 registers */
#else
enum { TAP_ROWS = 2 };
#endif
enum { TAP_TILES = 2 };

/* Sizes of one group. */
typedef struct group {
    int I, O, row;                /* I: padded; row: kt O */
    int x_step, y_step, sum_step; /* from row to row */
} group;

/* Outputs `at` .. of R rows; what is due now goes to y as well. Sums are read before what
 * moves to their place is written, as they lie further back. */
static inline __attribute__((always_inline)) void taps_finish(float *y, float *kept,
                                                              vf (*s)[TAP_TILES * V], int j,
                                                              const group *g, int at,
                                                              const int R)
{
    const int left = g->row - at, older = left - g->O, due = g->O - at;
    if (older >= VF) {
        SIMD_UNROLL for (int r = 0; r < R; r++) s[r][j] +=
            vf_load(kept + r * g->sum_step + at + g->O);
    } else if (older > 0) {
        SIMD_UNROLL for (int r = 0; r < R; r++) s[r][j] +=
            vf_load_part(kept + r * g->sum_step + at + g->O, older);
    }
    if (left >= VF) {
        SIMD_UNROLL for (int r = 0; r < R; r++)
            vf_store(kept + r * g->sum_step + at, s[r][j]);
    } else if (left > 0) {
        SIMD_UNROLL for (int r = 0; r < R; r++)
            vf_store_part(kept + r * g->sum_step + at, s[r][j], left);
    }
    if (due >= VF) {
        SIMD_UNROLL for (int r = 0; r < R; r++) vf_store(y + r * g->y_step + at, s[r][j]);
    } else if (due > 0) {
        SIMD_UNROLL for (int r = 0; r < R; r++)
            vf_store_part(y + r * g->y_step + at, s[r][j], due);
    }
}

/* R rows times `tiles` neighbours from output `at` on; `width` tiles make up the block. */
static inline __attribute__((always_inline)) void
taps(float *y, float *kept, const input *x, const weight *w, const float *bias,
     const group *g, int at, int width, const int R, const int tiles)
{
    const ends end = {.bias = bias};
    sums s[TAP_ROWS][TAP_TILES * V];
    SIMD_UNROLL for (int r = 0; r < R; r++) SIMD_UNROLL for (int j = 0; j < tiles * V; j++)
        s[r][j] = sums_start(&end, j * VF);
    for (int i = 0; i < g->I; i += UNIT, w += width * PACKED_TILE * UNIT)
        SIMD_UNROLL for (int j = 0; j < tiles * V; j++)
            SIMD_UNROLL for (int r = 0; r < R; r++) s[r][j] =
                sums_dot(s[r][j], unit_set(x + r * g->x_step + i), w + j * VF * UNIT);
    SIMD_UNROLL for (int j = 0; j < tiles * V; j++)
        taps_finish(y, kept, s, j, g, at + j * VF, R);
}

static inline __attribute__((always_inline)) void
taps_rows(float *y, float *kept, const input *x, const weight *w, const float *bias,
          const group *g, int at, int width, int N, const int tiles)
{
    int n = 0;
    for (; n + TAP_ROWS <= N; n += TAP_ROWS)
        taps(y + n * g->y_step, kept + n * g->sum_step, x + n * g->x_step, w, bias, g, at,
             width, TAP_ROWS, tiles);
    for (; n < N; n++)
        taps(y + n * g->y_step, kept + n * g->sum_step, x + n * g->x_step, w, bias, g, at,
             width, 1, tiles);
}

static inline void overlap(float *restrict y, float *restrict kept, const input *restrict x,
                           const dfn_packed *w, int N, int kt)
{
    const int padded = packed_outputs(w), I = packed_inputs(w), O = w->O / kt;
    const group of = {I, O, w->O, w->G * I, w->G * O, w->G * w->O};
    for (int g = 0; g < w->G; g++, x += I, y += O, kept += w->O)
        for (int at = 0; at < padded; at += TAP_TILES * PACKED_TILE) {
            const int block = at / PACKED_BLOCK * PACKED_BLOCK;
            const int left = (padded - block) / PACKED_TILE;
            const int width = left < TILES ? left : TILES;
            const weight *tile = (const weight *)w->tile +
                                 (size_t)(g * padded + block) * (size_t)I +
                                 (size_t)(at - block) * UNIT;
            const float *bias = w->bias + g * padded + at;
            if (padded - at > PACKED_TILE)
                taps_rows(y, kept, x, tile, bias, &of, at, width, N, 2);
            else
                taps_rows(y, kept, x, tile, bias, &of, at, width, N, 1);
        }
}

#endif
