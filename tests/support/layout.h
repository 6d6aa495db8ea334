/* layout.h - the same array with its axes in another order.
 *
 * An order is "FROM:TO" in letters, one per axis: "BCTF:BTFC" reads PyTorch's feature maps
 * as ours. NULL means the same order on both sides. */
#ifndef LAYOUT_H
#define LAYOUT_H

#include <stddef.h>
#include <string.h>

/* Where element i of the array in order TO stands in the array in order FROM, whose sizes
 * are dim[rank]. */
static inline size_t layout_index(const char *order, const size_t *dim, int rank, size_t i)
{
    size_t at = 0;
    if (!order)
        return i;
    for (int to = rank - 1; to >= 0; to--) {
        const int from = (int)(strchr(order, order[rank + 1 + to]) - order);
        size_t stride = 1;
        for (int k = from + 1; k < rank; k++)
            stride *= dim[k];
        at += i % dim[from] * stride;
        i /= dim[from];
    }
    return at;
}

#endif
