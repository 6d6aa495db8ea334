/* variants.h - every SIMD variant of every kernel against the double oracle.
 *
 * simd.def lists the kernels; each has a check `variant_<name>` here, called once per level
 * that this machine has, portable C included. A check runs the kernel at awkward sizes,
 * next to guard words, and compares with dfn_<name>_f64; its tolerance is derived from the
 * number of roundings and the stated error of the functions involved. */
#ifndef VARIANTS_H
#define VARIANTS_H

#include "check.h"
#include "op/kernels.h"

#include <float.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct variant {
    const char *level; /* for messages */
    dfn_kernels k;
} variant;

#define DFN_SIMD(name) void variant_##name(const variant *v);
#define DFN_SIMD_BF16(name) void variant_##name(const variant *v);
#define DFN_SIMD_DOT16(name) void variant_##name(const variant *v);
#define DFN_SIMD_INT8(name) void variant_##name(const variant *v);
#include "op/simd/simd.def"

#define DFN_KERNEL(name, args) void dfn_##name##_f64 args;
#define REAL double
#include "op/sigs.h"
#undef REAL
#undef DFN_KERNEL

/* Lengths around the widths of vectors and of blocks of them. */
extern const int variant_sizes[];
enum { VARIANT_SIZES = 14, VARIANT_MAX = 300 };

/* n numbers of a reproducible sequence in [-scale, scale), the same in both precisions,
 * with guard words behind those in float. Free both. */
typedef struct pair {
    float *f;
    double *d;
    size_t n;
} pair;
pair pair_new(size_t n, double scale, uint64_t seed);
void pair_free(pair *p);

/* Largest of |f - d| / bound, where bound(i) is given as an array; NaN counts as infinite.
 * Checks the guard words, too. */
void pair_check(const variant *v, const char *what, const pair *p, const double *bound);

/* The same numbers bit for bit: `a` is what `what` gives in one call, `b` in another way.
 */
void variant_same(const variant *v, const char *what, const float *a, const float *b,
                  size_t n);

#endif
