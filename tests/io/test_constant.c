/* Data of the program rest: the whole pages inside go back to the system, those that others
 * share stay, and memory of a caller is never touched. What goes back shows by a change
 * that is lost: a private page that is dropped is read from the file again. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS, for sys/mman.h of some systems */
#include "check.h"
#include "io/constant.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char path[] = "test_constant.safetensors";
static const unsigned char was = 7, now = 9;

typedef dfn_status open_function(dfn_safetensors **, const void *, size_t, const char *,
                                 dfn_error *);

/* One tensor of bytes; together `size`, which is a multiple of 8. */
static void compose(unsigned char *to, size_t size)
{
    char header[128];
    int n = 0;
    for (size_t data = 0, pass = 0; pass < 2; pass++) { /* numbers of one width */
        n = snprintf(header, sizeof header,
                     "{\"a\":{\"dtype\":\"U8\",\"shape\":[%10zu],"
                     "\"data_offsets\":[0,%10zu]}}",
                     data, data);
        data = size - 8 - (size_t)n;
    }
    const uint64_t length = (uint64_t)n;
    for (int i = 0; i < 8; i++)
        to[i] = (unsigned char)(length >> 8 * i);
    memcpy(to + 8, header, (size_t)n);
}

/* A file `at` bytes behind the begin of a page rests after every byte of all pages that can
 * be changed was changed. Pages [first, end) are to be as in the file. */
static void check(open_function *open, size_t at, size_t size, size_t first, size_t end)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), total = 6 * page;
    unsigned char *bytes = malloc(total);
    memset(bytes, was, total);
    compose(bytes + at, size);
    FILE *f = fopen(path, "wb");
    CHECK(f && fwrite(bytes, 1, total, f) == total && !fclose(f), "%s", path);
    f = fopen(path, "rb");
    unsigned char *map =
        f ? mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_PRIVATE, fileno(f), 0)
          : MAP_FAILED;
    if (f)
        fclose(f);
    dfn_safetensors *s = NULL;
    dfn_error err = {0};
    if (map == MAP_FAILED || open(&s, map + at, size, path, &err)) {
        CHECK(false, "%zu bytes at %zu: %s", size, at, err.text);
        return;
    }
    for (size_t i = 0; i < 6; i++) /* the last bytes: the header is in the first ones */
        map[(i + 1) * page - 1] = now;
    dfn_safetensors_rest(s);
    for (size_t i = 0; i < 6; i++)
        CHECK(map[(i + 1) * page - 1] == (i >= first && i < end ? was : now),
              "%zu bytes at %zu: page %zu %s", size, at, i,
              i >= first && i < end ? "is still there" : "is lost");
    const dfn_tensor *a = dfn_safetensors_find(s, "a");
    CHECK(a && ((const unsigned char *)a->data)[page / 2] == was, "%zu: the tensor", at);
    dfn_safetensors_close(s);
    munmap(map, total);
    free(bytes);
}

int main(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    check(dfn_safetensors_open_constant, 0, 3 * page, 0, 3);
    check(dfn_safetensors_open_constant, 0, 3 * page + 8, 0, 3);
    check(dfn_safetensors_open_constant, 64, 4 * page, 1, 4);
    check(dfn_safetensors_open_constant, 64, 5 * page - 64, 1, 5);
    check(dfn_safetensors_open_constant, 64, 5 * page - 72, 1, 4);
    check(dfn_safetensors_open_constant, page - 64, 2 * page + 64, 1, 3);
    check(dfn_safetensors_open_constant, page - 64, page, 0, 0); /* no whole page */
    check(dfn_safetensors_open_constant, 64, page - 64, 0, 0);
    check(dfn_safetensors_open_memory, 0, 6 * page, 0, 0);
    unlink(path);
    return check_report();
}
