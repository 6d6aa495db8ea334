/* adamw.h - AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019)
 * with an average of the weights, for the weights of a graph.
 *
 *   g = gradient, scaled down to a norm of `clip`     w -= lr decay w
 *   m = beta1 m + (1 - beta1) g                       v = beta2 v + (1 - beta2) g^2
 *   w -= lr / (1 - beta1^t) m / (sqrt(v / (1 - beta2^t)) + epsilon)
 *   average += (1 - min(ema, (1 + t) / (10 + t))) (w - average)
 *
 * with t = 1, 2, ...; amsgrad takes the largest v so far. Only matrices and kernels decay:
 * not what has one dimension (biases, norms) nor the rates of a scan (A_log). Running
 * statistics take the value that the gradient table holds for them. */
#ifndef DFN_ADAMW_H
#define DFN_ADAMW_H

#include "run/pool.h"

#include <dfnet4/graph.h>

typedef struct dfn_adamw_config {
    double beta1, beta2, epsilon;
    double clip; /* largest norm of a gradient; 0: any */
    double ema;  /* decay of the average; 0: it is the weights */
    int amsgrad; /* 0 or 1 */
} dfn_adamw_config;

typedef struct dfn_adamw_part dfn_adamw_part;

/* Everything but `parts` belongs into a checkpoint. */
typedef struct dfn_adamw {
    const dfn_graph *graph;
    dfn_adamw_config config;
    dfn_weights weights, average;       /* float32, in the order of dfn_graph_weight */
    dfn_weights first, second, largest; /* moments; `largest` is empty without amsgrad */
    uint64_t updates, skipped;          /* steps that counted, and that were not finite */
    dfn_adamw_part *parts;
    int n_parts;
} dfn_adamw;

/** Tables for the weights of a graph, which must outlive it; all zero. Fill `weights`, then
 * call dfn_adamw_start, or read a checkpoint. owner: dfn_adamw_free, also on failure */
dfn_status dfn_adamw_new(dfn_adamw *o, const dfn_graph *g, const dfn_adamw_config *config,
                         dfn_error *err);
void dfn_adamw_free(dfn_adamw *o);

/** The average begins with the weights. */
void dfn_adamw_start(dfn_adamw *o);

/** One step. Returns the norm of the gradient before it was scaled. If that is not finite,
 * or a running statistic is not, nothing changes but `skipped`.
 *
 *  gradient    in the order of dfn_graph_weight; of running statistics: their new values
 *  lr, decay   of this step (schedule.h)
 *  pool        shares the work, NULL: this thread; the result is the same, bit for bit.
 *              Does not allocate */
double dfn_adamw_step(dfn_adamw *o, void *const *gradient, double lr, double decay,
                      dfn_pool *pool);

/** Whether weight decay applies. */
bool dfn_adamw_decays(const dfn_weight *w);

#endif
