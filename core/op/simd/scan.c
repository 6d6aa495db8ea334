/* scan.c - see op/selective_scan.c for the mathematics. Vectors run along the N numbers of
 * a channel's state. */
#include "op/simd/math.h"

/* What one vector of states does in one frame. */
typedef struct moved {
    vf decay, after;
} moved;

static inline moved move(vf before, vf step, vf rate, vf drive, vf b)
{
    const vf decay = vf_exp(step * rate);
    return (moved){decay, vf_fma(decay, before, drive * b)};
}

/* One frame. `whole`: N is a multiple of VF. */
static inline void frame(float *y, float *h, float *trace, const float *u,
                         const float *delta, const float *b, const float *c,
                         const float *rate, const float *d, int first, int M, int N,
                         bool whole)
{
    for (int m = first; m < M; m++) {
        const vf step = vf_set(-delta[m]), drive = vf_set(delta[m] * u[m]);
        vf sum = vf_set(0);
        for (int n = 0; n < N; n += VF) {
            const size_t rest = whole ? VF : (size_t)(N - n);
            const int i = m * N + n;
            const vf before = vf_load_some(h + i, rest);
            const moved s = move(before, step, vf_load_some(rate + i, rest), drive,
                                 vf_load_some(b + n, rest));
            if (trace) {
                vf_store_some(trace + i, s.decay, rest);
                vf_store_some(trace + M * N + i, before, rest);
            }
            vf_store_some(h + i, s.after, rest);
            sum = vf_fma(vf_load_some(c + n, rest), s.after, sum);
        }
        if (y)
            y[m] = vf_sum(sum) + d[m] * u[m];
    }
}

/* One frame, two channels of VF / 2 states in a vector; returns how many are done. */
static inline int frame_of_pairs(float *y, float *h, float *trace, const float *u,
                                 const float *delta, const float *b, const float *c,
                                 const float *rate, const float *d, int M)
{
    const vf drive_by = vf_load_twice(b), read_by = vf_load_twice(c);
    int m = 0;
    for (; m + 2 <= M; m += 2) {
        const int i = m * (VF / 2);
        const vf step = vf_halves(-delta[m], -delta[m + 1]);
        const vf drive = vf_halves(delta[m] * u[m], delta[m + 1] * u[m + 1]);
        const vf before = vf_load(h + i);
        const moved s = move(before, step, vf_load(rate + i), drive, drive_by);
        if (trace) {
            vf_store(trace + i, s.decay);
            vf_store(trace + M * (VF / 2) + i, before);
        }
        vf_store(h + i, s.after);
        if (y) {
            y[m] = vf_sum_low(read_by * s.after) + d[m] * u[m];
            y[m + 1] = vf_sum_high(read_by * s.after) + d[m + 1] * u[m + 1];
        }
    }
    return m;
}

void SIMD(scan_fwd)(float *restrict y, float *restrict h, float *restrict trace,
                    const float *restrict u, const float *restrict delta,
                    const float *restrict b, const float *restrict c,
                    const float *restrict rate, const float *restrict d, int T, int M,
                    int N)
{
    for (int t = 0; t < T; t++, u += M, delta += M, b += N, c += N) {
        const int pairs =
            2 * N == VF ? frame_of_pairs(y, h, trace, u, delta, b, c, rate, d, M) : 0;
        if (N % VF == 0)
            frame(y, h, trace, u, delta, b, c, rate, d, 0, M, N, true);
        else
            frame(y, h, trace, u, delta, b, c, rate, d, pairs, M, N, false);
        y = y ? y + M : NULL;
        trace = trace ? trace + 2 * (size_t)(M * N) : NULL;
    }
}

/* One frame of `rest` channels, or of VF if there are as many. */
static inline void channels(float *y, float *h, const float *u, const float *delta,
                            const float *b, const float *c, const float *rate,
                            const float *d, int M, int N, size_t rest)
{
    const vf um = vf_load_some(u, rest), step = vf_load_some(delta, rest);
    const vf drive = step * um, back = vf_set(0) - step;
    vf sum = vf_load_some(d, rest) * um;
    for (int n = 0; n < N; n++, h += M, rate += M) {
        const vf decay = vf_exp2(back * vf_load_some(rate, rest));
        const vf after = vf_fma(decay, vf_load_some(h, rest), drive * vf_set(b[n]));
        vf_store_some(h, after, rest);
        sum = vf_fma(vf_set(c[n]), after, sum);
    }
    vf_store_some(y, sum, rest);
}

void SIMD(scan_run)(float *restrict y, float *restrict h, const float *restrict u,
                    const float *restrict delta, const float *restrict b,
                    const float *restrict c, const float *restrict rate,
                    const float *restrict d, int T, int M, int N)
{
    for (int t = 0; t < T; t++, y += M, u += M, delta += M, b += N, c += N) {
        int m = 0;
        for (; m + VF <= M; m += VF)
            channels(y + m, h + m, u + m, delta + m, b, c, rate + m, d + m, M, N, VF);
        if (m < M)
            channels(y + m, h + m, u + m, delta + m, b, c, rate + m, d + m, M, N,
                     (size_t)(M - m));
    }
}

/* One frame backwards: where it reads and adds. db and dc may be one array, and du and
 * ddelta; drate and dd may be NULL. */
typedef struct gradient {
    float *du, *ddelta, *drate, *dd, *dh;
    const float *dy, *decay, *before, *u, *delta, *rate;
} gradient;

/* Sums for b and c over the channels. */
typedef struct sums {
    vf b, c;
} sums;

/* States i .. i + rest of it, whose b and c are given. What comes back is to be summed over
 * the states of a channel: gradients of the drive and of the exponent. */
typedef struct totals {
    vf drive, exponent;
} totals;

static inline totals states_bwd(const gradient *a, sums *s, int i, size_t rest, vf b, vf c,
                                vf drive, vf dy, vf delta)
{
    const vf decay = vf_load_some(a->decay + i, rest);
    const vf kept = decay * vf_load_some(a->before + i, rest);
    const vf g = vf_fma(c, dy, vf_load_some(a->dh + i, rest));
    const vf to_exponent = vf_set(0) - g * kept * vf_load_some(a->rate + i, rest);
    s->c = vf_fma(dy, vf_fma(drive, b, kept), s->c);
    s->b = vf_fma(g, drive, s->b);
    if (a->drate) {
        float *to = a->drate + i;
        vf_store_some(to, vf_fma(to_exponent, delta, vf_load_some(to, rest)), rest);
    }
    vf_store_some(a->dh + i, decay * g, rest);
    return (totals){g * b, to_exponent};
}

static inline void channel_bwd(const gradient *a, int m, float to_drive, float to_delta)
{
    a->du[m] += to_drive * a->delta[m];
    a->ddelta[m] += to_delta + to_drive * a->u[m];
}

/* States n .. n + rest of the channels from `first` on. */
static inline void rows_bwd(const gradient *a, sums *s, const float *b, const float *c,
                            int first, int M, int N, int n, size_t rest)
{
    const vf vb = vf_load_some(b + n, rest), vc = vf_load_some(c + n, rest);
    for (int m = first; m < M; m++) {
        const totals t =
            states_bwd(a, s, m * N + n, rest, vb, vc, vf_set(a->delta[m] * a->u[m]),
                       vf_set(a->dy[m]), vf_set(a->delta[m]));
        channel_bwd(a, m, vf_sum(t.drive), vf_sum(t.exponent));
    }
}

/* As frame_of_pairs. */
static inline int pairs_bwd(const gradient *a, sums *s, const float *b, const float *c,
                            int M)
{
    const vf vb = vf_load_twice(b), vc = vf_load_twice(c);
    const float *delta = a->delta, *u = a->u;
    int m = 0;
    for (; m + 2 <= M; m += 2) {
        const totals t = states_bwd(a, s, m * (VF / 2), VF, vb, vc,
                                    vf_halves(delta[m] * u[m], delta[m + 1] * u[m + 1]),
                                    vf_halves(a->dy[m], a->dy[m + 1]),
                                    vf_halves(delta[m], delta[m + 1]));
        channel_bwd(a, m, vf_sum_low(t.drive), vf_sum_low(t.exponent));
        channel_bwd(a, m + 1, vf_sum_high(t.drive), vf_sum_high(t.exponent));
    }
    s->b = vf_fold(s->b);
    s->c = vf_fold(s->c);
    return m;
}

static inline void add_to(float *y, vf x, size_t n)
{
    vf_store_some(y, vf_load_some(y, n) + x, n);
}

void SIMD(scan_bwd)(float *du, float *ddelta, float *db, float *dc, float *restrict drate,
                    float *restrict dd, float *restrict dh, const float *restrict dy,
                    const float *restrict trace, const float *restrict u,
                    const float *restrict delta, const float *restrict b,
                    const float *restrict c, const float *restrict rate,
                    const float *restrict d, int M, int N)
{
    const gradient a = {du,    ddelta,        drate, dd,    dh,  dy,
                        trace, trace + M * N, u,     delta, rate};
    for (int m = 0; m < M; m++) {
        du[m] += d[m] * dy[m];
        if (dd)
            dd[m] += dy[m] * u[m];
    }
    for (int n = 0; n < N; n += VF) {
        const size_t rest = (size_t)(N - n);
        sums s = {vf_set(0), vf_set(0)};
        if (rest >= VF)
            rows_bwd(&a, &s, b, c, 0, M, N, n, VF);
        else
            rows_bwd(&a, &s, b, c, 2 * N == VF ? pairs_bwd(&a, &s, b, c, M) : 0, M, N, n,
                     rest);
        add_to(db + n, s.b, rest);
        add_to(dc + n, s.c, rest);
    }
}
