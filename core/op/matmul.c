/* matmul.c - c[M][N] = A B, or c += A B, where A is a[M][K], or the transpose of a[K][M],
 * and B is b[K][N], or the transpose of b[N][K]. Rows are lda, ldb and ldc numbers apart.
 *
 * The product under every layer that has its weights as in the file: linear, grouped and
 * pointwise ones, the windows of convolutions, both halves of a GRU, and the gradients of
 * them all. In plans for gradients it may be any other product (dfn_plan_config); here, a
 * row of the result does not depend on how many there are.
 *
 * matmul_bf16 rounds the numbers of A and B to 8 significant bits (bfloat16), and sums in
 * full; small products (matmul.h) it leaves alone. */
#include "op/matmul.h"

#include "op/real.h"

#include <string.h>

enum { LANES = 16 };

/* Sixteen partial sums, so that the compiler may use vectors without reordering a sum that
 * the source does not reorder itself. */
static REAL dot(const REAL *restrict a, const REAL *restrict b, int n)
{
    REAL acc[LANES] = {0};
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            acc[j] += a[i + j] * b[i + j];
    for (int j = 0; i < n; i++, j++)
        acc[j] += a[i] * b[i];
    for (int step = LANES / 2; step; step /= 2)
        for (int j = 0; j < step; j++)
            acc[j] += acc[j + step];
    return acc[0];
}

/* `m` (at most LANES) numbers of a row of c; two of K per pass keep more sums in flight. */
static inline void block(REAL *restrict c, const REAL *restrict a, const REAL *restrict b,
                         int K, int ldb, int m)
{
    REAL even[LANES] = {0}, odd[LANES] = {0};
    int k = 0;
    for (; k + 2 <= K; k += 2, b += 2 * ldb)
        for (int j = 0; j < m; j++) {
            even[j] += a[k] * b[j];
            odd[j] += a[k + 1] * b[ldb + j];
        }
    for (int j = 0; j < m && k < K; j++)
        even[j] += a[k] * b[j];
    for (int j = 0; j < m; j++)
        c[j] += even[j] + odd[j];
}

static void row(REAL *restrict c, const REAL *restrict a, const REAL *restrict b, int N,
                int K, int ldb)
{
    int n = 0;
    for (; n + LANES <= N; n += LANES)
        block(c + n, a, b + n, K, ldb, LANES);
    if (N - n == LANES / 2)
        block(c + n, a, b + n, K, ldb, LANES / 2);
    else if (n < N)
        block(c + n, a, b + n, K, ldb, N - n);
}

void OP(matmul)(REAL *restrict c, const REAL *restrict a, const REAL *restrict b, int M,
                int N, int K, int lda, int ldb, int ldc, bool at, bool bt, bool add)
{
    for (int m = 0; !add && m < M; m++)
        memset(c + (size_t)m * (size_t)ldc, 0, (size_t)N * sizeof *c);
    for (int k = 0; at && k < K; k++) /* for gradients of weights: K is long, c small */
        for (int m = 0; m < M; m++) {
            const REAL s = a[k * lda + m];
            REAL *cm = c + m * ldc;
            for (int n = 0; n < N; n++)
                cm[n] += s * b[bt ? n * ldb + k : k * ldb + n];
        }
    for (int m = 0; !at && m < M; m++, a += lda, c += ldc)
        if (bt)
            for (int n = 0; n < N; n++)
                c[n] += dot(a, b + n * ldb, K);
        else
            row(c, a, b, N, K, ldb);
}

static REAL rounded(REAL x)
{
    const float f = (float)x;
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    bits = isnan(f) ? bits | 0x400000 : bits + 0x7fff + (bits >> 16 & 1);
    bits &= 0xffff0000;
    float y;
    memcpy(&y, &bits, sizeof y);
    return y;
}

void OP(matmul_bf16)(REAL *restrict c, const REAL *restrict a, const REAL *restrict b,
                     int M, int N, int K, int lda, int ldb, int ldc, bool at, bool bt,
                     bool add)
{
    if (!matmul_rounds(M, N, K)) {
        OP(matmul)(c, a, b, M, N, K, lda, ldb, ldc, at, bt, add);
        return;
    }
    for (int m = 0; m < M; m++)
        for (int n = 0; n < N; n++) {
            REAL sum = add ? c[m * ldc + n] : 0;
            for (int k = 0; k < K; k++)
                sum += rounded(a[at ? k * lda + m : m * lda + k]) *
                       rounded(b[bt ? n * ldb + k : k * ldb + n]);
            c[m * ldc + n] = sum;
        }
}
