/* Looks like code of the audio thread, and is not: check_symbols.py must name all of it. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void dfn_planted(float *x, pthread_mutex_t *m);
void dfn_elsewhere(void);

void dfn_planted(float *x, pthread_mutex_t *m)
{
    memset(x, 0, 4);
    pthread_mutex_lock(m);
    fprintf(stderr, "%p\n", calloc(1, (size_t)x[0]));
    dfn_elsewhere();
    nanosleep(&(struct timespec){0}, NULL);
}
