/* gemm_overlap.c - a convolution along time with fewer outputs than inputs: the products of
 * all taps stay in registers until the sums of earlier frames are added; see gemm.c. */
#include "op/simd/simd.h"

#if defined(DFN_SIMD_AVX512)
enum { ROWS = 6, TILES = 2 }; /* that share a load of weights: 12 sums of 32 registers */
#else
enum { ROWS = 2, TILES = 2 };
#endif
enum { V = PACKED_TILE / VF };

/* Sizes of one group. */
typedef struct group {
    int I, O, row;                /* row: kt O */
    int x_step, y_step, sum_step; /* from row to row */
} group;

/* Outputs `at` .. of R rows; what is due now goes to y as well. Sums are read before what
 * moves to their place is written, as they lie further back. */
static inline __attribute__((always_inline)) void finish(float *y, float *sums,
                                                         vf (*s)[TILES * V], int j,
                                                         const group *g, int at,
                                                         const int R)
{
    const int left = g->row - at, older = left - g->O, due = g->O - at;
    if (older >= VF) {
        SIMD_UNROLL for (int r = 0; r < R; r++) s[r][j] +=
            vf_load(sums + r * g->sum_step + at + g->O);
    } else if (older > 0) {
        SIMD_UNROLL for (int r = 0; r < R; r++) s[r][j] +=
            vf_load_part(sums + r * g->sum_step + at + g->O, older);
    }
    if (left >= VF) {
        SIMD_UNROLL for (int r = 0; r < R; r++)
            vf_store(sums + r * g->sum_step + at, s[r][j]);
    } else if (left > 0) {
        SIMD_UNROLL for (int r = 0; r < R; r++)
            vf_store_part(sums + r * g->sum_step + at, s[r][j], left);
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
part(float *y, float *sums, const float *x, const float *w, const float *bias,
     const group *g, int at, int width, const int R, const int tiles)
{
    vf s[ROWS][TILES * V];
    SIMD_UNROLL for (int r = 0; r < R; r++) SIMD_UNROLL for (int j = 0; j < tiles * V; j++)
        s[r][j] = vf_load(bias + j * VF);
    for (int i = 0; i < g->I; i++, w += width * PACKED_TILE)
        SIMD_UNROLL for (int j = 0; j < tiles * V; j++)
        {
            const vf wj = vf_load(w + j * VF);
            SIMD_UNROLL for (int r = 0; r < R; r++) s[r][j] =
                vf_fma(vf_set(x[r * g->x_step + i]), wj, s[r][j]);
        }
    SIMD_UNROLL for (int j = 0; j < tiles * V; j++)
        finish(y, sums, s, j, g, at + j * VF, R);
}

static inline __attribute__((always_inline)) void
rows(float *y, float *sums, const float *x, const float *w, const float *bias,
     const group *g, int at, int width, int N, const int tiles)
{
    int n = 0;
    for (; n + ROWS <= N; n += ROWS)
        part(y + n * g->y_step, sums + n * g->sum_step, x + n * g->x_step, w, bias, g, at,
             width, ROWS, tiles);
    for (; n < N; n++)
        part(y + n * g->y_step, sums + n * g->sum_step, x + n * g->x_step, w, bias, g, at,
             width, 1, tiles);
}

void SIMD(gemm_overlap)(float *restrict y, float *restrict sums, const float *restrict x,
                        const dfn_packed *w, int N, int kt)
{
    const int padded = packed_outputs(w), O = w->O / kt;
    const group of = {w->I, O, w->O, w->G * w->I, w->G * O, w->G * w->O};
    for (int g = 0; g < w->G; g++, x += w->I, y += O, sums += w->O)
        for (int at = 0; at < padded; at += TILES * PACKED_TILE) {
            const int block = at / PACKED_BLOCK * PACKED_BLOCK;
            const int most = PACKED_BLOCK / PACKED_TILE;
            const int left = (padded - block) / PACKED_TILE;
            const int width = left < most ? left : most;
            const float *tile = (const float *)w->tile +
                                (size_t)(g * padded + block) * (size_t)w->I + (at - block);
            const float *bias = w->bias + g * padded + at;
            if (padded - at > PACKED_TILE)
                rows(y, sums, x, tile, bias, &of, at, width, N, 2);
            else
                rows(y, sums, x, tile, bias, &of, at, width, N, 1);
        }
}
