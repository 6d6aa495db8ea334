/* matmul.c - products of plain matrices. */
#include "variants.h"

typedef struct product {
    int M, N, K;
    bool at, bt, add;
} product;

/* Every way through the blocks: one to many rows, parts of vectors, whole ones, one to
 * several panels, short and long sums, few rows times a transposed matrix. */
static const int sizes[][3] = {{1, 1, 1},    {2, 3, 5},     {3, 16, 17},   {17, 5, 40},
                               {21, 33, 9},  {13, 64, 33},  {40, 15, 64},  {7, 70, 130},
                               {16, 10, 10}, {5, 130, 300}, {33, 48, 128}, {12, 9, 257}};
enum { SIZES = sizeof sizes / sizeof *sizes, GAP = 5 };

/* Element (row, column) of a matrix or of the transposed one, in an array. */
static int at(int row, int column, int ld, bool transposed)
{
    return transposed ? column * ld + row : row * ld + column;
}

/* A sum of K products and one number in any order: at most K + 1 roundings of what is
 * never larger than the sum of magnitudes. Between rows, nothing may change. */
static double *bounds(product p, const pair *a, const pair *b, const pair *c, int lda,
                      int ldb, int ldc)
{
    double *bound = calloc(c->n, sizeof *bound);
    if (!bound)
        abort();
    for (int m = 0; m < p.M; m++)
        for (int n = 0; n < p.N; n++) {
            double sum = p.add ? fabs(c->d[m * ldc + n]) : 0;
            for (int k = 0; k < p.K; k++)
                sum += fabs(a->d[at(m, k, lda, p.at)] * b->d[at(k, n, ldb, p.bt)]);
            bound[m * ldc + n] = (p.K + 1) * sum * FLT_EPSILON / 2;
        }
    return bound;
}

static void check(const variant *v, product p)
{
    const int lda = (p.at ? p.M : p.K) + GAP, ldb = (p.bt ? p.K : p.N) + GAP;
    const int ldc = p.N + GAP;
    /* arrays end with their last number: no gap behind it */
    pair a = pair_new((size_t)((p.at ? p.K : p.M) * lda - GAP), 1, 1);
    pair b = pair_new((size_t)((p.bt ? p.N : p.K) * ldb - GAP), 1, 2);
    pair c = pair_new((size_t)(p.M * ldc - GAP), 1, 3);
    char what[64];
    snprintf(what, sizeof what, "matmul %dx%dx%d%s%s%s", p.M, p.N, p.K, p.at ? " at" : "",
             p.bt ? " bt" : "", p.add ? " add" : "");
    double *bound = bounds(p, &a, &b, &c, lda, ldb, ldc);
    v->k.matmul(c.f, a.f, b.f, p.M, p.N, p.K, lda, ldb, ldc, p.at, p.bt, p.add);
    dfn_matmul_f64(c.d, a.d, b.d, p.M, p.N, p.K, lda, ldb, ldc, p.at, p.bt, p.add);
    pair_check(v, what, &c, bound);
    free(bound);
    pair_free(&a);
    pair_free(&b);
    pair_free(&c);
}

void variant_matmul(const variant *v)
{
    for (int i = 0; i < SIZES; i++)
        for (int way = 0; way < 8; way++)
            check(v, (product){sizes[i][0], sizes[i][1], sizes[i][2], way & 1, way & 2,
                               way & 4});
}
