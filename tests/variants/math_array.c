/* math_array.c - the functions of op/simd/math.h over arrays, once per instruction set. */
#include "op/simd/math.h"

static inline void map(float *y, const float *x, size_t n, vf (*f)(vf))
{
    for (size_t i = 0; i < n; i += VF)
        vf_store_some(y + i, f(vf_load_some(x + i, n - i)), n - i);
}

static inline vf vf_power_015(vf x) { return vf_power(x, vf_set(0.15f)); }

#define MATH(name)                                                                         \
    void SIMD(math_##name)(float *y, const float *x, size_t n);                            \
    void SIMD(math_##name)(float *y, const float *x, size_t n) { map(y, x, n, vf_##name); }
#include "math.def"
#undef MATH

void SIMD(math_hypot)(float *y, const float *re, const float *im, size_t n);
void SIMD(math_hypot)(float *y, const float *re, const float *im, size_t n)
{
    for (size_t i = 0; i < n; i += VF)
        vf_store_some(y + i,
                      vf_hypot(vf_load_some(re + i, n - i), vf_load_some(im + i, n - i)),
                      n - i);
}
