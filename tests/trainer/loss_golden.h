/* loss_golden.h - what tests of losses need of reference vectors. */
#ifndef LOSS_GOLDEN_H
#define LOSS_GOLDEN_H

#include "golden.h"
#include "loss/terms.h"
#include "loss_case.h"

static inline float *floats(const golden *c, const char *name)
{
    const dfn_tensor *t = golden_tensor(c, name);
    float *x = loss_zeros(t->count, sizeof *x);
    for (size_t i = 0; i < t->count; i++)
        x[i] = (float)golden_at(t, i);
    return x;
}

static inline int dim(const golden *c, const char *tensor, int i)
{
    return (int)golden_tensor(c, tensor)->dim[i];
}

static inline double variant_number(const golden *c, const char *variant, const char *key,
                                    double fallback)
{
    char path[128];
    snprintf(path, sizeof path, "variants.%s.%s", variant, key);
    return golden_number(c, path, fallback);
}

static inline void compare_value(const golden *c, const char *name, double value)
{
    golden_compare(c, name, &value, sizeof value, 1);
}

#endif
