#!/usr/bin/env python3
"""Derive the polynomials of core/op/simd/math.h and of the post-filter (needs mpmath).

    minimax.py [NAME]...      prints coefficients, lowest first, and their largest relative
                              error in units of 2^-24, ideal and as floats

Remez exchange on (p(t) - f(t)) w(t). Coefficients are rounded to float one after another,
lowest first, and the rest is fitted again each time.
"""
import struct
import sys

import mpmath as mp

mp.mp.dps = 40


def as_float(x):
    return mp.mpf(struct.unpack("f", struct.pack("f", float(x)))[0])


def value(c, t):
    return sum(ck * t ** k for k, ck in enumerate(c))


def extremes(points, errors):
    """The largest error of every stretch of one sign, at local maxima."""
    found = []
    for i, (x, e) in enumerate(zip(points, errors)):
        if any(0 <= j < len(errors) and errors[j] * e > 0 and abs(errors[j]) > abs(e)
               for j in (i - 1, i + 1)):
            continue
        if found and found[-1][1] * e > 0:
            if abs(e) > abs(found[-1][1]):
                found[-1] = (x, e)
        else:
            found.append((x, e))
    return found


def fit(f, w, lo, hi, n, fixed):
    """n coefficients, of which the first are given; and the largest weighted error."""
    lo, hi, k0 = mp.mpf(lo), mp.mpf(hi), len(fixed)
    m = n - k0
    grid = [lo + (hi - lo) * (1 - mp.cos(mp.pi * i / 600)) / 2 for i in range(601)]
    nodes = [lo + (hi - lo) * (1 - mp.cos(mp.pi * (2 * i + 1) / (2 * m + 2))) / 2
             for i in range(m + 1)]
    for _ in range(30):
        a, b = mp.matrix(m + 1, m + 1), mp.matrix(m + 1, 1)
        for i, x in enumerate(nodes):
            for k in range(m):
                a[i, k] = x ** (k0 + k) * w(x)
            a[i, m] = (-1) ** i
            b[i] = (f(x) - value(fixed, x)) * w(x)
        solved = mp.lu_solve(a, b)
        c = list(fixed) + [solved[k] for k in range(m)]
        errors = [(value(c, x) - f(x)) * w(x) for x in grid]
        worst, found = max(map(abs, errors)), extremes(grid, errors)
        while len(found) > m + 1:
            found.pop(0 if abs(found[0][1]) < abs(found[-1][1]) else -1)
        if len(found) < m + 1 or worst < abs(solved[m]) * mp.mpf("1.001"):
            break
        nodes = [x for x, _ in found]
    return c, worst


def near_zero(f, limit):
    """f, or its limit where it would divide by nothing."""
    return lambda t: limit if abs(t) < mp.mpf(10) ** -9 else f(t)


def tail(t):
    a = (1 / t - 1) * 4
    return mp.erfc(a / mp.sqrt(2)) / 2 * mp.exp(a * a / 2)


LN2, R2 = mp.log(2) / 2, mp.sqrt(2)
POLYNOMIALS = {  # f, weight, from, to, coefficients
    "exp": (near_zero(lambda r: (mp.expm1(r) - r) / r ** 2, mp.mpf(1) / 2),
            near_zero(lambda r: abs(r ** 2 / mp.expm1(r)), mp.mpf(10) ** -9),
            -LN2 * 1.0001, LN2 * 1.0001, 5),
    "exp2": (near_zero(lambda r: (2 ** r - 1 - r * mp.log(2)) / r ** 2, mp.log(2) ** 2 / 2),
             near_zero(lambda r: r ** 2 / 2 ** r, mp.mpf(10) ** -18), -0.5001, 0.5001, 5),
    "power, exp2": (near_zero(lambda r: (2 ** r - 1 - r * mp.log(2)) / r ** 2,
                              mp.log(2) ** 2 / 2),
                    near_zero(lambda r: r ** 2 / 2 ** r, mp.mpf(10) ** -18),
                    -0.5001, 0.5001, 4),
    "power, log2": (near_zero(lambda f: mp.log1p(f) / f / mp.log(2), 1 / mp.log(2)),
                    lambda f: abs(f) + mp.mpf(10) ** -9, 1 / R2 - 1 - 1e-6, R2 - 1 + 1e-6, 7),
    "log": (near_zero(lambda f: (mp.log1p(f) - f + f * f / 2) / f ** 3, mp.mpf(1) / 3),
            near_zero(lambda f: abs(f ** 3 / mp.log1p(f)), mp.mpf(10) ** -18),
            1 / R2 - 1 - 1e-6, R2 - 1 + 1e-6, 8),
    "log1p": (near_zero(lambda s: 2 * (mp.atanh(mp.sqrt(s)) / mp.sqrt(s) - 1) / s,
                        mp.mpf(2) / 3),
              near_zero(lambda s: mp.sqrt(s) ** 3 / mp.atanh(mp.sqrt(s)) / 2, mp.mpf(0)),
              0, mp.mpf(1) / 9 * 1.0001, 5),
    "tail": (lambda t: tail(t) / t, lambda t: t / tail(t), mp.mpf(1) / 4.5, 1, 10),
    "sin": (near_zero(lambda s: mp.sin(mp.pi / 2 * mp.sqrt(s)) / mp.sqrt(s), mp.pi / 2),
            near_zero(lambda s: mp.sqrt(s) / mp.sin(mp.pi / 2 * mp.sqrt(s)), 2 / mp.pi),
            0, 1, 5),
}


def main():
    for name in sys.argv[1:] or POLYNOMIALS:
        f, w, lo, hi, n = POLYNOMIALS[name]
        c, ideal = fit(f, w, lo, hi, n, [])
        fixed = []
        while len(fixed) < n:
            fixed.append(as_float((c if not fixed else fit(f, w, lo, hi, n, fixed)[0])[len(fixed)]))
        grid = [lo + (hi - lo) * i / mp.mpf(2000) for i in range(2001)]
        worst = max(abs((value(fixed, x) - f(x)) * w(x)) for x in grid)
        print(f"{name}: {mp.nstr(ideal * 2 ** 24, 3)} ideal, {mp.nstr(worst * 2 ** 24, 3)} "
              "as floats\n    " + ", ".join(f"{float(x):.9g}f" for x in fixed))


if __name__ == "__main__":
    main()
