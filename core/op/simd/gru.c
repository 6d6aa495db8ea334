/* gru.c - see op/gru.c for the mathematics. */
#include "op/simd/math.h"

void SIMD(gru_gates_fwd)(float *restrict y, float *restrict gates, const float *restrict gx,
                         const float *restrict gh, const float *restrict h, int H)
{
    const vf one = vf_set(1);
    for (int i = 0; i < H; i += VF) {
        const size_t n = (size_t)(H - i);
        const float *x = gx + i, *s = gh + i;
        const vf r = vf_sigmoid(vf_load_some(x, n) + vf_load_some(s, n));
        const vf z = vf_sigmoid(vf_load_some(x + H, n) + vf_load_some(s + H, n));
        const vf m = vf_load_some(s + 2 * H, n);
        const vf t = vf_tanh(vf_fma(r, m, vf_load_some(x + 2 * H, n)));
        vf_store_some(y + i, vf_fma(z, vf_load_some(h + i, n), (one - z) * t), n);
        if (gates) {
            vf_store_some(gates + i, r, n);
            vf_store_some(gates + H + i, z, n);
            vf_store_some(gates + 2 * H + i, t, n);
            vf_store_some(gates + 3 * H + i, m, n);
        }
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
