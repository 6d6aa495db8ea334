#include "fail_alloc.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* The linker's --wrap=malloc sends calls of malloc here and makes libc's own reachable. */
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t align, size_t n);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t align, size_t n);
void __wrap_free(void *p);

static int limit = -1, count, live;

void fail_alloc_after(int n)
{
    limit = n;
    count = 0;
}

int fail_alloc_count(void) { return count; }
int fail_alloc_live(void) { return live; }

static bool fails(void)
{
    if (count++ != limit)
        return false;
    errno = ENOMEM; /* as the real ones */
    return true;
}

static void *counted(void *p)
{
    live += p != NULL;
    return p;
}

void *__wrap_malloc(size_t n) { return fails() ? NULL : counted(__real_malloc(n)); }

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : counted(__real_calloc(n, size));
}

void *__wrap_realloc(void *p, size_t n)
{
    if (fails())
        return NULL;
    return p ? __real_realloc(p, n) : counted(__real_realloc(p, n));
}

void *__wrap_aligned_alloc(size_t align, size_t n)
{
    return fails() ? NULL : counted(__real_aligned_alloc(align, n));
}

void __wrap_free(void *p)
{
    live -= p != NULL;
    __real_free(p);
}
