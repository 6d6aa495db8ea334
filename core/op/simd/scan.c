/* scan.c - see op/selective_scan.c for the mathematics. Vectors run along the channels; one
 * of them goes through all frames before the next, so that its states stay in the first
 * cache. */
#include "op/simd/math.h"

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

static inline __attribute__((always_inline)) void channels_fwd(const channels *x, float *y,
                                                               float *h, size_t rest)
{
    const int M = x->M, N = x->N;
    const vf d = vf_load_some(x->d, rest);
    for (int t = 0; t < x->T; t++) {
        const vf u = vf_load_some(x->u + t * M, rest);
        const vf step = vf_load_some(x->delta + t * M, rest), back = vf_set(0) - step;
        const vf drive = step * u;
        vf sum = d * u;
        for (int n = 0; n < N; n++) {
            const vf decay = vf_exp2(back * vf_load_some(x->rate + n * M, rest));
            const vf after = vf_fma(decay, vf_load_some(h + n * M, rest),
                                    drive * vf_set(x->b[t * N + n]));
            vf_store_some(h + n * M, after, rest);
            sum = vf_fma(vf_set(x->c[t * N + n]), after, sum);
        }
        vf_store_some(y + t * M, sum, rest);
    }
}

void SIMD(scan_fwd)(float *restrict y, float *restrict h, const float *restrict u,
                    const float *restrict delta, const float *restrict b,
                    const float *restrict c, const float *restrict rate,
                    const float *restrict d, int T, int M, int N)
{
    const channels all = {u, delta, b, c, rate, d, T, M, N, (size_t)M};
    for (int m = 0; m < M; m += VF) {
        const channels x = from(&all, m);
        if (x.rest >= VF)
            channels_fwd(&x, y + m, h + m, VF);
        else
            channels_fwd(&x, y + m, h + m, x.rest);
    }
}

/* Where gradients are added, and what belongs to this vector of channels alone: vectors
 * [T][N], h [T + 1][N], and rate, drate and dh [N]. */
typedef struct gradient {
    float *du, *ddelta, *dd;
    const float *dy;
    float *h, *decay, *to_b, *to_c, *rate, *drate, *dh;
} gradient;

static inline void add_to(float *y, vf x, size_t n)
{
    vf_store_some(y, vf_load_some(y, n) + x, n);
}

/* States and decays of all frames. */
static inline __attribute__((always_inline)) void
again(const channels *x, const gradient *g, const float *h, size_t rest)
{
    const int M = x->M, N = x->N;
    for (int n = 0; n < N; n++)
        vf_store(g->h + n * VF, vf_load_some(h + n * M, rest));
    for (int t = 0; t < x->T; t++) {
        const vf step = vf_load_some(x->delta + t * M, rest), back = vf_set(0) - step;
        const vf drive = step * vf_load_some(x->u + t * M, rest);
        float *before = g->h + t * N * VF, *decay = g->decay + t * N * VF;
        for (int n = 0; n < N; n++) {
            const vf a = vf_exp2(back * vf_load(g->rate + n * VF));
            vf_store(decay + n * VF, a);
            vf_store(before + (N + n) * VF,
                     vf_fma(a, vf_load(before + n * VF), drive * vf_set(x->b[t * N + n])));
        }
    }
}

static inline __attribute__((always_inline)) void
channels_bwd(const channels *x, const gradient *g, size_t rest)
{
    const int M = x->M, N = x->N;
    const vf octave = vf_set(0.693147181f), zero = vf_set(0);
    const vf d = vf_load_some(x->d, rest);
    vf dd = zero;
    for (int t = x->T - 1; t >= 0; t--) {
        const vf u = vf_load_some(x->u + t * M, rest);
        const vf dy = vf_load_some(g->dy + t * M, rest);
        const vf step = vf_load_some(x->delta + t * M, rest), drive = step * u;
        const vf slope = zero - step * octave;
        const float *before = g->h + t * N * VF, *decay = g->decay + t * N * VF;
        float *to_b = g->to_b + t * N * VF, *to_c = g->to_c + t * N * VF;
        vf to_drive = zero, to_step = zero;
        for (int n = 0; n < N; n++) {
            const vf a = vf_load(decay + n * VF), after = vf_load(before + (N + n) * VF);
            const vf into = vf_fma(vf_set(x->c[t * N + n]), dy, vf_load(g->dh + n * VF));
            const vf kept = a * into;
            const vf to_exponent =
                kept * vf_load(before + n * VF) * vf_load(g->rate + n * VF);
            vf_store(to_c + n * VF, vf_fma(dy, after, vf_load(to_c + n * VF)));
            vf_store(to_b + n * VF, vf_fma(into, drive, vf_load(to_b + n * VF)));
            to_drive = vf_fma(into, vf_set(x->b[t * N + n]), to_drive);
            to_step = to_step + to_exponent;
            vf_store(g->drate + n * VF,
                     vf_fma(to_exponent, slope, vf_load(g->drate + n * VF)));
            vf_store(g->dh + n * VF, kept);
        }
        add_to(g->du + t * M, vf_fma(to_drive, step, d * dy), rest);
        add_to(g->ddelta + t * M, vf_fnma(to_step, octave, to_drive * u), rest);
        dd = vf_fma(dy, u, dd);
    }
    if (g->dd)
        add_to(g->dd, dd, rest);
}

/* Addresses a page apart look alike to a processor at first, so arrays that are walked side
 * by side start a quarter of one apart: n numbers, and what is missing. */
static inline size_t apart(size_t n)
{
    enum { PAGE = 4096 / sizeof(float) };
    return n + (PAGE + PAGE / 4 - n % PAGE) % PAGE;
}

/* From the states of this vector of channels to the arrays of all, and back. */
static inline void collect(const gradient *g, const float *rate, const float *dh, int M,
                           int N, size_t rest)
{
    for (int n = 0; n < N; n++) {
        vf_store(g->rate + n * VF, vf_load_some(rate + n * M, rest));
        vf_store(g->dh + n * VF, vf_load_some(dh + n * M, rest));
        vf_store(g->drate + n * VF, vf_set(0));
    }
}

static inline void hand_back(const gradient *g, float *drate, float *dh, int M, int N,
                             size_t rest)
{
    for (int n = 0; n < N; n++) {
        vf_store_some(dh + n * M, vf_load(g->dh + n * VF), rest);
        if (drate)
            add_to(drate + n * M, vf_load(g->drate + n * VF), rest);
    }
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
    const size_t part = (size_t)T * (size_t)N * VF, states = (size_t)N * VF;
    gradient g = {.to_b = work};
    g.to_c = g.to_b + apart(part);
    g.decay = g.to_c + apart(part);
    g.h = g.decay + apart(part);
    g.rate = g.h + part + states;
    g.drate = g.rate + states;
    g.dh = g.drate + states;
    for (size_t i = 0; i < part; i += VF) {
        vf_store(g.to_b + i, vf_set(0));
        vf_store(g.to_c + i, vf_set(0));
    }
    for (int m = 0; m < M; m += VF) {
        const channels x = from(&all, m);
        g.du = du + m;
        g.ddelta = ddelta + m;
        g.dd = dd ? dd + m : NULL;
        g.dy = dy + m;
        collect(&g, x.rate, dh + m, M, N, x.rest);
        if (x.rest >= VF) {
            again(&x, &g, h + m, VF);
            channels_bwd(&x, &g, VF);
        } else {
            again(&x, &g, h + m, x.rest);
            channels_bwd(&x, &g, x.rest);
        }
        hand_back(&g, drate ? drate + m : NULL, dh + m, M, N, x.rest);
    }
    for (int i = 0; i < T * N; i++) {
        db[i] += vf_sum(vf_load(g.to_b + i * VF));
        dc[i] += vf_sum(vf_load(g.to_c + i * VF));
    }
}
