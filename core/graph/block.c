/* block.c - memory on large pages. */
#define _DEFAULT_SOURCE /* madvise */
#include "graph/arena.h"

#include <sys/mman.h>

enum { LARGE_PAGE = 2 << 20 };

/* Whole large pages, what is left over if it fills half of one, and a block that fills a
 * quarter of its only one, ask for large pages before they are first touched. */
void *dfn_block_large(size_t bytes)
{
    const size_t least = bytes < LARGE_PAGE ? LARGE_PAGE / 4 : LARGE_PAGE / 2;
    const size_t large = (bytes + LARGE_PAGE - least) / LARGE_PAGE * LARGE_PAGE;
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
