/* ranks.h - several processes that train one network together, by MPI:
 * `mpirun -n N dfnet4-train ...`. Without MPI, or outside of mpirun, there is one.
 *
 * All of them call each of these functions in the same order, from the thread that opened
 * them. If one fails, MPI ends all: the checkpoint is there to go on. */
#ifndef DFN_RANKS_H
#define DFN_RANKS_H

#include <dfnet4/graph.h>

/** At the start of the program. False after a message: mpirun started us, but this build
 * has no MPI. */
bool dfn_ranks_open(int *argc, char ***argv);
/** At its end; `failed`: end the others, too, which may be waiting for this one. */
void dfn_ranks_close(bool failed);
/** Rank 0 has failed, says why and ends all: be quiet until then. */
void dfn_ranks_await_end(void);

int dfn_ranks_count(void);
int dfn_ranks_index(void); /* 0 is the one that writes */
int dfn_ranks_here(void);  /* how many share this machine */

/** The sum over all ranks, the same on each, bit for bit. */
void dfn_ranks_add(double *x, int n);
void dfn_ranks_add_weights(const dfn_graph *g, void *const *data);

/** What rank 0 has. */
void dfn_ranks_copy(void *data, size_t bytes);
void dfn_ranks_copy_weights(const dfn_graph *g, void *const *data);

#endif
