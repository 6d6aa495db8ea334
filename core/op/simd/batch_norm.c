/* batch_norm.c - see op/batch_norm.c for the mathematics.
 *
 * Vectors run along channels. Rows that are no whole vectors long are taken several at a
 * time: channel c of the first one and of the others are columns of their own until the
 * end, where sums of the same channel are added up. */
#include "op/simd/simd.h"

#include <math.h>
#include <string.h>

enum {
    MOST = 1024,    /* columns */
    ALONE = 4 * VF, /* channels at a time, of rows too long for that */
    BLOCK = 64,     /* rows that are summed up plainly */
    START = 16      /* rows for a first guess of the mean */
};

/* Channels `first` .. + C as W columns: `rows` whole rows of them, ld numbers apart, and
 * the first `rest` columns of one more. */
typedef struct columns {
    int first, C, W, rows, rest, ld;
} columns;

static columns columns_of(int first, int N, int C)
{
    int together = 1;
    while (together * C % VF)
        together *= 2;
    const int W = together * C, left = C - first;
    if (W <= MOST)
        return (columns){0, C, W, N / together, N % together * C, W};
    const int some = left < ALONE ? left : ALONE;
    return (columns){first, some, some, N, 0, C};
}

/* Numbers of channels, for all columns. */
static void repeat(float *to, const float *x, const columns *s)
{
    for (int i = 0; i < s->W; i++)
        to[i] = x[i % s->C];
}

/* A sum that keeps what its additions lose (Knuth). */
typedef struct exact {
    vf sum, lost;
} exact;

static inline exact plus(exact a, vf x)
{
    const vf sum = a.sum + x, part = sum - a.sum;
    return (exact){sum, a.lost + ((a.sum - (sum - part)) + (x - part))};
}

/* Two sums over the rows of one vector of columns. */
typedef struct sums {
    vf a, b;
} sums;

/* What is summed: of x (and dy), around a mean, times r; gain and shift make y of x. */
typedef struct terms {
    const float *x, *dy, *mean, *r, *gain, *shift;
} terms;

/* What there is to know when sums are compiled. */
typedef struct task {
    bool grad, relu;
} task;

/* dy where the ReLU let y pass, which is d = x - mean scaled. */
static inline vf passed(vf dy, vf d, vf gain, vf shift)
{
    const vf zero = vf_set(0);
    return vf_select(vf_gt(vf_fma(d, gain, shift), zero), dy, zero);
}

/* `n` of the lanes count. */
static inline __attribute__((always_inline)) sums term(const terms *t, size_t at, int i,
                                                       int n, task k)
{
    const size_t m = (size_t)n;
    const vf zero = vf_set(0), x = vf_load_some(t->x + at, m);
    vf d = x - vf_load_some(t->mean + i, m);
    if (n < VF)
        d = vf_first(d, n, zero);
    if (!k.grad)
        return (sums){d, d * d};
    vf dy = vf_load_some(t->dy + at, m);
    if (k.relu)
        dy = passed(dy, d, vf_load_some(t->gain + i, m), vf_load_some(t->shift + i, m));
    return (sums){dy, dy * (d * vf_load_some(t->r + i, m))};
}

static inline void add_lanes(double *to, exact x, int i, int n, const columns *s)
{
    float sum[VF], lost[VF];
    vf_store(sum, x.sum);
    vf_store(lost, x.lost);
    for (int j = 0; j < n; j++)
        to[(i + j) % s->C] += (double)sum[j] + (double)lost[j];
}

/* Sums per channel over all rows, in a[C] and b[C]. */
static inline __attribute__((always_inline)) void
sum_up(double *a, double *b, const terms *t, const columns *s, task what)
{
    const vf zero = vf_set(0);
    memset(a, 0, (size_t)s->C * sizeof *a);
    memset(b, 0, (size_t)s->C * sizeof *b);
    for (int i = 0; i < s->W; i += VF) {
        const int n = s->W - i < VF ? s->W - i : VF;
        exact sa = {zero, zero}, sb = sa;
        for (int row = 0; row < s->rows; row += BLOCK) {
            sums part[4] = {{zero, zero}, {zero, zero}, {zero, zero}, {zero, zero}};
            const int end = s->rows - row < BLOCK ? s->rows : row + BLOCK;
            int k = row;
            for (; k + 4 <= end; k += 4)
                SIMD_UNROLL for (int j = 0; j < 4; j++)
                {
                    const size_t at = (size_t)(k + j) * (size_t)s->ld + (size_t)i;
                    const sums x = term(t, at, i, n, what);
                    part[j] = (sums){part[j].a + x.a, part[j].b + x.b};
                }
            for (; k < end; k++) {
                const sums x = term(t, (size_t)k * (size_t)s->ld + (size_t)i, i, n, what);
                part[0] = (sums){part[0].a + x.a, part[0].b + x.b};
            }
            sa = plus(sa, (part[0].a + part[1].a) + (part[2].a + part[3].a));
            sb = plus(sb, (part[0].b + part[1].b) + (part[2].b + part[3].b));
        }
        if (i < s->rest) {
            const int m = s->rest - i < n ? s->rest - i : n;
            const sums x = term(t, (size_t)s->rows * (size_t)s->ld + (size_t)i, i, m, what);
            sa = plus(sa, x.a);
            sb = plus(sb, x.b);
        }
        add_lanes(a, sa, i, n, s);
        add_lanes(b, sb, i, n, s);
    }
}

/* Around a first guess, so that nothing large is subtracted in the end. */
void SIMD(batch_norm_stats)(float *restrict mean, float *restrict var,
                            const float *restrict x, int N, int C)
{
    float middle[MOST];
    double sum[MOST], square[MOST];
    for (int c = 0; c < C; c += ALONE) {
        const columns s = columns_of(c, N, C);
        const int rows = N < START ? N : START;
        for (int i = 0; i < s.C; i++) {
            float first = 0;
            for (int n = 0; n < rows; n++)
                first += x[n * C + s.first + i];
            mean[s.first + i] = first / (float)rows;
        }
        repeat(middle, mean + s.first, &s);
        const terms t = {.x = x + s.first, .mean = middle};
        sum_up(sum, square, &t, &s, (task){0});
        for (int i = 0; i < s.C; i++) {
            const double shift = sum[i] / N, v = square[i] / N - shift * shift;
            mean[s.first + i] = (float)((double)middle[i] + shift);
            var[s.first + i] = v > 0 ? (float)v : 0;
        }
        if (s.C == C)
            return;
    }
}

/* n columns of `rows` rows, vector after vector: what all rows need stays in registers. */
static inline __attribute__((always_inline)) void
normalize(float *y, const float *x, const float *mean, const float *scale,
          const float *shift, bool relu, int rows, int ld, int n)
{
    for (int i = 0; i < n; i += VF) {
        const size_t m = (size_t)(n - i);
        const vf middle = vf_load_some(mean + i, m), gain = vf_load_some(scale + i, m);
        const vf level = vf_load_some(shift + i, m);
        for (int k = 0, at = i; k < rows; k++, at += ld) {
            const vf v = vf_fma(vf_load_some(x + at, m) - middle, gain, level);
            vf_store_some(y + at, relu ? vf_max(vf_set(0), v) : v, m); /* NaN stays */
        }
    }
}

/* Rows that are taken together: of one vector all, of more one, in the order of memory. */
static inline int block_rows(const columns *s) { return s->W <= VF ? s->rows : 1; }

void SIMD(batch_norm_fwd)(float *restrict y, const float *restrict x,
                          const float *restrict mean, const float *restrict var,
                          const float *restrict w, const float *restrict b, float eps,
                          bool relu, int N, int C)
{
    float middle[MOST], scale[MOST], shift[MOST];
    for (int c = 0; c < C; c += ALONE) {
        const columns s = columns_of(c, N, C);
        repeat(middle, mean + s.first, &s);
        repeat(shift, b + s.first, &s);
        for (int i = 0; i < s.W; i++) {
            const int from = s.first + i % s.C;
            scale[i] = w[from] / sqrtf(var[from] + eps);
        }
        size_t at = (size_t)s.first;
        const int rows = block_rows(&s);
        for (int n = 0; n < s.rows; n += rows, at += (size_t)rows * (size_t)s.ld)
            normalize(y + at, x + at, middle, scale, shift, relu, rows, s.ld, s.W);
        at = (size_t)s.first + (size_t)s.rows * (size_t)s.ld;
        normalize(y + at, x + at, middle, scale, shift, relu, 1, 0, s.rest);
        if (s.C == C)
            return;
    }
}

/* Numbers of every column: dx += scale (dy - level - (x - mean) slope). */
typedef struct slopes {
    float mean[MOST], scale[MOST], level[MOST], slope[MOST], gain[MOST], shift[MOST];
} slopes;

static inline __attribute__((always_inline)) void block_bwd(float *dx, const float *dy,
                                                            const float *x, const slopes *p,
                                                            bool add, bool relu, int rows,
                                                            int ld, int n)
{
    for (int i = 0; i < n; i += VF) {
        const size_t m = (size_t)(n - i);
        const vf mean = vf_load_some(p->mean + i, m), scale = vf_load_some(p->scale + i, m);
        const vf level = vf_load_some(p->level + i, m);
        const vf slope = vf_load_some(p->slope + i, m);
        const vf gain = vf_load_some(p->gain + i, m), shift = vf_load_some(p->shift + i, m);
        for (int k = 0, at = i; k < rows; k++, at += ld) {
            const vf d = vf_load_some(x + at, m) - mean, up = vf_load_some(dy + at, m);
            const vf g =
                vf_fnma(d, slope, (relu ? passed(up, d, gain, shift) : up) - level);
            const vf old = add ? vf_load_some(dx + at, m) : vf_set(0);
            vf_store_some(dx + at, vf_fma(scale, g, old), m);
        }
    }
}

static inline __attribute__((always_inline)) void rows_bwd(float *dx, const float *dy,
                                                           const float *x, const slopes *p,
                                                           const columns *s, bool add,
                                                           bool relu)
{
    size_t at = (size_t)s->first;
    const int rows = block_rows(s);
    for (int n = 0; n < s->rows; n += rows, at += (size_t)rows * (size_t)s->ld)
        block_bwd(dx + at, dy + at, x + at, p, add, relu, rows, s->ld, s->W);
    at = (size_t)s->first + (size_t)s->rows * (size_t)s->ld;
    block_bwd(dx + at, dy + at, x + at, p, add, relu, 1, 0, s->rest);
}

void SIMD(batch_norm_bwd)(float *dx, float *restrict dw, float *restrict db,
                          const float *dy, const float *restrict x,
                          const float *restrict mean, const float *restrict var,
                          const float *restrict w, const float *restrict b, float eps,
                          bool batch, bool add, bool relu, int N, int C)
{
    double sum[MOST], dot[MOST];
    float r[MOST];
    slopes p;
    for (int c = 0; c < C; c += ALONE) {
        const columns s = columns_of(c, N, C);
        repeat(p.mean, mean + s.first, &s);
        repeat(p.shift, b + s.first, &s);
        for (int i = 0; i < s.W; i++) {
            const int from = s.first + i % s.C;
            const float root = sqrtf(var[from] + eps);
            r[i] = 1 / root;
            p.gain[i] = w[from] / root;
        }
        const terms t = {x + s.first, dy + s.first, p.mean, r, p.gain, p.shift};
        if (relu)
            sum_up(sum, dot, &t, &s, (task){.grad = true, .relu = true});
        else
            sum_up(sum, dot, &t, &s, (task){.grad = true});
        for (int i = 0; i < s.C; i++) {
            if (db)
                db[s.first + i] += (float)sum[i];
            if (dw)
                dw[s.first + i] += (float)dot[i];
        }
        for (int i = 0; i < s.W; i++) {
            const int from = i % s.C;
            p.scale[i] = w[s.first + from] * r[i];
            p.level[i] = batch ? (float)(sum[from] / N) : 0;
            p.slope[i] = batch ? (float)(dot[from] / N) * r[i] : 0;
        }
        if (relu && !add)
            rows_bwd(dx, dy, x, &p, &s, false, true);
        else if (add)
            rows_bwd(dx, dy, x, &p, &s, true, relu);
        else
            rows_bwd(dx, dy, x, &p, &s, false, false);
        if (s.C == C)
            return;
    }
}
