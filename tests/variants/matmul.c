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

/* The same for blocks of rounded numbers: parts of and whole pairs, rows, vectors, panels,
 * several of each, and sums longer than what is rounded at a time. */
static const int large[][3] = {{32, 32, 32},  {33, 33, 47},   {48, 64, 256}, {53, 130, 300},
                               {97, 257, 65}, {20, 100, 515}, {32, 49, 33},  {100, 127, 34},
                               {70, 16, 64},  {65, 24, 130},  {100, 66, 17}, {15, 70, 70}};
enum { LARGE = sizeof large / sizeof *large };

/* Element (row, column) of a matrix or of the transposed one, in an array. */
static int at(int row, int column, int ld, bool transposed)
{
    return transposed ? column * ld + row : row * ld + column;
}

/* A sum of K products and one number in any order: at most K + 1 roundings of what is
 * never larger than the sum of magnitudes. Between rows, nothing may change. */
static double *bounds(product p, const pair *a, const pair *b, const pair *c, int lda,
                      int ldb, int ldc, double slack)
{
    double *bound = calloc(c->n, sizeof *bound);
    if (!bound)
        abort();
    for (int m = 0; m < p.M; m++)
        for (int n = 0; n < p.N; n++) {
            double sum = p.add ? fabs(c->d[m * ldc + n]) : 0;
            for (int k = 0; k < p.K; k++)
                sum += fabs(a->d[at(m, k, lda, p.at)] * b->d[at(k, n, ldb, p.bt)]);
            bound[m * ldc + n] = slack * (p.K + 1) * sum * FLT_EPSILON / 2;
        }
    return bound;
}

typedef void kernel(float *restrict, const float *restrict, const float *restrict, int, int,
                    int, int, int, int, bool, bool, bool);
typedef void oracle(double *restrict, const double *restrict, const double *restrict, int,
                    int, int, int, int, int, bool, bool, bool);

static void check(const variant *v, const char *name, kernel *f, oracle *d, product p,
                  double slack)
{
    const int lda = (p.at ? p.M : p.K) + GAP, ldb = (p.bt ? p.K : p.N) + GAP;
    const int ldc = p.N + GAP;
    /* arrays end with their last number: no gap behind it */
    pair a = pair_new((size_t)((p.at ? p.K : p.M) * lda - GAP), 1, 1);
    pair b = pair_new((size_t)((p.bt ? p.N : p.K) * ldb - GAP), 1, 2);
    pair c = pair_new((size_t)(p.M * ldc - GAP), 1, 3);
    char what[64];
    snprintf(what, sizeof what, "%s %dx%dx%d%s%s%s", name, p.M, p.N, p.K, p.at ? " at" : "",
             p.bt ? " bt" : "", p.add ? " add" : "");
    double *bound = bounds(p, &a, &b, &c, lda, ldb, ldc, slack);
    f(c.f, a.f, b.f, p.M, p.N, p.K, lda, ldb, ldc, p.at, p.bt, p.add);
    d(c.d, a.d, b.d, p.M, p.N, p.K, lda, ldb, ldc, p.at, p.bt, p.add);
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
            check(
                v, "matmul", v->k.matmul, dfn_matmul_f64,
                (product){sizes[i][0], sizes[i][1], sizes[i][2], way & 1, way & 2, way & 4},
                1);
}

/* Rounded numbers may be larger, by 2^-8 each; their products are exact. A pair of them
 * makes two roundings at most. */
void variant_matmul_bf16(const variant *v)
{
    for (int i = 0; i < SIZES + LARGE; i++)
        for (int way = 0; way < 8; way++) {
            const int *size = i < SIZES ? sizes[i] : large[i - SIZES];
            check(v, "matmul_bf16", v->k.matmul_bf16, dfn_matmul_bf16_f64,
                  (product){size[0], size[1], size[2], way & 1, way & 2, way & 4}, 1.01);
        }
}
