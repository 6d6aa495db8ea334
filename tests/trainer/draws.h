/* draws.h - do drawn numbers come from the distribution they should? */
#ifndef DRAWS_H
#define DRAWS_H

/** x[n], which is sorted, is uniform between min and max. By Kolmogorov and Smirnov: true
 * of 999 in 1000 such rows. */
void check_uniform(const char *what, double *x, int n, double min, double max);

/** `count` of n with probability p, within 4.5 standard deviations. */
void check_share(const char *what, int count, int n, double p);

#endif
