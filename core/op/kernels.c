#include "op/op.h"

void OP(kernels_init)(KERNELS *k, unsigned cpu)
{
    (void)cpu; /* portable C is the only level so far */
#define DFN_KERNEL(name, args) k->name = OP(name);
#include "op/sigs.h"
#undef DFN_KERNEL
}
