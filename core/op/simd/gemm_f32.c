/* gemm_f32.c - packed product in float32; see gemm.c and gemm.h. */
#include "op/simd/simd.h"

enum { UNIT = 1 };
typedef float input, weight;
typedef vf unit, sums;

static inline unit unit_set(const input *x) { return vf_set(*x); }
static inline sums sums_zero(void) { return vf_set(0); }
static inline sums sums_start(const ends *e, int j) { return vf_load(e->bias + j); }
static inline sums sums_dot(sums s, unit x, const weight *w)
{
    return vf_fma(x, vf_load(w), s);
}
static inline sums sums_add(sums s, sums t) { return s + t; }
static inline vf sums_end(sums s, const ends *e, int j, float scale)
{
    (void)e;
    (void)j;
    (void)scale;
    return s;
}

#include "op/simd/gemm.h"
#include "op/simd/gemm_overlap.h"

/* sum w[i] x[i]; w is padded with zeros to whole tiles. */
static inline float dot(const float *w, const float *x, int n)
{
    vf s[4] = {vf_set(0), vf_set(0), vf_set(0), vf_set(0)};
    int i = 0;
    for (; i + 4 * VF <= n; i += 4 * VF)
        SIMD_UNROLL for (int j = 0; j < 4; j++) s[j] =
            vf_fma(vf_load(x + i + j * VF), vf_load(w + i + j * VF), s[j]);
    for (; i < n; i += VF)
        s[0] = vf_fma(vf_load_some(x + i, (size_t)(n - i)), vf_load(w + i), s[0]);
    return vf_sum((s[0] + s[1]) + (s[2] + s[3]));
}

static void single(float *restrict y, const float *restrict x, const dfn_packed *w, int N,
                   int ldx, int ldy)
{
    for (int g = 0; g < w->G; g++) {
        const float *wg = (const float *)w->tile + (size_t)g * packed_group(w) / sizeof *wg;
        for (int n = 0; n < N; n++) {
            const float sum =
                w->bias[g * PACKED_TILE] + dot(wg, x + n * ldx + g * w->I, w->I);
            y[n * ldy + g] = w->relu && sum < 0 ? 0 : sum;
        }
    }
}

void SIMD(gemm_f32)(float *restrict y, const float *restrict x, const dfn_packed *w, int N,
                    int ldx, int ldy)
{
    if (packed_single(w)) {
        single(y, x, w, N, ldx, ldy);
        return;
    }
    gemm(y, x, NULL, w, N, ldx, ldy);
}

void SIMD(gemm_overlap)(float *restrict y, float *restrict kept, const float *restrict x,
                        const dfn_packed *w, int N, int kt)
{
    overlap(y, kept, x, w, N, kt);
}
