#include "op/ops.h"

#define DFN_OP(name, NAME) extern const dfn_op OP(op_##name);
#include <dfnet4/ops.def>
#undef DFN_OP

const dfn_op *const OP(op_table)[DFN_OP_COUNT] = {
#define DFN_OP(name, NAME) [DFN_OP_##NAME] = &OP(op_##name),
#include <dfnet4/ops.def>
#undef DFN_OP
};
