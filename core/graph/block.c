/* block.c - memory on large pages. */
#define _DEFAULT_SOURCE /* madvise */
#include "graph/arena.h"

#include <sys/mman.h>

enum { LARGE_PAGE = 2 << 20, WORTH_ONE = LARGE_PAGE / 8 };

/* Whole large pages, and what is left over if it is worth one, ask for them before they are
 * first touched. In cold caches each small page costs a lookup of its own. */
void *dfn_block_large(size_t bytes)
{
    const size_t large = (bytes + LARGE_PAGE - WORTH_ONE) / LARGE_PAGE * LARGE_PAGE;
    if (!large || bytes > SIZE_MAX / 2)
        return dfn_block_new(bytes);
    const size_t n = bytes > large ? bytes : large;
    const size_t whole = (n + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    void *p = aligned_alloc(LARGE_PAGE, whole);
    if (p) {
#ifdef MADV_HUGEPAGE
        (void)madvise(p, large, MADV_HUGEPAGE); /* a hint: nothing depends on it */
#endif
        memset(p, 0, bytes);
    }
    return p;
}
