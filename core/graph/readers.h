/* readers.h - who reads the values of a graph. */
#ifndef DFN_READERS_H
#define DFN_READERS_H

#include <dfnet4/graph.h>

typedef struct dfn_readers {
    int count;      /* inputs of nodes that are this value, and outputs of the graph */
    dfn_value last; /* the last node that reads it; -1: none */
} dfn_readers;

/** Of every value, in one pass. owner: the caller, with free(); NULL: no memory. rt: no */
dfn_readers *dfn_readers_new(const dfn_graph *g);

#endif
