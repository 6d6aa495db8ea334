/* node.h - the inside of a graph; for ops, walkers and tests. */
#ifndef DFN_NODE_H
#define DFN_NODE_H

#include <dfnet4/graph.h>

typedef struct dfn_node {
    dfn_op_kind op;
    int n_in, n_w;
    bool packed, view, offline;
    dfn_value in[8];
    int w[4];        /* indices into dfn_graph.weight */
    dfn_attr attr;   /* its list is last but for what a run does not read */
    dfn_shape shape; /* of one frame */
    size_t state_at; /* numbers, from the start of the state block */
    size_t state;    /* numbers */
    uint64_t macs;
    char *name; /* "" if it has none */
} dfn_node;

typedef struct dfn_port {
    char *name;
    dfn_value value;
    bool output;
} dfn_port;

struct dfn_graph {
    dfn_node *node;
    int n_node, cap_node;
    dfn_weight *weight;
    int n_weight, cap_weight;
    dfn_port *port; /* named inputs and outputs */
    int n_port, cap_port;
    size_t state; /* numbers per stream */
    bool offline, finished;
    dfn_error err; /* first error of the build */
};

#endif
