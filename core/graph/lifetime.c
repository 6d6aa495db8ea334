#include "graph/lifetime.h"

#include <stdbool.h>
#include <stdlib.h>

static int larger_first(const void *a, const void *b)
{
    const dfn_lifetime *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return x->node - y->node;
}

size_t dfn_place(dfn_lifetime *l, int n)
{
    size_t top = 0;
    qsort(l, (size_t)n, sizeof *l, larger_first);
    for (int i = 0; i < n; i++) {
        size_t at = 0;
        for (int j = 0; j < i; j++) { /* move past every conflict, then look again */
            const bool meet = l[j].first <= l[i].last && l[i].first <= l[j].last;
            if (meet && at < l[j].at + l[j].bytes && l[j].at < at + l[i].bytes) {
                at = l[j].at + l[j].bytes;
                j = -1;
            }
        }
        l[i].at = at;
        if (top < at + l[i].bytes)
            top = at + l[i].bytes;
    }
    return top;
}
