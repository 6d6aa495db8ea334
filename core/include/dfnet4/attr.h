/* attr.h - what a declaration promises. */
#ifndef DFNET4_ATTR_H
#define DFNET4_ATTR_H

/* DFN_RT marks a function that may run on the audio thread: it never allocates, locks,
 * waits, logs or does I/O, and its cost is bounded by its arguments. The promise is kept by
 * tests (symbol allow-list, run-time checker); clang >= 20 checks it while compiling. */
#if defined(__clang__) && __clang_major__ >= 20
#    define DFN_RT __attribute__((nonblocking))
#else
#    define DFN_RT
#endif

/* Around the declarations of every header, so that C++ finds the names of C. */
#ifdef __cplusplus
#    define DFN_BEGIN extern "C" {
#    define DFN_END }
#else
#    define DFN_BEGIN
#    define DFN_END
#endif

#if defined(__GNUC__)
#    define DFN_API __attribute__((visibility("default")))
#    define DFN_MUST_CHECK __attribute__((warn_unused_result))
#    define DFN_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#    define DFN_API
#    define DFN_MUST_CHECK
#    define DFN_PRINTF(text, first)
#endif

#endif
