/* batch_norm.c - see op/batch_norm.c for the mathematics. Vectors run along channels. A sum
 * keeps what its additions lose (Knuth's exact addition), which stands in for sums in
 * double. */
#include "op/simd/simd.h"

typedef struct exact {
    vf sum, lost;
} exact;

static inline exact nothing(void) { return (exact){vf_set(0), vf_set(0)}; }

static inline exact plus(exact a, vf x)
{
    const vf sum = a.sum + x, part = sum - a.sum;
    return (exact){sum, a.lost + ((a.sum - (sum - part)) + (x - part))};
}

void SIMD(batch_norm_stats)(float *restrict mean, float *restrict var,
                            const float *restrict x, int N, int C)
{
    const vf share = vf_set((float)N);
    for (int c = 0; c < C; c += VF) {
        const size_t m = (size_t)(C - c);
        exact sum = nothing(), rest = nothing(), square = nothing();
        for (int n = 0; n < N; n++)
            sum = plus(sum, vf_load_some(x + n * C + c, m));
        const vf middle = (sum.sum + sum.lost) / share;
        for (int n = 0; n < N; n++) { /* around the mean as rounded, and what it lacks */
            const vf d = vf_load_some(x + n * C + c, m) - middle;
            rest = plus(rest, d);
            square = plus(square, d * d);
        }
        const vf shift = (rest.sum + rest.lost) / share;
        vf_store_some(mean + c, middle + shift, m);
        vf_store_some(var + c, vf_fnma(shift, shift, (square.sum + square.lost) / share),
                      m);
    }
}

void SIMD(batch_norm_fwd)(float *restrict y, const float *restrict x,
                          const float *restrict mean, const float *restrict var,
                          const float *restrict w, const float *restrict b, float eps,
                          int N, int C)
{
    for (int c = 0; c < C; c += VF) {
        const size_t m = (size_t)(C - c);
        const vf scale =
            vf_load_some(w + c, m) / vf_sqrt(vf_load_some(var + c, m) + vf_set(eps));
        const vf middle = vf_load_some(mean + c, m), shift = vf_load_some(b + c, m);
        for (int n = 0; n < N; n++) {
            const size_t at = (size_t)n * (size_t)C + (size_t)c;
            vf_store_some(y + at, vf_fma(vf_load_some(x + at, m) - middle, scale, shift),
                          m);
        }
    }
}

void SIMD(batch_norm_bwd)(float *restrict dx, float *restrict dw, float *restrict db,
                          const float *restrict dy, const float *restrict x,
                          const float *restrict mean, const float *restrict var,
                          const float *restrict w, float eps, bool batch, int N, int C)
{
    const vf share = vf_set((float)N), zero = vf_set(0);
    for (int c = 0; c < C; c += VF) {
        const size_t m = (size_t)(C - c);
        const vf r = vf_set(1) / vf_sqrt(vf_load_some(var + c, m) + vf_set(eps));
        const vf middle = vf_load_some(mean + c, m), scale = vf_load_some(w + c, m) * r;
        exact sum = nothing(), dot = nothing();
        for (int n = 0; n < N; n++) {
            const size_t at = (size_t)n * (size_t)C + (size_t)c;
            const vf g = vf_load_some(dy + at, m);
            sum = plus(sum, g);
            dot = plus(dot, g * ((vf_load_some(x + at, m) - middle) * r));
        }
        const vf to_b = sum.sum + sum.lost, to_w = dot.sum + dot.lost;
        if (db)
            vf_store_some(db + c, vf_load_some(db + c, m) + to_b, m);
        if (dw)
            vf_store_some(dw + c, vf_load_some(dw + c, m) + to_w, m);
        vf level = zero, slope = zero;
        if (batch) {
            level = to_b / share;
            slope = to_w / share;
        }
        for (int n = 0; n < N; n++) {
            const size_t at = (size_t)n * (size_t)C + (size_t)c;
            const vf z = (vf_load_some(x + at, m) - middle) * r;
            const vf g = vf_fnma(z, slope, vf_load_some(dy + at, m) - level);
            vf_store_some(dx + at, vf_fma(scale, g, vf_load_some(dx + at, m)), m);
        }
    }
}
