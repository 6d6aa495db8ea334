/* conv_window.c - see op/conv_window.c for the mathematics. Vectors run along channels or
 * outputs, and sums stay in registers. */
#include "op/simd/simd.h"

#include <string.h>

/* Taps of an output bin that look at a bin there is: from .. to - 1. Tap 0 is at `first`.
 */
typedef struct taps {
    int first, from, to;
} taps;

static inline taps taps_of(int f, int F, int kf, int stride, int pad)
{
    const int first = f * stride - pad;
    const int to = F - first < kf ? F - first : kf, from = first < 0 ? -first : 0;
    return from < to ? (taps){first, from, to} : (taps){first, 0, 0};
}

static inline void copy(float *restrict p, const float *restrict x, int n)
{
    for (int i = 0; i < n; i += VF)
        vf_store_some(p + i, vf_load_some(x + i, (size_t)(n - i)), (size_t)(n - i));
}

static inline void clear(float *p, int n)
{
    for (int i = 0; i < n; i += VF)
        vf_store_some(p + i, vf_set(0), (size_t)(n - i));
}

/* The taps of one bin and frame: in one piece where the group has all channels. */
static inline void window(float *restrict p, const float *restrict x, int nc, int C, int kf,
                          taps t)
{
    clear(p, t.from * nc);
    clear(p + t.to * nc, (kf - t.to) * nc);
    x += (t.first + t.from) * C;
    p += t.from * nc;
    const int n = t.to - t.from;
    if (nc == C)
        copy(p, x, n * nc);
    else if (nc == 1)
        for (int k = 0; k < n; k++)
            p[k] = x[k * C];
    else
        for (int k = 0; k < n; k++)
            copy(p + k * nc, x + k * C, nc);
}

/* Pieces of n numbers: `row` apart in the windows, `step` apart in the frame. */
static inline __attribute__((always_inline)) void copy_pieces(float *restrict p,
                                                              const float *restrict x,
                                                              int count, int row, int step,
                                                              const int n)
{
    for (int f = 0; f < count; f++, p += row, x += step)
        memcpy(p, x, (size_t)n * sizeof *p);
}

/* Windows `from` .. `to` - 1, bin by bin. */
static inline void windows(float *restrict p, const float *const *x, int nc, int F, int C,
                           int from, int to, int kt, int kf, int stride, int pad)
{
    p += from * kt * kf * nc;
    for (int f = from; f < to; f++) {
        const taps t = taps_of(f, F, kf, stride, pad);
        for (int d = 0; d < kt; d++, p += kf * nc)
            if (x[d])
                window(p, x[d], nc, C, kf, t);
            else
                clear(p, kf * nc);
    }
}

/* n whole vectors of a frame, likewise. */
static inline __attribute__((always_inline)) void copy_vectors(float *restrict p,
                                                               const float *restrict x,
                                                               int count, int row, int step,
                                                               const int n)
{
    for (int f = 0; f < count; f++, p += row, x += step)
        for (int i = 0; i < n; i++)
            vf_store(p + i * VF, vf_load(x + i * VF));
}

/* Of one frame, into windows that lie within; n is 3, 6 or fills vectors. */
static inline void short_windows(float *restrict p, const float *x, int count, int row,
                                 int step, int n)
{
    for (int f = 0; !x && f < count; f++)
        clear(p + f * row, n);
    if (x && n == 3)
        copy_pieces(p, x, count, row, step, 3);
    else if (x && n == 6)
        copy_pieces(p, x, count, row, step, 6);
    else if (x && n == VF)
        copy_vectors(p, x, count, row, step, 1);
    else if (x && n == 2 * VF)
        copy_vectors(p, x, count, row, step, 2);
    else if (x)
        copy_vectors(p, x, count, row, step, n / VF);
}

/* The windows that lie within, from `first` to `end` - 1. */
typedef struct within {
    int first, end;
} within;

static inline within windows_within(int F, int Fo, int kf, int stride, int pad)
{
    const int room = F - kf + pad;
    if (room < 0)
        return (within){Fo, Fo};
    const int first = pad > 0 ? (pad + stride - 1) / stride : 0;
    const int end = room / stride < Fo ? room / stride + 1 : Fo;
    return (within){first < end ? first : end, end};
}

/* Where finding out what to copy takes longer than copying it, windows go frame by frame:
 * three bins of a magnitude or a spectrum, or whole vectors. */
void SIMD(conv_windows)(float *restrict p, const float *const *x, int nc, int F, int C,
                        int Fo, int kt, int kf, int stride, int pad)
{
    const int n = kf * nc, row = kt * n;
    within in = {Fo, Fo};
    if (nc == C && (n == 3 || n == 6 || n % VF == 0))
        in = windows_within(F, Fo, kf, stride, pad);
    windows(p, x, nc, F, C, 0, in.first, kt, kf, stride, pad);
    for (int d = 0; d < kt && in.first < in.end; d++)
        short_windows(p + in.first * row + d * n,
                      x[d] ? x[d] + (in.first * stride - pad) * C : NULL, in.end - in.first,
                      row, stride * C, n);
    windows(p, x, nc, F, C, in.end, Fo, kt, kf, stride, pad);
}

static inline void add_to(float *restrict x, const float *restrict p, int n)
{
    for (int i = 0; i < n; i += VF)
        vf_store_some(x + i,
                      vf_load_some(x + i, (size_t)(n - i)) +
                          vf_load_some(p + i, (size_t)(n - i)),
                      (size_t)(n - i));
}

static inline void scatter(float *const *dx, const float *restrict dp, int nc, int F, int C,
                           int from, int to, int kt, int kf, int stride, int pad)
{
    dp += from * kt * kf * nc;
    for (int f = from; f < to; f++) {
        const taps t = taps_of(f, F, kf, stride, pad);
        const int at = (t.first + t.from) * C, n = t.to - t.from;
        for (int d = 0; d < kt; d++, dp += kf * nc) {
            const float *p = dp + t.from * nc;
            if (dx[d] && nc == C)
                add_to(dx[d] + at, p, n * nc);
            for (int k = 0; dx[d] && nc != C && k < n; k++)
                add_to(dx[d] + at + k * C, p + k * nc, nc);
        }
    }
}

void SIMD(conv_scatter)(float *const *dx, const float *restrict dp, int nc, int F, int C,
                        int Fo, int kt, int kf, int stride, int pad)
{
    const int n = kf * nc, row = kt * n;
    within in = {Fo, Fo};
    if (nc == C && n % VF == 0)
        in = windows_within(F, Fo, kf, stride, pad);
    scatter(dx, dp, nc, F, C, 0, in.first, kt, kf, stride, pad);
    for (int d = 0; d < kt; d++) {
        float *to = dx[d] ? dx[d] + (in.first * stride - pad) * C : NULL;
        const float *from = dp + in.first * row + d * n;
        for (int f = in.first; to && f < in.end; f++, to += stride * C, from += row)
            for (int i = 0; i < n; i += VF)
                vf_store(to + i, vf_load(to + i) + vf_load(from + i));
    }
    scatter(dx, dp, nc, F, C, in.end, Fo, kt, kf, stride, pad);
}

void SIMD(conv_repeat)(float *restrict y, const float *restrict x, int n, int times)
{
    int i = 0;
    for (; times == 2 && i + VF <= n; i += VF) {
        const vf v = vf_load(x + i);
        vf low, high;
        vf_zip(v, v, &low, &high);
        vf_store(y + 2 * i, low);
        vf_store(y + 2 * i + VF, high);
    }
    for (; i < n; i++)
        for (int j = 0; j < times; j += VF)
            vf_store_some(y + i * times + j, vf_set(x[i]), (size_t)(times - j));
}

/* n vectors of channels from c on, `rest` of a vector each. */
static inline __attribute__((always_inline)) void
depthwise_bin(float *y, const float *const *x, const float *w, const float *b, int C,
              int kt, int kf, taps t, int c, const int n, size_t rest)
{
    vf sum[4];
    SIMD_UNROLL
    for (int j = 0; j < n; j++)
        sum[j] = b ? vf_load_some(b + c + j * VF, rest) : vf_set(0);
    for (int d = 0; d < kt; d++)
        for (int k = t.from; x[d] && k < t.to; k++) {
            const float *xk = x[d] + (t.first + k) * C + c, *wk = w + (d * kf + k) * C + c;
            SIMD_UNROLL
            for (int j = 0; j < n; j++)
                sum[j] = vf_fma(vf_load_some(xk + j * VF, rest),
                                vf_load_some(wk + j * VF, rest), sum[j]);
        }
    SIMD_UNROLL
    for (int j = 0; j < n; j++)
        vf_store_some(y + c + j * VF, sum[j], rest);
}

/* A kernel of one number: no windows. */
static void depthwise_scale(float *restrict y, const float *restrict x,
                            const float *restrict w, const float *restrict b, int F, int C)
{
    for (int c = 0; c < C; c += VF) {
        const size_t rest = (size_t)(C - c);
        const vf wc = vf_load_some(w + c, rest),
                 bc = b ? vf_load_some(b + c, rest) : vf_set(0);
        if (rest >= VF)
            for (int i = c; i < F * C; i += C)
                vf_store(y + i, vf_fma(vf_load(x + i), wc, bc));
        else
            for (int i = c; i < F * C; i += C)
                vf_store_part(y + i, vf_fma(vf_load_part(x + i, C - c), wc, bc), C - c);
    }
}

void SIMD(conv_depthwise_fwd)(float *restrict y, const float *const *x,
                              const float *restrict w, const float *restrict b, int F,
                              int C, int Fo, int kt, int kf, int stride, int pad)
{
    if (kt == 1 && kf == 1 && stride == 1 && F == Fo && x[0]) {
        depthwise_scale(y, x[0], w, b, F, C);
        return;
    }
    for (int f = 0; f < Fo; f++, y += C) {
        const taps t = taps_of(f, F, kf, stride, pad);
        int c = 0;
        for (; c + 4 * VF <= C; c += 4 * VF)
            depthwise_bin(y, x, w, b, C, kt, kf, t, c, 4, VF);
        for (; c + 2 * VF <= C; c += 2 * VF)
            depthwise_bin(y, x, w, b, C, kt, kf, t, c, 2, VF);
        for (; c + VF <= C; c += VF)
            depthwise_bin(y, x, w, b, C, kt, kf, t, c, 1, VF);
        if (c < C)
            depthwise_bin(y, x, w, b, C, kt, kf, t, c, 1, (size_t)(C - c));
    }
}

/* One vector of channels of one output bin. */
static inline void depthwise_bin_bwd(float *const *dx, float *dw, vf dy,
                                     const float *const *x, const float *w, int C, int kt,
                                     int kf, taps t, int c, size_t rest)
{
    for (int d = 0; d < kt; d++)
        for (int k = t.from; k < t.to; k++) {
            const int at = (t.first + k) * C + c, tap = (d * kf + k) * C + c;
            if (dx && dx[d]) {
                const vf old = vf_load_some(dx[d] + at, rest);
                vf_store_some(dx[d] + at, vf_fma(dy, vf_load_some(w + tap, rest), old),
                              rest);
            }
            if (dw && x[d]) {
                const vf old = vf_load_some(dw + tap, rest);
                vf_store_some(dw + tap, vf_fma(dy, vf_load_some(x[d] + at, rest), old),
                              rest);
            }
        }
}

void SIMD(conv_depthwise_bwd)(float *const *dx, float *restrict dw,
                              const float *restrict dy, const float *const *x,
                              const float *restrict w, int F, int C, int Fo, int kt, int kf,
                              int stride, int pad)
{
    for (int f = 0; f < Fo; f++, dy += C) {
        const taps t = taps_of(f, F, kf, stride, pad);
        int c = 0;
        for (; c + VF <= C; c += VF)
            depthwise_bin_bwd(dx, dw, vf_load(dy + c), x, w, C, kt, kf, t, c, VF);
        if (c < C)
            depthwise_bin_bwd(dx, dw, vf_load_some(dy + c, (size_t)(C - c)), x, w, C, kt,
                              kf, t, c, (size_t)(C - c));
    }
}

/* `rows` windows by n vectors of outputs. */
static inline __attribute__((always_inline)) void
narrow_block(float *y, const float *p, const float *w, const float *b, int K, int O,
             int stride, const int rows, const int n, size_t rest)
{
    vf sum[4][2], wk[2];
    SIMD_UNROLL
    for (int r = 0; r < rows; r++) {
        SIMD_UNROLL
        for (int j = 0; j < n; j++)
            sum[r][j] = b ? vf_load_some(b + j * VF, rest) : vf_set(0);
    }
    for (int k = 0; k < K; k++) {
        SIMD_UNROLL
        for (int j = 0; j < n; j++)
            wk[j] = vf_load_some(w + k * O + j * VF, rest);
        SIMD_UNROLL
        for (int r = 0; r < rows; r++) {
            const vf x = vf_set(p[r * K + k]);
            SIMD_UNROLL
            for (int j = 0; j < n; j++)
                sum[r][j] = vf_fma(x, wk[j], sum[r][j]);
        }
    }
    SIMD_UNROLL
    for (int r = 0; r < rows; r++) {
        SIMD_UNROLL
        for (int j = 0; j < n; j++)
            vf_store_some(y + r * stride + j * VF, sum[r][j], rest);
    }
}

/* All outputs of `rows` windows. */
static inline __attribute__((always_inline)) void narrow_rows(float *y, const float *p,
                                                              const float *w,
                                                              const float *b, int K, int O,
                                                              int stride, int rows)
{
    int o = 0;
    for (; o + 2 * VF <= O; o += 2 * VF)
        narrow_block(y + o, p, w + o, b ? b + o : NULL, K, O, stride, rows, 2, VF);
    for (; o < O; o += VF)
        narrow_block(y + o, p, w + o, b ? b + o : NULL, K, O, stride, rows, 1,
                     (size_t)(O - o));
}

void SIMD(conv_narrow_fwd)(float *restrict y, const float *restrict p,
                           const float *restrict w, const float *restrict b, int N, int K,
                           int O, int stride)
{
    int n = 0;
    for (; n + 4 <= N; n += 4)
        narrow_rows(y + n * stride, p + n * K, w, b, K, O, stride, 4);
    for (; n < N; n++)
        narrow_rows(y + n * stride, p + n * K, w, b, K, O, stride, 1);
}
