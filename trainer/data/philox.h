/* philox.h - random numbers that depend on where they are asked for, not on what was asked
 * before: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
 * 2011). The same numbers on every machine. */
#ifndef DFN_PHILOX_H
#define DFN_PHILOX_H

#include <stddef.h>
#include <stdint.h>

/** The 128 bits that belong to a counter and a key. */
void dfn_philox_block(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* A row of numbers. Copy it to read them again. */
typedef struct dfn_philox {
    uint32_t key[2],
        counter[4]; /* counter: block, stream, and two that the example gives */
    uint32_t out[4];
    int left; /* unread words of `out` */
} dfn_philox;

/** The row of an example: stream 0 of it. */
dfn_philox dfn_philox_start(uint64_t seed, uint64_t epoch, uint64_t index);
/** Another row of the same example, from its beginning; streams do not overlap. */
dfn_philox dfn_philox_stream(const dfn_philox *r, uint32_t stream);

uint32_t dfn_philox_next(dfn_philox *r);
/** Inside (0, 1), in steps of 2^-32. */
double dfn_philox_unit(dfn_philox *r);
double dfn_philox_uniform(dfn_philox *r, double min, double max);
/** True with probability p; draws a number also for 0 and 1, so that what follows stays. */
int dfn_philox_chance(dfn_philox *r, double p);
/** 0 .. n - 1, n >= 1. Off from uniform by at most n / 2^32. */
size_t dfn_philox_below(dfn_philox *r, size_t n);
/** Nearly normal: sums of four uniform numbers, mean 0, variance 1, within +-3.47. */
void dfn_philox_normals(dfn_philox *r, float *x, size_t n);

#endif
