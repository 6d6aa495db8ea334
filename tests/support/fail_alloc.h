/* fail_alloc.h - what happens when memory runs out.
 *
 *   for (int n = 0;; n++) {
 *       fail_alloc_after(n);
 *       status = the_code_under_test();
 *       const bool complete = fail_alloc_count() <= n;   nothing failed any more
 *       fail_alloc_after(-1);
 *       ...
 *   }
 *
 * Add fail_alloc_dep to the test. It counts malloc, calloc, realloc and aligned_alloc of
 * the test and of all code linked statically into it, not those inside shared libraries.
 * For one thread. */
#ifndef FAIL_ALLOC_H
#define FAIL_ALLOC_H

/** Let the next n allocations succeed and the one behind them fail, once; -1: none fails.
 *  Starts the count anew. */
void fail_alloc_after(int n);

/** Allocations asked for since fail_alloc_after(), the failed one included. */
int fail_alloc_count(void);

/** Blocks allocated and not yet freed, since the program started. */
int fail_alloc_live(void);

#endif
