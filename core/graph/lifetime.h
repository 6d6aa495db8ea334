/* lifetime.h - memory that buffers share: no two that are needed at the same time overlap.
 */
#ifndef DFN_LIFETIME_H
#define DFN_LIFETIME_H

#include <stddef.h>

/* A buffer of `bytes`, needed from `first` to `last`; dfn_place says where it lies. */
typedef struct dfn_lifetime {
    size_t bytes, at;
    int node, first, last;
} dfn_lifetime;

/** Offsets for all n buffers, which come back in another order, and the bytes they take
 *  together: largest first, each at the lowest place that is free while it lives. */
size_t dfn_place(dfn_lifetime *l, int n);

#endif
