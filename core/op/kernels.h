/* kernels.h - the table of kernels an op calls through, in both precisions.
 *
 * sigs.h is the one list. A new kernel is a line there and a definition in its op's file;
 * simd.def lists those that have a variant for each instruction set. */
#ifndef DFN_KERNELS_H
#define DFN_KERNELS_H

#include "op/packed.h"

#include <dfnet4/cpu.h>
#include <dfnet4/graph.h>

enum { DFN_LANES = 16 }; /* frames side by side, lanes.h */

/* Weights are read once per hop, from front to end of the model. `ahead` is how many bytes
 * before their use one row's product asks the caches for them; at the end of a layer, that
 * is the next one. 0, as at first, where the processor finds out by itself and does it
 * better. */
#define DFN_KERNEL(name, args) void(*name) args;
#define REAL float
typedef struct dfn_kernels {
    size_t ahead;
#include "op/sigs.h"
} dfn_kernels;
#undef REAL
#define REAL double
typedef struct dfn_kernels_f64 {
    size_t ahead;
#include "op/sigs.h"
} dfn_kernels_f64;
#undef REAL
#undef DFN_KERNEL

/** That distance, for the processor we run on. It changes no result. rt: no */
size_t dfn_cpu_ahead(void);

/** Fill a table: portable C first, then what the `cpu` flags allow. rt: yes */
void dfn_kernels_init_c(dfn_kernels *k, unsigned cpu);
void dfn_kernels_init_f64(dfn_kernels_f64 *k, unsigned cpu);

/** The second half of it: replace what simd.def lists. rt: yes */
void dfn_kernels_select(dfn_kernels *k, unsigned cpu);

#endif
