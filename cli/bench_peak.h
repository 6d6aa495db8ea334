/* bench_peak.h - loops that do nothing but multiply, or read: the most a core can do. */
#ifndef BENCH_PEAK_H
#define BENCH_PEAK_H

#include <stddef.h>

enum { BENCH_PEAK_CHAINS = 12 }; /* independent sums: enough to hide their latency */

/** Multiply and add in registers; returns the operations done (two for each product).
 * `sink` gets a result, so that it is not left out. Only for processors that have the set.
 */
typedef double bench_multiply(long rounds, float *sink);
/** Add up x[n], n a multiple of 128, 64-byte aligned. */
typedef void bench_read(const float *x, size_t n, float *sink);

bench_multiply bench_multiply_none, bench_multiply_avx2, bench_multiply_avx512,
    bench_multiply_neon;
bench_multiply bench_multiply_int8_avx2, bench_multiply_vnni, bench_multiply_dotprod;
bench_multiply bench_multiply_bf16;
bench_read bench_read_none, bench_read_avx2, bench_read_avx512;

#endif
