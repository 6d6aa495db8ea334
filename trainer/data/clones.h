/* clones.h - plain C for wider vectors. */
#ifndef DFN_CLONES_H
#define DFN_CLONES_H

#include <string.h> /* tells __GLIBC__ */

/* Clones of a function for wider vectors, where a compiler and a system can choose among
 * them when the program starts. No fused operations: the same results. */
#if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__) &&                     \
    defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__) &&           \
    !defined(__SANITIZE_ADDRESS__)
#    define DFN_CLONES __attribute__((target_clones("avx2", "default")))
#else
#    define DFN_CLONES
#endif

#endif
