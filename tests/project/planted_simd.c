/* Offenders for tools/check_simd.py: a variant that no list knows, and AVX2 (on x86) in
 * code for every processor. */
void dfn_planted_avx2(void);
void dfn_planted_leak(float *restrict y, const float *restrict x);

void dfn_planted_avx2(void) {}

void dfn_planted_leak(float *restrict y, const float *restrict x)
{
    for (int i = 0; i < 64; i++)
        y[i] += x[i];
}
