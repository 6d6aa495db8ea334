/* gru.c - see op/gru.c for the mathematics. */
#include "op/simd/math.h"

/* Units at a time. In one go, the tanh of each would wait for its r: too long a chain for the
 * processor to find enough that is independent behind it. */
enum { UNITS = 64 };

/* The sigmoid of x + s, n numbers, in whole vectors of `to`. */
static inline void sigmoids(float *restrict to, const float *restrict x,
                            const float *restrict s, int n)
{
    int i = 0;
    for (; i + VF <= n; i += VF)
        vf_store(to + i, vf_sigmoid(vf_load(x + i) + vf_load(s + i)));
    if (i < n)
        vf_store(to + i,
                 vf_sigmoid(vf_load_part(x + i, n - i) + vf_load_part(s + i, n - i)));
}

/* n units, at most VF of them, with the values of their gates; `gates` gets all four. */
static inline __attribute__((always_inline)) void
units_part(float *restrict y, float *restrict gates, const float *restrict r_of,
           const float *restrict z_of, const float *restrict x, const float *restrict s,
           const float *restrict h, int H, size_t n)
{
    const vf r = vf_load(r_of), z = vf_load(z_of), m = vf_load_some(s, n);
    const vf t = vf_tanh(vf_fma(r, m, vf_load_some(x, n)));
    vf_store_some(y, vf_fma(z, vf_load_some(h, n), (vf_set(1) - z) * t), n);
    if (gates) {
        vf_store_some(gates, r, n);
        vf_store_some(gates + H, z, n);
        vf_store_some(gates + 2 * H, t, n);
        vf_store_some(gates + 3 * H, m, n);
    }
}

void SIMD(gru_gates_fwd)(float *restrict y, float *restrict gates, const float *restrict gx,
                         const float *restrict gh, const float *restrict h, int H)
{
    for (int at = 0; at < H; at += UNITS) {
        float r[UNITS], z[UNITS];
        const int n = H - at < UNITS ? H - at : UNITS;
        const float *x = gx + at, *s = gh + at;
        int i = 0;
        sigmoids(r, x, s, n);
        sigmoids(z, x + H, s + H, n);
        for (; i + VF <= n; i += VF)
            units_part(y + at + i, gates ? gates + at + i : NULL, r + i, z + i,
                       x + 2 * H + i, s + 2 * H + i, h + at + i, H, VF);
        if (i < n)
            units_part(y + at + i, gates ? gates + at + i : NULL, r + i, z + i,
                       x + 2 * H + i, s + 2 * H + i, h + at + i, H, (size_t)(n - i));
    }
}

void SIMD(gru_gates_bwd)(float *restrict dgx, float *restrict dgh, float *restrict dh,
                         const float *restrict dy, const float *restrict gates,
                         const float *restrict h, int H)
{
    const vf one = vf_set(1);
    for (int i = 0; i < H; i += VF) {
        const size_t n = (size_t)(H - i);
        const vf r = vf_load_some(gates + i, n), z = vf_load_some(gates + H + i, n);
        const vf t = vf_load_some(gates + 2 * H + i, n), g = vf_load_some(dy + i, n);
        const vf m = vf_load_some(gates + 3 * H + i, n);
        const vf dn = g * (one - z) * vf_fnma(t, t, one);
        const vf dr = dn * m * r * (one - r);
        const vf dz = g * (vf_load_some(h + i, n) - t) * z * (one - z);
        vf_store_some(dgx + i, dr, n);
        vf_store_some(dgh + i, dr, n);
        vf_store_some(dgx + H + i, dz, n);
        vf_store_some(dgh + H + i, dz, n);
        vf_store_some(dgx + 2 * H + i, dn, n);
        vf_store_some(dgh + 2 * H + i, dn * r, n);
        vf_store_some(dh + i, vf_fma(g, z, vf_load_some(dh + i, n)), n);
    }
}
