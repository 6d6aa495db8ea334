/* matmul_bf16.c - see op/matmul.c: products of pairs along K, 32 numbers an instruction.
 *
 * Both operands are rounded on the way into blocks of pairs that fit the caches, where a
 * word holds two numbers that are neighbours along K. Up to WIDE vectors of columns of B at
 * a time meet all rows of a block of A; results stay in registers over up to DEPTH of K.
 *
 * The instruction takes denormal numbers for zero and rounds each sum of two products, as
 * far as its order goes, in a way of its own, but always alike. */
#include "op/matmul.h"
#include "op/simd/simd.h"

void dfn_matmul_avx512(float *restrict c, const float *restrict a, const float *restrict b,
                       int M, int N, int K, int lda, int ldb, int ldc, bool at, bool bt,
                       bool add);

static inline vf product(vf sum, vf a, vf b)
{
    return _mm512_dpbf16_ps(sum, (__m512bh)b, (__m512bh)a);
}

#include "op/simd/panel.h"

enum {
    DEPTH = 256,
    PAIRS = DEPTH / 2,
    PANEL = WIDE * VF,
    PANELS = 2, /* of B that are rounded at a time */
    BLOCK = 48, /* rows of A */
    PITCH = PAIRS + VF,
};

/* Two vectors rounded, lo in the lower half. */
static inline __m512i both(vf lo, vf hi) { return (__m512i)_mm512_cvtne2ps_pbh(hi, lo); }

static inline vf part(const float *p, int n)
{
    return n > 0 ? vf_load_some(p, (size_t)n) : vf_set(0);
}

/* Pairs along a row of `n` numbers, in whole vectors; zeros behind. */
static inline __m512i along(const float *row, int n)
{
    return both(part(row, n), part(row + VF, n - VF));
}

/* to[m][PITCH] = pairs of from[m][depth] */
static void pack_rows(float *to, const float *from, int ld, int depth, int M)
{
    for (int m = 0; m < M; m++, from += ld, to += PITCH)
        for (int k = 0; k < depth; k += 2 * VF)
            _mm512_storeu_si512(to + k / 2, along(from + k, depth - k));
}

/* to[pair][width] = pairs of neighbours in from[depth][n], in whole vectors */
static void pack_columns(float *to, int width, const float *from, int ld, int depth, int n)
{
    const __m512i zip =
        _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23,
                         7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    for (int k = 0; k < depth; k += 2, from += 2 * (ptrdiff_t)ld, to += width)
        for (int j = 0; j < n; j += VF) {
            const vf lo = part(from + j, n - j);
            const vf hi = part(from + ld + j, k + 1 < depth ? n - j : 0);
            _mm512_storeu_si512(to + j, _mm512_permutexvar_epi16(zip, both(lo, hi)));
        }
}

/* to[pair][PANEL] = pairs along the rows of from[n][depth], in whole vectors */
static void pack_turned(float *to, const float *from, int ld, int depth, int n)
{
    for (int j = 0; j < n; j += VF)
        for (int k = 0; k < depth; k += 2 * VF) {
            vf x[2][VF];
            for (int i = 0; i < VF; i++)
                x[0][i] = _mm512_castsi512_ps(
                    j + i < n ? along(from + (ptrdiff_t)(j + i) * ld + k, depth - k)
                              : _mm512_setzero_si512());
            int now = 0;
            for (int step = 1; step < VF; step *= 2, now = !now)
                for (int i = 0; i < VF / 2; i++)
                    vf_zip(x[now][i], x[now][i + VF / 2], &x[!now][2 * i],
                           &x[!now][2 * i + 1]);
            for (int i = 0; i < VF && k + 2 * i < depth; i++)
                vf_store(to + (k / 2 + i) * PANEL + j, x[now][i]);
        }
}

/* The rows of a product: all of A with up to PANELS panels of B in pairs. */
static void sweep(panel p, const float *a, int lda, bool at, const float *b, int M, int N,
                  int depth)
{
    float packed[BLOCK * PITCH];
    _Static_assert(PAIRS * BLOCK <= BLOCK * PITCH, "either order fits");
    float *c = p.c;
    for (int m = 0; m < M; m += BLOCK) {
        const int high = M - m < BLOCK ? M - m : BLOCK;
        if (at)
            pack_columns(packed, BLOCK, a + m, lda, depth, high);
        else
            pack_rows(packed, a + (ptrdiff_t)m * lda, lda, depth, high);
        p.a = packed;
        for (int n = 0; n < N; n += PANEL) {
            const int wide = N - n < PANEL ? N - n : PANEL, V = (wide + VF - 1) / VF;
            p.c = c + (ptrdiff_t)m * p.ldc + n;
            p.b = b + (ptrdiff_t)(n / PANEL) * PAIRS * PANEL;
            p.last = wide - (V - 1) * VF;
            if (at)
                panel_rows(&p, high, V, true, BLOCK);
            else
                panel_rows(&p, high, V, false, PITCH);
        }
    }
}

static void blocks(float *c, const float *a, const float *b, int M, int N, int K, int lda,
                   int ldb, int ldc, bool at, bool bt, bool add)
{
    float packed[PANELS * PAIRS * PANEL];
    for (int k = 0; k < K; k += DEPTH)
        for (int n = 0; n < N; n += PANELS * PANEL) {
            const int wide = N - n < PANELS * PANEL ? N - n : PANELS * PANEL;
            const int depth = K - k < DEPTH ? K - k : DEPTH;
            for (int j = 0; j < wide; j += PANEL) {
                float *to = packed + (ptrdiff_t)(j / PANEL) * PAIRS * PANEL;
                const int columns = wide - j < PANEL ? wide - j : PANEL;
                if (bt)
                    pack_turned(to, b + (ptrdiff_t)(n + j) * ldb + k, ldb, depth, columns);
                else
                    pack_columns(to, PANEL, b + (ptrdiff_t)k * ldb + n + j, ldb, depth,
                                 columns);
            }
            const panel p = {.c = c + n,
                             .ldc = ldc,
                             .ldb = PANEL,
                             .depth = (depth + 1) / 2,
                             .add = add || k};
            sweep(p, at ? a + (ptrdiff_t)k * lda : a + k, lda, at, packed, M, wide, depth);
        }
}

void SIMD(matmul_bf16)(float *restrict c, const float *restrict a, const float *restrict b,
                       int M, int N, int K, int lda, int ldb, int ldc, bool at, bool bt,
                       bool add)
{
    if (matmul_rounds(M, N, K))
        blocks(c, a, b, M, N, K, lda, ldb, ldc, at, bt, add);
    else
        dfn_matmul_avx512(c, a, b, M, N, K, lda, ldb, ldc, at, bt, add);
}
