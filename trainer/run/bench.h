/* bench.h - how long a training step of a network takes, and where. */
#ifndef DFN_TRAINER_BENCH_H
#define DFN_TRAINER_BENCH_H

/** `dfnet4-train bench [OPTION]...`: argv[0] is its name. Prints on stdout, messages on
 *  stderr; returns the exit status. */
int dfn_train_bench(int argc, char **argv);

#endif
