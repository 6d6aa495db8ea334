/* dtype.h - names and sizes of the element types a safetensors file may hold. */
#ifndef DFN_IO_DTYPE_H
#define DFN_IO_DTYPE_H

#include <dfnet4/safetensors.h>
#include <stdbool.h>

static const struct {
    char name[5];
    unsigned char size;
} dfn_dtypes[] = {
    [DFN_DTYPE_F32] = {"F32", 4},   [DFN_DTYPE_F64] = {"F64", 8},
    [DFN_DTYPE_I32] = {"I32", 4},   [DFN_DTYPE_I16] = {"I16", 2},
    [DFN_DTYPE_I8] = {"I8", 1},     [DFN_DTYPE_U8] = {"U8", 1},
    [DFN_DTYPE_BF16] = {"BF16", 2}, [DFN_DTYPE_I64] = {"I64", 8},
    [DFN_DTYPE_F16] = {"F16", 2},
};
enum { DFN_DTYPE_COUNT = sizeof dfn_dtypes / sizeof *dfn_dtypes };

/* Names end up on terminals and in logs: no control characters, neither ASCII nor C1. */
static inline bool dfn_name_is_clean(const char *name)
{
    for (const unsigned char *p = (const unsigned char *)name; *p; p++)
        if (*p < ' ' || *p == 0x7f || (*p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f))
            return false;
    return *name != '\0';
}

#endif
