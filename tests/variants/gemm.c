/* gemm.c - packed products, and what prepares their input. */
#include "variants.h"

typedef struct layer {
    int N, G, I, O;
} layer;

/* Every way through the blocks: one to many rows, one to four tiles, several blocks, inputs
 * that fill units and phases and that do not, several groups; single outputs. */
static const layer layers[] = {
    {1, 1, 1, 1},     {2, 1, 3, 5},   {1, 1, 17, 16}, {4, 1, 9, 17},  {1, 1, 64, 33},
    {5, 1, 21, 48},   {3, 1, 32, 49}, {7, 1, 40, 64}, {1, 1, 33, 65}, {4, 1, 8, 130},
    {2, 1, 256, 768}, {1, 3, 16, 60}, {3, 2, 7, 5},   {2, 4, 96, 16}, {11, 2, 18, 34},
    {96, 1, 64, 64},  {3, 1, 192, 1}, {2, 3, 37, 1},  {1, 1, 600, 1}};
enum { LAYERS = sizeof layers / sizeof *layers };

typedef struct problem {
    layer l;
    void *block;
    dfn_packed w;
} problem;

static size_t count(layer l) { return (size_t)l.G * (size_t)l.O * (size_t)l.I; }

static problem problem_new(layer l, dfn_weight_format f, const pair *w, const pair *b)
{
    const size_t size = dfn_packed_size(l.G, l.I, l.O, f) * sizeof(float);
    problem p = {.l = l, .block = aligned_alloc(64, (size + 63) / 64 * 64)};
    if (!p.block || !size)
        abort();
    memset(p.block, 0, size);
    dfn_packed_fill(p.block, l.G, l.I, l.O, f,
                    &(packed_source){.w = w->f,
                                     .bias = b->f,
                                     .inner = l.I,
                                     .by_g = l.O * l.I,
                                     .by_o = l.I,
                                     .by_c = 1});
    p.w = dfn_packed_view(p.block, l.G, l.I, l.O, f);
    return p;
}

/* Sum of |a b| per output, from the unpacked weights: what roundings are measured by. */
static double *magnitudes(layer l, const pair *x, const pair *w, const pair *b, bool mixed)
{
    double *m = malloc((size_t)(l.N * l.G * l.O) * sizeof *m);
    if (!m)
        abort();
    for (int n = 0; n < l.N; n++)
        for (int g = 0; g < l.G; g++)
            for (int o = 0; o < l.O; o++) {
                double sum = fabs(b->d[g * l.O + o]);
                for (int i = 0; i < l.I; i++)
                    sum += fabs(x->d[n * l.G * l.I + (mixed ? i * l.G + g : g * l.I + i)] *
                                w->d[(g * l.O + o) * l.I + i]);
                m[(n * l.G + g) * l.O + o] = sum;
            }
    return m;
}

/* Rows of the result lie `gap` numbers apart; what is between them stays as it was. */
static void compare(const variant *v, const char *what, layer l, const float *y, int gap,
                    const double *want, const double *bound)
{
    for (int n = 0; n < l.N; n++) {
        const int row = l.G * l.O, ldy = row + gap;
        for (int o = 0; o < row; o++)
            CHECK(fabs((double)y[n * ldy + o] - want[n * ldy + o]) <= bound[n * row + o],
                  "%s, %s %dx%dx%dx%d [%d][%d]: %.9g, want %.9g +- %.3g", v->level, what,
                  l.N, l.G, l.I, l.O, n, o, (double)y[n * ldy + o], want[n * ldy + o],
                  bound[n * row + o]);
        for (int o = row; o < ldy; o++)
            CHECK(y[n * ldy + o] == -7777, "%s, %s %dx%dx%dx%d: wrote past row %d",
                  v->level, what, l.N, l.G, l.I, l.O, n);
    }
}

enum { GAP = 19 };

typedef struct results {
    float *f;
    double *d;
} results;

static results results_new(layer l)
{
    const size_t n = (size_t)(l.N * (l.G * l.O + GAP));
    results r = {malloc(n * sizeof *r.f), malloc(n * sizeof *r.d)};
    if (!r.f || !r.d)
        abort();
    for (size_t i = 0; i < n; i++)
        r.d[i] = r.f[i] = -7777;
    return r;
}

static void scale_all(double *bound, layer l, double factor)
{
    for (int i = 0; i < l.N * l.G * l.O; i++)
        bound[i] *= factor;
}

/* The results of one row, alone as beside others. */
static void compare_row(const variant *v, const char *what, layer l, const float *y, int n,
                        const float *one)
{
    variant_same(v, what, y + n * (l.G * l.O + GAP), one, (size_t)(l.G * l.O));
}

/* I products and sums, each with half an eps of error, in whatever order. */
void variant_gemm_f32(const variant *v)
{
    for (int i = 0; i < 4 * LAYERS; i++) { /* with and without relu and mixed groups */
        const layer l = layers[i / 4];
        pair x = pair_new((size_t)(l.N * l.G * l.I), 2, 1), w = pair_new(count(l), 1, 2);
        pair b = pair_new((size_t)(l.G * l.O), 1, 3);
        problem p = problem_new(l, DFN_WEIGHTS_F32, &w, &b);
        p.w.relu = i % 2;
        p.w.mixed = i % 4 / 2 && l.O > 1;
        double *bound = magnitudes(l, &x, &w, &b, p.w.mixed);
        results y = results_new(l), one = results_new(l);
        const int ldx = l.G * l.I, ldy = l.G * l.O + GAP;
        scale_all(bound, l, (l.I + 1) * (double)FLT_EPSILON);
        v->k.gemm_f32(y.f, x.f, &p.w, l.N, ldx, ldy);
        dfn_gemm_f32_f64(y.d, x.d, &p.w, l.N, ldx, ldy);
        compare(v, "gemm_f32", l, y.f, GAP, y.d, bound);
        for (int n = 0; n < l.N; n++) {
            v->k.gemm_f32(one.f, x.f + n * ldx, &p.w, 1, ldx, ldy);
            compare_row(v, "gemm_f32 of one row", l, y.f, n, one.f);
        }
        free(bound), free(y.f), free(y.d), free(one.f), free(one.d), free(p.block);
        pair_free(&x), pair_free(&w), pair_free(&b);
    }
}

/* As many taps as are asked for, each with the outputs of the layer; one sum more. With bf16
 * as in variant_gemm_bf16. */
static void check_overlap(const variant *v, layer l, int kt, dfn_weight_format format)
{
    const bool rounded = format == DFN_WEIGHTS_BF16;
    const int O = l.O;
    l.O *= kt;
    const size_t rows = (size_t)(l.N * l.G);
    pair x = pair_new(rows * (size_t)l.I, 2, 1), w = pair_new(count(l), 1, 2);
    pair b = pair_new((size_t)(l.G * l.O), 1, 3), y = pair_new(rows * (size_t)O, 1, 4);
    pair sums = pair_new(rows * (size_t)l.O, 1, 5);
    problem p = problem_new(l, format, &w, &b);
    double *bound = magnitudes(l, &x, &w, &b, false), *due = malloc(y.n * sizeof *due);
    uint16_t *h = malloc(rows * ((size_t)l.I + 1) * sizeof *h);
    if (!due || !h)
        abort();
    for (size_t k = 0; k < sums.n; k++) /* what is there is below 1 */
        bound[k] = ((rounded ? 1.02 : 1) * bound[k] + 1) * (l.I + 3) * (double)FLT_EPSILON;
    for (size_t k = 0; k < y.n; k++)
        due[k] = bound[k / (size_t)O * (size_t)l.O + k % (size_t)O];
    dfn_round_bf16_f64(h, x.d, l.N, l.G, l.I, l.G * l.I);
    if (rounded) {
        v->k.gemm_overlap_bf16(y.f, sums.f, h, &p.w, l.N, kt);
        dfn_gemm_overlap_bf16_f64(y.d, sums.d, h, &p.w, l.N, kt);
    } else {
        v->k.gemm_overlap(y.f, sums.f, x.f, &p.w, l.N, kt);
        dfn_gemm_overlap_f64(y.d, sums.d, x.d, &p.w, l.N, kt);
    }
    pair_check(v, "overlap, y", &y, due);
    pair_check(v, "overlap, sums", &sums, bound);
    free(h), free(bound), free(due), free(p.block);
    pair_free(&x), pair_free(&w), pair_free(&b), pair_free(&y), pair_free(&sums);
}

static void check_overlaps(const variant *v, dfn_weight_format format)
{
    static const int kernels[] = {2, 3, 5};
    for (int i = 0; i < 3 * LAYERS; i++)
        check_overlap(v, layers[i / 3], kernels[i % 3], format);
}

void variant_gemm_overlap(const variant *v) { check_overlaps(v, DFN_WEIGHTS_F32); }
void variant_gemm_overlap_bf16(const variant *v) { check_overlaps(v, DFN_WEIGHTS_BF16); }

/* The oracle gets the same rounded inputs. Instructions round a product of two to eps, and
 * lose what is below the normal numbers. */
void variant_gemm_bf16(const variant *v)
{
    for (int i = 0; i < 2 * LAYERS; i++) { /* with and without relu */
        const layer l = layers[i / 2];
        const int padded = l.I + l.I % 2, ldy = l.G * l.O + GAP;
        pair x = pair_new((size_t)(l.N * l.G * l.I), 2, 1), w = pair_new(count(l), 1, 2);
        pair b = pair_new((size_t)(l.G * l.O), 1, 3);
        problem p = problem_new(l, DFN_WEIGHTS_BF16, &w, &b);
        p.w.relu = i % 2;
        double *bound = magnitudes(l, &x, &w, &b, false);
        results y = results_new(l), one = results_new(l);
        uint16_t *h = malloc((size_t)(l.N * l.G * padded) * sizeof *h);
        scale_all(bound, l,
                  1.02 * (l.I + 2) * (double)FLT_EPSILON); /* 1.02: rounded weights */
        dfn_round_bf16_f64(h, x.d, l.N, l.G, l.I, l.G * l.I);
        v->k.gemm_bf16(y.f, h, &p.w, l.N, ldy);
        dfn_gemm_bf16_f64(y.d, h, &p.w, l.N, ldy);
        compare(v, "gemm_bf16", l, y.f, GAP, y.d, bound);
        for (int n = 0; n < l.N; n++) {
            v->k.gemm_bf16(one.f, h + n * l.G * padded, &p.w, 1, ldy);
            compare_row(v, "gemm_bf16 of one row", l, y.f, n, one.f);
        }
        free(h), free(bound), free(y.f), free(y.d), free(one.f), free(one.d), free(p.block);
        pair_free(&x), pair_free(&w), pair_free(&b);
    }
}

/* As loud as can be, signs as they were. */
static void loud(pair *p)
{
    for (size_t i = 0; i < p->n; i++)
        p->d[i] = (double)(p->f[i] = p->f[i] < 0 ? -1 : 1);
}

/* Sums are exact: what is left are the roundings of sum, scale, product and bias. */
void variant_gemm_int8(const variant *v)
{
    for (int i = 0; i < 4 * LAYERS;
         i++) { /* with and without relu, and the largest numbers */
        const layer l = layers[i / 4];
        const int padded = (l.I + 3) / 4 * 4, ldy = l.G * l.O + GAP;
        pair x = pair_new((size_t)(l.N * l.G * l.I), 2, 1), w = pair_new(count(l), 1, 2);
        pair b = pair_new((size_t)(l.G * l.O), 1, 3);
        if (i % 4 / 2)
            loud(&x), loud(&w);
        problem p = problem_new(l, DFN_WEIGHTS_INT8, &w, &b);
        p.w.relu = i % 2;
        results y = results_new(l);
        int8_t *q = malloc((size_t)(l.N * l.G * padded));
        float *s = malloc((size_t)l.N * sizeof *s);
        double *bound = malloc((size_t)(l.N * l.G * l.O) * sizeof *bound);
        dfn_quantize_int8_f64(q, s, x.d, l.N, l.G, l.I, l.G * l.I);
        v->k.gemm_int8(y.f, q, s, &p.w, l.N, ldy);
        dfn_gemm_int8_f64(y.d, q, s, &p.w, l.N, ldy);
        for (int n = 0; n < l.N; n++)
            for (int o = 0; o < l.G * l.O; o++)
                bound[n * l.G * l.O + o] =
                    (double)FLT_EPSILON * 2 * (fabs(y.d[n * ldy + o]) + 2 * fabs(b.d[o]));
        compare(v, "gemm_int8", l, y.f, GAP, y.d, bound);
        free(q), free(s), free(bound), free(y.f), free(y.d), free(p.block);
        pair_free(&x), pair_free(&w), pair_free(&b);
    }
}

static const layer vectors[] = {{1, 1, 1, 0},  {2, 1, 2, 0},  {1, 1, 7, 0}, {3, 1, 16, 0},
                                {2, 1, 31, 0}, {1, 1, 64, 0}, {2, 3, 5, 0}, {1, 2, 18, 0},
                                {2, 4, 33, 0}, {1, 1, 257, 0}};

/* Exactly what the oracle gives, ties, huge, tiny and special numbers included. */
void variant_round_bf16(const variant *v)
{
    static const float special[] = {0.0f,  -0.0f,  1.00390625f, 1.01171875f, 3.4e38f,
                                    -1.5f, 1e-40f, INFINITY,    -INFINITY,   NAN};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        const layer l = vectors[i];
        const int padded = l.I + l.I % 2, n = l.N * l.G * padded, ldx = l.G * l.I;
        pair x = pair_new((size_t)(l.N * ldx), 100, 4);
        uint16_t want[600], got[600];
        for (int j = 0; j < 10 && j < l.N * ldx; j++)
            x.d[j] = (double)(x.f[j] = special[(j + (int)i) % 10]);
        memset(got, 0xa5, sizeof got);
        v->k.round_bf16(got, x.f, l.N, l.G, l.I, ldx);
        dfn_round_bf16_f64(want, x.d, l.N, l.G, l.I, ldx);
        for (int j = 0; j < n; j++)
            CHECK(got[j] == want[j], "%s, round_bf16 of %d, [%d]: %#x, want %#x", v->level,
                  l.I, j, got[j], want[j]);
        for (int j = n; j < n + 40; j++)
            CHECK(got[j] == 0xa5a5, "%s, round_bf16 of %d: wrote past the end", v->level,
                  l.I);
        pair_free(&x);
    }
}

/* NaN or infinity anywhere makes the scale of its row NaN, of no other, and every integer
 * is still in range; the largest number does not. */
static void quantize_special(const variant *v)
{
    static const float special[] = {NAN, -NAN, INFINITY, -INFINITY, FLT_MAX, -FLT_MAX};
    enum { N = 3, I = 75, PADDED = 76 };
    for (size_t k = 0; k < sizeof special / sizeof *special; k++)
        for (int at = 0; at < I; at++) {
            pair x = pair_new(N * I, 2, 6);
            int8_t got[N * PADDED];
            float s[N], want[N];
            int8_t oracle[N * PADDED];
            x.d[I + at] = (double)(x.f[I + at] = special[k]);
            v->k.quantize_int8(got, s, x.f, N, 1, I, I);
            dfn_quantize_int8_f64(oracle, want, x.d, N, 1, I, I);
            for (int n = 0; n < N; n++)
                CHECK(n == 1 && !isfinite(special[k])
                          ? isnan(s[n]) && isnan(want[n])
                          : fabsf(s[n] - want[n]) <= FLT_EPSILON * want[n],
                      "%s, quantize_int8 with %g at %d: scale %d is %g, want %g", v->level,
                      (double)special[k], at, n, (double)s[n], (double)want[n]);
            for (int i = 0; i < N * PADDED; i++)
                CHECK(got[i] >= -127, "%s, quantize_int8 with %g at %d: [%d] is %d",
                      v->level, (double)special[k], at, i, got[i]);
            pair_free(&x);
        }
}

/* The scale to two roundings; a number that lies between two integers within those may go
 * either way. */
void variant_quantize_int8(const variant *v)
{
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        for (int zero = 0; zero < 2; zero++) {
            const layer l = vectors[i];
            const int padded = (l.I + 3) / 4 * 4, row = l.G * padded, ldx = l.G * l.I;
            pair x = pair_new((size_t)(l.N * ldx), zero ? 0 : 3e3, 5);
            int8_t got[1200];
            float s[3];
            memset(got, 0x55, sizeof got);
            v->k.quantize_int8(got, s, x.f, l.N, l.G, l.I, ldx);
            for (int n = 0; n < l.N; n++) {
                double top = 0;
                for (int j = 0; j < ldx; j++)
                    top = fmax(top, fabs(x.d[n * ldx + j]));
                CHECK(fabs((double)s[n] - top / 127) <= (double)FLT_EPSILON * top / 127,
                      "%s, quantize_int8 of %d: scale %g, want %g", v->level, l.I,
                      (double)s[n], top / 127);
                for (int j = 0; j < row; j++) {
                    const int in = j / padded * l.I + j % padded;
                    const double want =
                        j % padded < l.I && top > 0 ? x.d[n * ldx + in] * 127 / top : 0;
                    CHECK(fabs(got[n * row + j] - want) <=
                              0.5 + 127 * 2 * (double)FLT_EPSILON,
                          "%s, quantize_int8 of %d [%d]: %d, want %g", v->level, l.I, j,
                          got[n * row + j], want);
                }
            }
            for (int j = l.N * row; j < l.N * row + 64; j++)
                CHECK(got[j] == 0x55, "%s, quantize_int8 of %d: wrote past the end",
                      v->level, l.I);
            pair_free(&x);
        }
    quantize_special(v);
}
