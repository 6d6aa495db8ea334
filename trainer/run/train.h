/* train.h - the sub-commands of dfnet4-train. */
#ifndef DFN_TRAIN_H
#define DFN_TRAIN_H

#include "command.h"

extern const cli_command train_run, train_scan, train_score, train_plot, train_bench,
    train_finetune;

#endif
