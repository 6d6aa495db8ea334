/* ops.h - the op table, made from ops.def, in both precisions. */
#ifndef DFN_OPS_H
#define DFN_OPS_H

#include "op/op.h"

extern const dfn_op *const dfn_op_table_c[DFN_OP_COUNT];
extern const dfn_op *const dfn_op_table_f64[DFN_OP_COUNT];

#endif
