#include "op/op.h"

void OP(kernels_init)(KERNELS *k, unsigned cpu)
{
    k->ahead = 0;
#define DFN_KERNEL(name, args) k->name = OP(name);
#include "op/sigs.h"
#undef DFN_KERNEL
#ifdef DFN_REAL_F64
    (void)cpu; /* the oracle is portable C */
#else
    dfn_kernels_select(k, cpu);
#endif
}
