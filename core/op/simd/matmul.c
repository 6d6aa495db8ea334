/* matmul.c - see op/matmul.c.
 *
 * Up to WIDE vectors of columns of B at a time meet all rows of A; a block of results stays
 * in registers over up to DEPTH of K. Columns of a transposed B, or too few for whole
 * vectors, are copied first. For few rows that is not worth it: there, vectors run along K.
 *
 * How a sum is rounded depends on the sizes of the product, so this is for training. */
#include "op/simd/simd.h"

enum { DEPTH = 128, FEW = 12 /* rows that are not worth turning B for */ };

#if defined(DFN_SIMD_AVX2)
enum { WIDE = 2, ROWS_1 = 8, ROWS_2 = 6, ROWS_3 = 1, ROWS_4 = 1 };
#else
enum { WIDE = 4, ROWS_1 = 16, ROWS_2 = 8, ROWS_3 = 8, ROWS_4 = 6 };
#endif

/* The operands of a panel: its results, A, and B whole vectors wide. `last`: columns of the
 * last vector. */
typedef struct panel {
    float *c;
    const float *a, *b;
    int ldc, lda, ldb, depth, last;
    bool add;
} panel;

/* R rows from m on of a panel of V vectors. */
static inline __attribute__((always_inline)) void block(const panel *p, int m, const int R,
                                                        const int V, const bool at)
{
    vf sum[ROWS_1][WIDE];
    SIMD_UNROLL for (int r = 0; r < R; r++) SIMD_UNROLL for (int v = 0; v < V; v++)
        sum[r][v] = vf_set(0);
    const float *a = p->a + (at ? m : m * p->lda), *b = p->b;
    const int lda = p->lda, ldb = p->ldb;
    for (int k = 0; k < p->depth; k++, b += ldb) {
        vf bk[WIDE];
        SIMD_UNROLL for (int v = 0; v < V; v++) bk[v] = vf_load(b + v * VF);
        SIMD_UNROLL for (int r = 0; r < R; r++)
        {
            const vf ak = vf_set(at ? a[k * lda + r] : a[r * lda + k]);
            SIMD_UNROLL for (int v = 0; v < V; v++) sum[r][v] =
                vf_fma(ak, bk[v], sum[r][v]);
        }
    }
    float *c = p->c + m * p->ldc;
    SIMD_UNROLL for (int r = 0; r < R; r++) SIMD_UNROLL for (int v = 0; v < V; v++)
    {
        float *to = c + r * p->ldc + v * VF;
        const size_t n = v == V - 1 ? (size_t)p->last : VF;
        if (p->add)
            sum[r][v] = sum[r][v] + vf_load_some(to, n);
        vf_store_some(to, sum[r][v], n);
    }
}

static inline __attribute__((always_inline)) void rows(const panel *p, int M, const int R,
                                                       const int V, const bool at)
{
    int m = 0;
    for (; m + R <= M; m += R)
        block(p, m, R, V, at);
    for (; m + 4 <= M; m += 4)
        block(p, m, 4, V, at);
    for (; m + 2 <= M; m += 2)
        block(p, m, 2, V, at);
    if (m < M)
        block(p, m, 1, V, at);
}

static inline __attribute__((always_inline)) void width(const panel *p, int M, int V,
                                                        const bool at)
{
    switch (V) {
    case 1: rows(p, M, ROWS_1, 1, at); break;
    case 2: rows(p, M, ROWS_2, 2, at); break;
#if !defined(DFN_SIMD_AVX2)
    case 3: rows(p, M, ROWS_3, 3, at); break;
    case 4: rows(p, M, ROWS_4, 4, at); break;
#endif
    default: break;
    }
}

/* to[k][n] = from[n][k], `depth` of k and `n` rows, in rows of WIDE vectors; zeros behind.
 */
static void turn(float *to, const float *from, int ldb, int depth, int n)
{
    for (int j = 0; j < n; j += VF)
        for (int k = 0; k < depth; k += VF) {
            vf x[2][VF];
            for (int i = 0; i < VF; i++)
                x[0][i] = j + i < n ? vf_load_some(from + (size_t)(j + i) * (size_t)ldb + k,
                                                   (size_t)(depth - k))
                                    : vf_set(0);
            int now = 0;
            for (int step = 1; step < VF; step *= 2, now = !now)
                for (int i = 0; i < VF / 2; i++)
                    vf_zip(x[now][i], x[now][i + VF / 2], &x[!now][2 * i],
                           &x[!now][2 * i + 1]);
            for (int i = 0; i < VF && k + i < depth; i++)
                vf_store(to + (k + i) * WIDE * VF + j, x[now][i]);
        }
}

static void copy(float *to, const float *from, int ldb, int depth, int n)
{
    for (int k = 0; k < depth; k++, from += ldb, to += WIDE * VF)
        for (int j = 0; j < n; j += VF)
            vf_store(to + j, vf_load_some(from + j, (size_t)(n - j)));
}

static void panels(float *c, const float *a, const float *b, int M, int N, int K, int lda,
                   int ldb, int ldc, bool at, bool bt, bool add)
{
    float turned[DEPTH * WIDE * VF];
    for (int k = 0; k < K; k += DEPTH)
        for (int n = 0; n < N; n += WIDE * VF) {
            const int wide = N - n < WIDE * VF ? N - n : WIDE * VF;
            const int depth = K - k < DEPTH ? K - k : DEPTH;
            const int V = (wide + VF - 1) / VF;
            panel p = {.c = c + n,
                       .a = a + (at ? (size_t)k * (size_t)lda : (size_t)k),
                       .b = bt ? b + (size_t)n * (size_t)ldb + k
                               : b + (size_t)k * (size_t)ldb + n,
                       .ldc = ldc,
                       .lda = lda,
                       .ldb = ldb,
                       .depth = depth,
                       .last = wide - (V - 1) * VF,
                       .add = add || k};
            if (bt)
                turn(turned, p.b, ldb, depth, wide);
            else if (p.last < VF)
                copy(turned, p.b, ldb, depth, wide);
            if (bt || p.last < VF) {
                p.b = turned;
                p.ldb = WIDE * VF;
            }
            if (at)
                width(&p, M, V, true);
            else
                width(&p, M, V, false);
        }
}

/* Four columns of one row. */
static inline void four(float *c, const float *a, const float *b, int n, int K, int ldb,
                        bool add)
{
    vf sum[4] = {vf_set(0), vf_set(0), vf_set(0), vf_set(0)};
    for (int k = 0; k < K; k += VF) {
        const size_t rest = (size_t)(K - k);
        const vf ak = vf_load_some(a + k, rest);
        SIMD_UNROLL for (int i = 0; i < 4; i++) if (i < n) sum[i] =
            vf_fma(ak, vf_load_some(b + (size_t)i * (size_t)ldb + k, rest), sum[i]);
    }
    for (int i = 0; i < n; i++)
        c[i] = (add ? c[i] : 0) + vf_sum(sum[i]);
}

static void dots(float *c, const float *a, const float *b, int M, int N, int K, int lda,
                 int ldb, int ldc, bool add)
{
    for (int n = 0; n < N; n += 4)
        for (int m = 0; m < M; m++)
            four(c + (size_t)m * (size_t)ldc + n, a + (size_t)m * (size_t)lda,
                 b + (size_t)n * (size_t)ldb, N - n < 4 ? N - n : 4, K, ldb, add);
}

void SIMD(matmul)(float *restrict c, const float *restrict a, const float *restrict b,
                  int M, int N, int K, int lda, int ldb, int ldc, bool at, bool bt,
                  bool add)
{
    if (bt && !at && M <= FEW && K >= VF)
        dots(c, a, b, M, N, K, lda, ldb, ldc, add);
    else
        panels(c, a, b, M, N, K, lda, ldb, ldc, at, bt, add);
}
