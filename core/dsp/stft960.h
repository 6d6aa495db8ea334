/* stft960.h - framing with the transform of 960, window and scale included, for SIMD; what
 * dfn_stft_analyse() and _synthesise() do at that size if the CPU allows it.
 *
 * 960 = 30 x 32: sample 32 n1 + n2, bin k1 + 30 k2, w = exp(-2 pi j / 960):
 *
 *   X[k1 + 30 k2] = sum_n2 w^(30 n2 k2)  w^(n2 k1)  sum_n1 w^(32 n1 k1) x[32 n1 + n2]
 *                   ^ transform of 32    ^ twiddle  ^ transform of 30
 *
 * The inner one has real input, so that k1 = 0..15 are enough: 16 complex columns, a
 * multiple of every vector's width, and no pass afterwards as with a complex transform of
 * half the size. Bins of the other columns are conjugates: X[960 - k] = X[k]*.
 *
 * Lanes are n2 in the transforms of 30, whose inputs then lie side by side, and k1 in those
 * of 32; in between, blocks of VF x VF numbers are transposed. */
#ifndef DFN_STFT960_H
#define DFN_STFT960_H

#include <dfnet4/attr.h>

enum {
    FRAME_960 = 960,
    HOP_960 = FRAME_960 / 2,
    ROWS_960 = 30,    /* n1 */
    COLUMNS_960 = 32, /* n2, k2 */
    LINES_960 = 16,   /* k1 */
};

/* Tables and work space, aligned to 64: one thread at a time. */
typedef struct dfn_stft960 {
    float analysis[FRAME_960], synthesis[FRAME_960]; /* windows, the first one scaled */
    float twiddle[2][LINES_960][COLUMNS_960];        /* re, im of w^(k1 n2) */
    float root[4][8][2];                             /* exp(-2 pi j b c / 32) */
    float work[COLUMNS_960][2][LINES_960];
} dfn_stft960;

/* As dfn_stft_analyse() and dfn_stft_synthesise() (dsp.h). rt: yes */
typedef void dfn_stft960_analyse(dfn_stft960 *s, float *spec, float *memory,
                                 const float *in);
typedef void dfn_stft960_synthesise(dfn_stft960 *s, float *out, float *memory,
                                    const float *spec);

dfn_stft960_analyse dfn_stft960_analyse_avx2, dfn_stft960_analyse_avx512,
    dfn_stft960_analyse_neon;
dfn_stft960_synthesise dfn_stft960_synthesise_avx2, dfn_stft960_synthesise_avx512,
    dfn_stft960_synthesise_neon;

#endif
