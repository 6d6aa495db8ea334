/* matmul.c - see op/matmul.c.
 *
 * Up to WIDE vectors of columns of B at a time meet all rows of A; a block of results stays
 * in registers over up to DEPTH of K. Columns of a transposed B, or too few for whole
 * vectors, are copied first. For few rows, or one column, that is not worth it: there,
 * vectors run along K.
 *
 * How a sum is rounded depends on the sizes of the product, so this is for training. */
#include "op/simd/simd.h"

enum {
    DEPTH = 128,
    FEW = 12,    /* rows that are not worth turning B for */
    SMALL = 4096 /* results that may be turned afterwards */
};

static inline vf product(vf sum, vf a, vf b) { return vf_fma(a, b, sum); }

#include "op/simd/panel.h"

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
                panel_rows(&p, M, V, true, lda);
            else
                panel_rows(&p, M, V, false, lda);
        }
}

/* Vectors that a block of results takes for each k. */
static int vectors(int M, int N) { return M * ((N + VF - 1) / VF); }

/* Both A and B have K along their rows: the transpose of the result may have fuller vectors,
 * as for gradients of weights of few inputs. */
static bool better_turned(int M, int N)
{
    return M * N <= SMALL && 4 * vectors(N, M) <= 3 * vectors(M, N);
}

static void turned_result(float *c, const float *a, const float *b, int M, int N, int K,
                          int lda, int ldb, int ldc, bool add)
{
    float t[SMALL];
    panels(t, b, a, N, M, K, ldb, lda, M, true, false, false);
    for (int m = 0; m < M; m++, c += ldc)
        for (int n = 0; n < N; n++)
            c[n] = (add ? c[n] : 0) + t[n * M + m];
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
    if (bt && !at && (M <= FEW || N == 1) && K >= VF)
        dots(c, a, b, M, N, K, lda, ldb, ldc, add);
    else if (at && !bt && better_turned(M, N))
        turned_result(c, a, b, M, N, K, lda, ldb, ldc, add);
    else
        panels(c, a, b, M, N, K, lda, ldb, ldc, at, bt, add);
}
