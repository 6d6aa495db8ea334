/* failing_alloc.c - linked with the program: allocation number $FAIL_AT (from 0) of our own
 * code fails. strdup allocates inside libc; here it does so where it is counted. */
#include "fail_alloc.h"

#include <stdlib.h>
#include <string.h>

char *__wrap_strdup(const char *text);

char *__wrap_strdup(const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    return copy ? memcpy(copy, text, size) : NULL;
}

__attribute__((constructor)) static void arm(void)
{
    const char *at = getenv("FAIL_AT");
    if (at)
        fail_alloc_after(atoi(at));
}
