/* real.h - one source, two precisions. */
#ifndef DFN_REAL_H
#define DFN_REAL_H

#include "op/kernels.h"

#include <math.h>

#ifdef DFN_REAL_F64
#    define REAL double
#    define OP(name) dfn_##name##_f64
#    define KERNELS dfn_kernels_f64
#    define EXP exp
#    define EXP2 exp2
#    define LOG log
#    define LOG10 log10
#    define LOG1P log1p
#    define TANH tanh
#    define ERF erf
#    define SQRT sqrt
#    define POW pow
#    define FABS fabs
#    define FMAX fmax
#    define FMIN fmin
#    define SIN sin
#    define COS cos
#    define HYPOT hypot
#else
#    define REAL float
#    define OP(name) dfn_##name##_c
#    define KERNELS dfn_kernels
#    define EXP expf
#    define EXP2 exp2f
#    define LOG logf
#    define LOG10 log10f
#    define LOG1P log1pf
#    define TANH tanhf
#    define ERF erff
#    define SQRT sqrtf
#    define POW powf
#    define FABS fabsf
#    define FMAX fmaxf
#    define FMIN fminf
#    define SIN sinf
#    define COS cosf
#    define HYPOT hypotf
#endif

#define DFN_KERNEL(name, args) void OP(name) args;
#include "op/sigs.h"
#undef DFN_KERNEL

#endif
