/* plain_vf.h - the vector type of lanes.h as one number: portable C. Needs REAL. */
#ifndef DFN_PLAIN_VF_H
#define DFN_PLAIN_VF_H

typedef REAL vf;
enum { VF = 1 };
static inline vf vf_set(REAL x) { return x; }
static inline vf vf_load(const REAL *p) { return *p; }
static inline void vf_store(REAL *p, vf x) { *p = x; }
static inline vf vf_fma(vf a, vf b, vf c) { return a * b + c; }
static inline vf vf_fnma(vf a, vf b, vf c) { return c - a * b; }

#endif
