/* arena.h - lay out many arrays in one block.
 *
 * Run the same layout function twice: with base == NULL it only measures, with memory it
 * places. Size and layout can therefore never disagree. */
#ifndef DFN_ARENA_H
#define DFN_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { DFN_ALIGN = 64 };

typedef struct dfn_arena {
    unsigned char *base;
    size_t used;
    bool overflow;
} dfn_arena;

/* `count` elements of `size` bytes; NULL while measuring. */
static inline void *dfn_arena_take(dfn_arena *a, size_t count, size_t size)
{
    const size_t at = a->used, limit = SIZE_MAX / 4;
    if (a->overflow || at > limit || (size && count > (limit - at) / size)) {
        a->overflow = true;
        return NULL;
    }
    a->used += (count * size + DFN_ALIGN - 1) / DFN_ALIGN * DFN_ALIGN;
    return a->base ? a->base + at : NULL;
}

/* A zeroed 64-byte aligned block, for free(); NULL if there is no memory. */
static inline void *dfn_block_new(size_t bytes)
{
    const size_t n = (bytes + DFN_ALIGN - 1) / DFN_ALIGN * DFN_ALIGN;
    void *p =
        bytes <= SIZE_MAX - DFN_ALIGN ? aligned_alloc(DFN_ALIGN, n ? n : DFN_ALIGN) : NULL;
    if (p)
        memset(p, 0, n ? n : DFN_ALIGN);
    return p;
}

/** The same, on large pages where the system has them and it fills enough of one: for
 * weights, which are read from end to end in every hop, and after a pause each 4 KiB page
 * costs a walk through cold page tables; and for what takes many such pages. */
void *dfn_block_large(size_t bytes);

#endif
