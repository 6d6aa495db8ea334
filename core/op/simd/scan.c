/* scan.c - see op/selective_scan.c for the mathematics. Vectors run along the channels; one
 * of them goes through all frames before the next, so that its states stay in the first
 * cache. */
#include "op/simd/math.h"

#if defined(DFN_SIMD_AVX512)
enum { AHEAD = 8, STATES = 4 }; /* states that stay in registers: forward and backward */
#else
enum { AHEAD = 4, STATES = 2 };
#endif

/* Vectors that go through one frame side by side: whole lines of memory, two where there are
 * registers, since rows of states and rates often lie a power of two apart, and lines at
 * such addresses drive each other out of the first cache. */
enum { SIDE = VF > 4 ? 32 / VF : 4 };

/* What goes in, from one vector of channels on; `rest` of them, or VF if there are as many.
 */
typedef struct channels {
    const float *u, *delta, *b, *c, *rate, *d;
    int T, M, N;
    size_t rest;
} channels;

static inline channels from(const channels *all, int m)
{
    channels x = *all;
    x.u += m;
    x.delta += m;
    x.rate += m;
    x.d += m;
    x.rest = (size_t)(all->M - m);
    return x;
}

/* What states n .. n + B - 1 add to y in all frames. */
static inline __attribute__((always_inline)) void
states_fwd(const channels *x, float *y, float *h, int n, const int B, size_t rest)
{
    const int M = x->M, N = x->N;
    vf state[AHEAD], rate[AHEAD];
    SIMD_UNROLL for (int i = 0; i < B; i++)
    {
        state[i] = vf_load_some(h + (n + i) * M, rest);
        rate[i] = vf_load_some(x->rate + (n + i) * M, rest);
    }
    for (int t = 0; t < x->T; t++) {
        const float *b = x->b + t * N + n, *c = x->c + t * N + n;
        const vf u = vf_load_some(x->u + t * M, rest);
        const vf step = vf_load_some(x->delta + t * M, rest), back = vf_set(0) - step;
        const vf drive = step * u;
        vf sum = vf_load_some(n ? y + t * M : x->d, rest);
        if (!n)
            sum = sum * u;
        SIMD_UNROLL for (int i = 0; i < B; i++)
        {
            state[i] = vf_fma(vf_exp2(back * rate[i]), state[i], drive * vf_set(b[i]));
            sum = vf_fma(vf_set(c[i]), state[i], sum);
        }
        vf_store_some(y + t * M, sum, rest);
    }
    SIMD_UNROLL for (int i = 0; i < B; i++) vf_store_some(h + (n + i) * M, state[i], rest);
}

/* All states in one frame: the same sums, but none of them goes through memory. K vectors
 * side by side. */
static inline __attribute__((always_inline)) void
frame_fwd(const channels *x, float *y, float *h, size_t rest, const int K)
{
    vf back[SIDE], drive[SIDE], sum[SIDE];
    SIMD_UNROLL for (int k = 0; k < K; k++)
    {
        const vf u = vf_load_some(x->u + k * VF, rest);
        const vf step = vf_load_some(x->delta + k * VF, rest);
        back[k] = vf_set(0) - step;
        drive[k] = step * u;
        sum[k] = vf_load_some(x->d + k * VF, rest) * u;
    }
    for (int n = 0; n < x->N; n++)
        SIMD_UNROLL for (int k = 0; k < K; k++)
        {
            const int at = n * x->M + k * VF;
            const vf decay = vf_exp2(back[k] * vf_load_some(x->rate + at, rest));
            const vf state =
                vf_fma(decay, vf_load_some(h + at, rest), drive[k] * vf_set(x->b[n]));
            vf_store_some(h + at, state, rest);
            sum[k] = vf_fma(vf_set(x->c[n]), state, sum[k]);
        }
    SIMD_UNROLL for (int k = 0; k < K; k++) vf_store_some(y + k * VF, sum[k], rest);
}

static inline __attribute__((always_inline)) void channels_fwd(const channels *x, float *y,
                                                               float *h, size_t rest)
{
    int n = 0;
    if (x->T == 1) {
        frame_fwd(x, y, h, rest, 1);
        return;
    }
    for (; n + AHEAD <= x->N; n += AHEAD)
        states_fwd(x, y, h, n, AHEAD, rest);
    for (; n < x->N; n++)
        states_fwd(x, y, h, n, 1, rest);
}

void SIMD(scan_fwd)(float *restrict y, float *restrict h, const float *restrict u,
                    const float *restrict delta, const float *restrict b,
                    const float *restrict c, const float *restrict rate,
                    const float *restrict d, int T, int M, int N)
{
    const channels all = {u, delta, b, c, rate, d, T, M, N, (size_t)M};
    int m = 0;
    for (; T == 1 && m + SIDE * VF <= M; m += SIDE * VF) {
        const channels x = from(&all, m);
        frame_fwd(&x, y + m, h + m, VF, SIDE);
    }
    for (; m < M; m += VF) {
        const channels x = from(&all, m);
        if (x.rest >= VF)
            channels_fwd(&x, y + m, h + m, VF);
        else
            channels_fwd(&x, y + m, h + m, x.rest);
    }
}

/* Where gradients are added, and what belongs to one vector of channels and a block of B
 * states: vectors [T][B], h [T + 1][B]. */
typedef struct gradient {
    float *du, *ddelta, *dh, *drate; /* drate may be NULL */
    const float *dy, *before;        /* before: states [N][M] */
    float *h, *decay, *to_b, *to_c;
} gradient;

static inline void add_to(float *y, vf x, size_t n)
{
    vf_store_some(y, vf_load_some(y, n) + x, n);
}

/* States n .. n + B - 1 and their decays in all frames. */
static inline __attribute__((always_inline)) void
again(const channels *x, const gradient *g, int n, const int B, size_t rest)
{
    const int M = x->M, N = x->N;
    vf state[STATES], rate[STATES];
    SIMD_UNROLL for (int i = 0; i < B; i++)
    {
        state[i] = vf_load_some(g->before + (n + i) * M, rest);
        rate[i] = vf_load_some(x->rate + (n + i) * M, rest);
        vf_store(g->h + i * VF, state[i]);
    }
    for (int t = 0; t < x->T; t++) {
        const vf step = vf_load_some(x->delta + t * M, rest), back = vf_set(0) - step;
        const vf drive = step * vf_load_some(x->u + t * M, rest);
        SIMD_UNROLL for (int i = 0; i < B; i++)
        {
            const vf a = vf_exp2(back * rate[i]);
            state[i] = vf_fma(a, state[i], drive * vf_set(x->b[t * N + n + i]));
            vf_store(g->decay + (t * B + i) * VF, a);
            vf_store(g->h + ((t + 1) * B + i) * VF, state[i]);
        }
    }
}

/* The same states backwards; what they carry from frame to frame stays in registers. */
static inline __attribute__((always_inline)) void back(const channels *x, const gradient *g,
                                                       int n, const int B, size_t rest)
{
    const int M = x->M, N = x->N;
    const vf octave = vf_set(0.693147181f), zero = vf_set(0);
    vf dh[STATES], drate[STATES], rate[STATES], after[STATES];
    SIMD_UNROLL for (int i = 0; i < B; i++)
    {
        dh[i] = vf_load_some(g->dh + (n + i) * M, rest);
        drate[i] = zero;
        rate[i] = vf_load_some(x->rate + (n + i) * M, rest);
        after[i] = vf_load(g->h + (x->T * B + i) * VF);
    }
    for (int t = x->T - 1; t >= 0; t--) {
        const vf u = vf_load_some(x->u + t * M, rest);
        const vf dy = vf_load_some(g->dy + t * M, rest);
        const vf step = vf_load_some(x->delta + t * M, rest), drive = step * u;
        const vf slope = zero - step * octave;
        const float *b = x->b + t * N + n, *c = x->c + t * N + n;
        vf to_drive = zero, to_step = zero;
        SIMD_UNROLL for (int i = 0; i < B; i++)
        {
            const int at = (t * B + i) * VF;
            const vf before = vf_load(g->h + at);
            const vf into = vf_fma(vf_set(c[i]), dy, dh[i]);
            dh[i] = vf_load(g->decay + at) * into;
            const vf to_exponent = dh[i] * before * rate[i];
            vf_store(g->to_c + at, vf_fma(dy, after[i], vf_load(g->to_c + at)));
            vf_store(g->to_b + at, vf_fma(into, drive, vf_load(g->to_b + at)));
            to_drive = vf_fma(into, vf_set(b[i]), to_drive);
            to_step = to_step + to_exponent;
            drate[i] = vf_fma(to_exponent, slope, drate[i]);
            after[i] = before;
        }
        add_to(g->du + t * M, to_drive * step, rest);
        add_to(g->ddelta + t * M, vf_fnma(to_step, octave, to_drive * u), rest);
    }
    SIMD_UNROLL for (int i = 0; i < B; i++)
    {
        vf_store_some(g->dh + (n + i) * M, dh[i], rest);
        if (g->drate)
            add_to(g->drate + (n + i) * M, drate[i], rest);
    }
}

/* A block of B states of all channels. The sums over channels of one vector are in work
 * until all of them are in. */
static inline __attribute__((always_inline)) void
block_bwd(const channels *all, gradient g, float *db, float *dc, int n, const int B)
{
    const int size = all->T * B * VF, M = all->M, N = all->N;
    for (int i = 0; i < size; i += VF) {
        vf_store(g.to_b + i, vf_set(0));
        vf_store(g.to_c + i, vf_set(0));
    }
    for (int m = 0; m < M; m += VF) {
        const channels x = from(all, m);
        const gradient at = {.du = g.du + m,
                             .ddelta = g.ddelta + m,
                             .dh = g.dh + m,
                             .drate = g.drate ? g.drate + m : NULL,
                             .dy = g.dy + m,
                             .before = g.before + m,
                             .h = g.h,
                             .decay = g.decay,
                             .to_b = g.to_b,
                             .to_c = g.to_c};
        if (x.rest >= VF) {
            again(&x, &at, n, B, VF);
            back(&x, &at, n, B, VF);
        } else {
            again(&x, &at, n, B, x.rest);
            back(&x, &at, n, B, x.rest);
        }
    }
    for (int i = 0; i < all->T * B; i++) {
        db[i / B * N + n + i % B] += vf_sum(vf_load(g.to_b + i * VF));
        dc[i / B * N + n + i % B] += vf_sum(vf_load(g.to_c + i * VF));
    }
}

/* The way around the states: y = d u. */
static void skip_bwd(const channels *x, float *du, float *dd, const float *dy)
{
    const int M = x->M;
    for (int m = 0; m < M; m += VF) {
        const size_t rest = (size_t)(M - m);
        const vf d = vf_load_some(x->d + m, rest);
        vf sum = vf_set(0);
        for (int t = 0; t < x->T; t++) {
            const vf dyt = vf_load_some(dy + t * M + m, rest);
            add_to(du + t * M + m, d * dyt, rest);
            sum = vf_fma(dyt, vf_load_some(x->u + t * M + m, rest), sum);
        }
        if (dd)
            add_to(dd + m, sum, rest);
    }
}

/* Addresses a page apart look alike to a processor at first, so arrays that are walked side
 * by side start a quarter of one apart: n numbers, and what is missing. */
static inline size_t apart(size_t n)
{
    enum { PAGE = 4096 / sizeof(float) };
    return n + (PAGE + PAGE / 4 - n % PAGE) % PAGE;
}

void SIMD(scan_bwd)(float *du, float *ddelta, float *db, float *dc, float *restrict drate,
                    float *restrict dd, float *restrict dh, float *restrict work,
                    const float *restrict dy, const float *restrict h,
                    const float *restrict u, const float *restrict delta,
                    const float *restrict b, const float *restrict c,
                    const float *restrict rate, const float *restrict d, int T, int M,
                    int N)
{
    const channels all = {u, delta, b, c, rate, d, T, M, N, (size_t)M};
    const size_t part = (size_t)T * STATES * VF;
    gradient g = {.du = du,
                  .ddelta = ddelta,
                  .dh = dh,
                  .drate = drate,
                  .dy = dy,
                  .before = h,
                  .to_b = work};
    g.to_c = g.to_b + apart(part);
    g.decay = g.to_c + apart(part);
    g.h = g.decay + apart(part);
    skip_bwd(&all, du, dd, dy);
    int n = 0;
    for (; n + STATES <= N; n += STATES)
        block_bwd(&all, g, db, dc, n, STATES);
    for (; n < N; n++)
        block_bwd(&all, g, db, dc, n, 1);
}
