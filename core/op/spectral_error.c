/* spectral_error.c - what separates two spectra, and its gradient, for losses.
 *
 * With a = max(|y|, 1e-12)^g and its phase, as complex_compress.c makes it, and b of s:
 *
 *   e[0] = sum (a - b)^2 where a >= b      too much left
 *   e[1] = sum (a - b)^2 where a < b       too much taken away
 *   e[2] = sum |a exp(j phase y) - b exp(j phase s)|^2
 *
 * with the guards of complex_compress.c in the gradient. g = 1 compares the spectra as they
 * are. Magnitudes below 1e-19, where squares underflow, may count as 0. */
#include "op/op.h"

#include <string.h>

#include "op/plain_vf.h"

#include "op/lanes.h"

static const double SMALLEST = 1e-12, PHASE_GUARD = 1e-10;

/* |x|^g, and u with it as its magnitude */
static REAL compress(REAL u[2], const REAL *x, REAL g)
{
    const REAL r = HYPOT(x[0], x[1]);
    const REAL low = r < (REAL)SMALLEST ? (REAL)SMALLEST : r; /* NaN stays */
    const REAL m = g < 1 ? POW(low, g) : r;
    u[0] = r > 0 ? m * (x[0] / r) : m;
    u[1] = r > 0 ? m * (x[1] / r) : 0;
    return m;
}

/* dy += the gradient of k (|y|^g - b)^2 + c |y' - s'|^2; `over` = |y|^g - b, d = y' - s' */
static void add_gradient(REAL *dy, const REAL *y, REAL m, REAL g, REAL k, REAL over, REAL c,
                         const REAL d[2])
{
    const REAL r = HYPOT(y[0], y[1]);
    if (!(r > 0)) {
        dy[0] += g < 1 ? 0 : 2 * c * d[0];
        dy[1] += g < 1 ? 0 : 2 * c * d[1];
        return;
    }
    const REAL re = y[0] / r, im = y[1] / r, low = FMAX(r, (REAL)SMALLEST);
    const REAL pull = 2 * (k * over + c * (d[0] * re + d[1] * im));
    const REAL turn = 2 * c * (d[1] * re - d[0] * im);
    REAL along = pull, across = turn;
    if (g < 1) {
        along = r >= (REAL)SMALLEST ? pull * g * (m / low) : 0;
        across = turn * m * (r / FMAX(r * r, (REAL)PHASE_GUARD));
    }
    dy[0] += along * re - across * im;
    dy[1] += along * im + across * re;
}

/* Errors of one bin; d, which may be NULL, gets its gradient. */
static void add_bin(REAL *e, REAL d[2], const REAL y[2], const REAL s[2], const REAL *c,
                    REAL g)
{
    REAL u[2], v[2];
    const REAL a = compress(u, y, g), b = compress(v, s, g);
    const REAL apart[2] = {u[0] - v[0], u[1] - v[1]}, over = a - b;
    const int less = over < 0;
    e[less] += over * over;
    e[2] += apart[0] * apart[0] + apart[1] * apart[1];
    if (d)
        add_gradient(d, y, a, g, c[less], over, c[2], apart);
}

void OP(spectral_error)(REAL *restrict e, REAL *restrict dy, const REAL *restrict y,
                        const REAL *restrict s, const REAL *restrict c, REAL g, size_t n)
{
    e[0] = e[1] = e[2] = 0;
    for (size_t i = 0; i < 2 * n; i += 2)
        add_bin(e, dy ? dy + i : NULL, y + i, s + i, c, g);
}

typedef struct sums {
    REAL e[3];
} sums;

static inline void bin(sums *e, cx *d, cx y, cx s, const REAL *c, REAL g)
{
    REAL slope[2] = {0};
    add_bin(e->e, slope, (REAL[]){y.re, y.im}, (REAL[]){s.re, s.im}, c, g);
    *d = (cx){slope[0], slope[1]};
}

#include "op/lanes_error.h"

void OP(lanes_error)(REAL *restrict e, REAL *restrict y, const REAL *restrict s,
                     const int *place, const REAL *w, const REAL *c, REAL g, int n,
                     int bins, bool grad)
{
    sums sum = {{0}};
    lanes_compare(&sum, &(lanes_pair){y, s, place, w, c, g, n, bins, grad});
    memcpy(e, sum.e, sizeof sum.e);
}
