/* dft30.h - transforms of 30 real numbers per lane, as 2 x 3 x 5.
 *
 * The factors have no common divisor, so that with the right order of the numbers no
 * twiddles are needed (Good, Thomas): n = 15 n1 + 2 n2 (mod 30) gives
 *
 *   w30^(n k) = w2^(n1 k) w15^(n2 k), and k matters modulo 2 and modulo 15 only,
 *
 * and n = 5 n1 + 6 n2 (mod 15) splits 15 into 3 x 5 likewise, where the 6 = 2 x 3 makes
 * k = 3 k' (mod 5) the k'th output of the transform of 5. */
#ifndef DFN_DFT30_H
#define DFN_DFT30_H

#include "op/simd/simd.h"

typedef struct cv {
    vf re, im;
} cv;

/* Which of k and 15 - k the transforms of 15 work with: each the other's conjugate. */
enum { D15_0, D15_3, D15_6, D15_10, D15_13, D15_1, D15_4, D15_7, D15 };

static const float cos1_5 = 0.30901699437494742410f;  /* cos(2 pi / 5) */
static const float cos2_5 = -0.80901699437494742410f; /* cos(4 pi / 5) */
static const float sin1_5 = 0.95105651629515357212f;
static const float sin2_5 = 0.58778525229247312917f;
static const float sin1_3 = 0.86602540378443864676f; /* sin(2 pi / 3) */

/* Bins 0 (real), 1 and 2 of five real numbers. */
static inline void dft5_real(cv y[3], const vf x[5])
{
    const vf c1 = vf_set(cos1_5), c2 = vf_set(cos2_5);
    const vf s1 = vf_set(sin1_5), s2 = vf_set(sin2_5);
    const vf even1 = x[1] + x[4], even2 = x[2] + x[3];
    const vf odd1 = x[4] - x[1], odd2 = x[3] - x[2];
    y[0].re = x[0] + (even1 + even2);
    y[1].re = vf_fma(c2, even2, vf_fma(c1, even1, x[0]));
    y[2].re = vf_fma(c1, even2, vf_fma(c2, even1, x[0]));
    y[1].im = vf_fma(s2, odd2, s1 * odd1);
    y[2].im = vf_fnma(s1, odd2, s2 * odd1);
}

/* Five complex numbers: y = transform of re + j transform of im. */
static inline void dft5_complex(cv y[5], const vf re[5], const vf im[5])
{
    cv a[3], b[3];
    dft5_real(a, re);
    dft5_real(b, im);
    y[0] = (cv){a[0].re, b[0].re};
    y[1] = (cv){a[1].re - b[1].im, b[1].re + a[1].im};
    y[2] = (cv){a[2].re - b[2].im, b[2].re + a[2].im};
    y[3] = (cv){a[2].re + b[2].im, b[2].re - a[2].im};
    y[4] = (cv){a[1].re + b[1].im, b[1].re - a[1].im};
}

/* The five real numbers whose transform is y[0], real, y[1], y[2] and conjugates. */
static inline void idft5_real(vf x[5], const cv y[3])
{
    const vf c1 = vf_set(2 * cos1_5), c2 = vf_set(2 * cos2_5);
    const vf s1 = vf_set(2 * sin1_5), s2 = vf_set(2 * sin2_5);
    const vf even1 = vf_fma(c2, y[2].re, vf_fma(c1, y[1].re, y[0].re));
    const vf even2 = vf_fma(c1, y[2].re, vf_fma(c2, y[1].re, y[0].re));
    const vf odd1 = vf_fma(s2, y[2].im, s1 * y[1].im);
    const vf odd2 = vf_fnma(s1, y[2].im, s2 * y[1].im);
    x[0] = vf_fma(vf_set(2), y[1].re + y[2].re, y[0].re);
    x[1] = even1 - odd1;
    x[2] = even2 - odd2;
    x[3] = even2 + odd2;
    x[4] = even1 + odd1;
}

static inline void dft15(cv y[D15], const vf x[15])
{
    const vf s = vf_set(sin1_3), half = vf_set(0.5f);
    vf real[5], re[5], im[5];
    for (int i = 0; i < 5; i++) { /* transforms of 3: a real bin, and one of a pair */
        const vf a = x[6 * i % 15], b = x[(6 * i + 5) % 15], c = x[(6 * i + 10) % 15];
        real[i] = a + (b + c);
        re[i] = vf_fnma(half, b + c, a);
        im[i] = s * (c - b);
    }
    dft5_real(y + D15_0, real);
    dft5_complex(y + D15_10, re, im);
}

static inline void idft15(vf x[15], const cv y[D15])
{
    const vf s = vf_set(2 * sin1_3);
    vf real[5], re[5], im[5];
    cv pair[5]; /* imaginary and real parts exchanged make it the inverse */
    for (int i = 0; i < 5; i++) {
        re[i] = y[D15_10 + i].re;
        im[i] = y[D15_10 + i].im;
    }
    idft5_real(real, y + D15_0);
    dft5_complex(pair, im, re);
    for (int i = 0; i < 5; i++) {
        const vf even = real[i] - pair[i].im, odd = s * pair[i].re;
        x[6 * i % 15] = vf_fma(vf_set(2), pair[i].im, real[i]);
        x[(6 * i + 5) % 15] = even - odd;
        x[(6 * i + 10) % 15] = even + odd;
    }
}

#endif
