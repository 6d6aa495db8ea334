/* ranks_mpi.c - ranks by MPI. The default error handler of MPI ends all processes. */
#include "run/ranks.h"

#include <mpi.h>
#include <stdlib.h>

static int count = 1, rank, here = 1;

/* Set by the launchers of Open MPI, and of MPICH and its kin. Alone, MPI would start
 * services that nobody needs. */
static bool launched(void)
{
    return getenv("OMPI_COMM_WORLD_SIZE") || getenv("PMI_SIZE") || getenv("PMIX_RANK");
}

bool dfn_ranks_open(int *argc, char ***argv)
{
    int provided;
    if (!launched())
        return true;
    MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_size(MPI_COMM_WORLD, &count);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm machine;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &machine);
    MPI_Comm_size(machine, &here);
    MPI_Comm_free(&machine);
    return true;
}

void dfn_ranks_close(bool failed)
{
    int open;
    MPI_Initialized(&open);
    if (open && failed && count > 1)
        MPI_Abort(MPI_COMM_WORLD, 1);
    if (open)
        MPI_Finalize();
}

void dfn_ranks_await_end(void)
{
    if (rank > 0)
        MPI_Barrier(MPI_COMM_WORLD); /* which rank 0 never enters */
}

int dfn_ranks_count(void) { return count; }
int dfn_ranks_index(void) { return rank; }
int dfn_ranks_here(void) { return here; }

/* MPI_Allreduce may add in another order on each rank: add on one, then copy. */
static void add(void *x, int n, MPI_Datatype type)
{
    MPI_Reduce(rank ? x : MPI_IN_PLACE, rank ? NULL : x, n, type, MPI_SUM, 0,
               MPI_COMM_WORLD);
    MPI_Bcast(x, n, type, 0, MPI_COMM_WORLD);
}

void dfn_ranks_add(double *x, int n)
{
    if (count > 1)
        add(x, n, MPI_DOUBLE);
}

void dfn_ranks_add_weights(const dfn_graph *g, void *const *data)
{
    for (int i = 0; count > 1 && i < dfn_graph_weight_count(g); i++)
        add(data[i], (int)dfn_graph_weight(g, i)->count, MPI_FLOAT);
}

void dfn_ranks_copy(void *data, size_t bytes)
{
    if (count > 1)
        MPI_Bcast(data, (int)bytes, MPI_BYTE, 0, MPI_COMM_WORLD);
}

void dfn_ranks_copy_weights(const dfn_graph *g, void *const *data)
{
    for (int i = 0; count > 1 && i < dfn_graph_weight_count(g); i++)
        MPI_Bcast(data[i], (int)dfn_graph_weight(g, i)->count, MPI_FLOAT, 0,
                  MPI_COMM_WORLD);
}
