/* gradients.h - which gradients a plan computes, and where they lie. */
#ifndef DFN_GRADIENTS_H
#define DFN_GRADIENTS_H

#include "graph/lifetime.h"
#include "graph/plan.h"

/** Decide what is wanted and what lies over what; shapes are known. */
void dfn_gradient_plan(dfn_plan *p);

/** Fill l with all buffers of gradients; returns how many. */
int dfn_gradient_lifetimes(const dfn_plan *p, dfn_lifetime *l);

/** Bytes for gradients that nobody wants, of ops that cannot leave them out. */
size_t dfn_gradient_waste(const dfn_plan *p);

/** Fill din, fresh and clear of node v, whose inputs start `at`. */
void dfn_gradient_arguments(dfn_plan *p, dfn_value v, int at);

#endif
