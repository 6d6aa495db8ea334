/* weight_norm.h - weights that a reference case keeps as a direction v and a length g for
 * each output: tensors "<name>_v" and "<name>_g" in place of "<name>".
 *
 *   w = g v / |v|      dg = dw . v / |v|      dv = g / |v| (dw - v (dw . v) / |v|^2)
 *
 * Salimans and Kingma, "Weight normalization", NIPS 2016. */
#ifndef WEIGHT_NORM_H
#define WEIGHT_NORM_H

#include "golden_graph.h"

/** Fill w from its direction and length. False if the case does not keep it so. `name` is
 *  the tensor "w.<name>". */
bool weight_norm_fill(const golden *c, const dfn_weight *info, const char *name, void *w,
                      dfn_precision precision);

/** golden_compare() on the gradients of length and direction, called `prefix` and the name
 *  of the tensor, which follow from dw. False if the case does not keep `name` so. */
bool weight_norm_compare(const golden_rig *r, const dfn_weight *info, const char *name,
                         const char *prefix, const void *dw);

#endif
