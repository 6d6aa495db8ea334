/* panel.h - what products of plain matrices share: blocks of results in registers, up to
 * WIDE vectors of columns by as many rows as there is room for, and all rows of a panel.
 *
 * Before it is included: static inline vf product(vf sum, vf a, vf b), which adds the
 * products of the numbers, or pairs of numbers, of one word of a and those of b. */
#ifndef DFN_SIMD_PANEL_H
#define DFN_SIMD_PANEL_H

#include "op/simd/simd.h"

#if defined(DFN_SIMD_AVX2)
enum { WIDE = 2, ROWS_1 = 8, ROWS_2 = 6, ROWS_3 = 1, ROWS_4 = 1 };
#else
enum { WIDE = 4, ROWS_1 = 16, ROWS_2 = 8, ROWS_3 = 8, ROWS_4 = 6 };
#endif

/* Results, and operands: a[m][lda], or a[depth][lda] where A came transposed, and B whole
 * vectors wide. `last`: columns of the last vector. */
typedef struct panel {
    float *c;
    const float *a, *b;
    int ldc, ldb, depth, last;
    bool add;
} panel;

/* R rows from m on of a panel of V vectors. Results come into the first cache while the
 * sums are made. */
static inline __attribute__((always_inline)) void
block(const panel *p, int m, const int R, const int V, const bool at, const int lda)
{
    vf sum[ROWS_1][WIDE];
    SIMD_UNROLL for (int r = 0; r < R; r++) SIMD_UNROLL for (int v = 0; v < V; v++)
        sum[r][v] = vf_set(0);
    float *c = p->c + (size_t)m * (size_t)p->ldc;
    SIMD_UNROLL for (int r = 0; r < R && V == WIDE; r++)
        SIMD_UNROLL for (int v = 0; v < V; v++)
            __builtin_prefetch(c + (size_t)r * (size_t)p->ldc + v * VF, 1);
    const float *a = p->a + (at ? (ptrdiff_t)m : (ptrdiff_t)m * lda), *b = p->b;
    const int ldb = p->ldb;
    for (int k = 0; k < p->depth; k++, b += ldb) {
        vf bk[WIDE];
        SIMD_UNROLL for (int v = 0; v < V; v++) bk[v] = vf_load(b + v * VF);
        SIMD_UNROLL for (int r = 0; r < R; r++)
        {
            const vf ak = vf_set(at ? a[k * lda + r] : a[r * lda + k]);
            SIMD_UNROLL for (int v = 0; v < V; v++) sum[r][v] =
                product(sum[r][v], ak, bk[v]);
        }
    }
    SIMD_UNROLL for (int r = 0; r < R; r++) SIMD_UNROLL for (int v = 0; v < V; v++)
    {
        float *to = c + (size_t)r * (size_t)p->ldc + v * VF;
        const size_t n = v == V - 1 ? (size_t)p->last : VF;
        if (p->add)
            sum[r][v] = sum[r][v] + vf_load_some(to, n);
        vf_store_some(to, sum[r][v], n);
    }
}

static inline __attribute__((always_inline)) void
rows(const panel *p, int M, const int R, const int V, const bool at, const int lda)
{
    int m = 0;
    for (; m + R <= M; m += R)
        block(p, m, R, V, at, lda);
    for (; m + 4 <= M; m += 4)
        block(p, m, 4, V, at, lda);
    for (; m + 2 <= M; m += 2)
        block(p, m, 2, V, at, lda);
    if (m < M)
        block(p, m, 1, V, at, lda);
}

/* All M rows of a panel of V vectors; lda is best a constant. */
static inline __attribute__((always_inline)) void panel_rows(const panel *p, int M, int V,
                                                             const bool at, const int lda)
{
    switch (V) {
    case 1: rows(p, M, ROWS_1, 1, at, lda); break;
    case 2: rows(p, M, ROWS_2, 2, at, lda); break;
#if !defined(DFN_SIMD_AVX2)
    case 3: rows(p, M, ROWS_3, 3, at, lda); break;
    case 4: rows(p, M, ROWS_4, 4, at, lda); break;
#endif
    default: break;
    }
}

#endif
