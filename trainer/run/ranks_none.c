/* ranks_none.c - a build without MPI: one process. */
#include "run/ranks.h"

#include "command.h"

#include <stdlib.h>

bool dfn_ranks_open(int *argc, char ***argv)
{
    const char *size = getenv("OMPI_COMM_WORLD_SIZE");
    (void)argc;
    (void)argv;
    if (!size)
        size = getenv("PMI_SIZE");
    if (!size || atoi(size) < 2)
        return true;
    cli_error(NULL, "this build has no MPI: %s processes would train a network each", size);
    return false;
}

void dfn_ranks_close(bool failed) { (void)failed; }
void dfn_ranks_await_end(void) {}
int dfn_ranks_count(void) { return 1; }
int dfn_ranks_index(void) { return 0; }
int dfn_ranks_here(void) { return 1; }

void dfn_ranks_add(double *x, int n)
{
    (void)x;
    (void)n;
}

void dfn_ranks_add_weights(const dfn_graph *g, void *const *data)
{
    (void)g;
    (void)data;
}

void dfn_ranks_copy(void *data, size_t bytes)
{
    (void)data;
    (void)bytes;
}

void dfn_ranks_copy_weights(const dfn_graph *g, void *const *data)
{
    (void)g;
    (void)data;
}
