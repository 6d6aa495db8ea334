#include "draws.h"

#include "check.h"

#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void check_uniform(const char *what, double *x, int n, double min, double max)
{
    double worst = 0;
    qsort(x, (size_t)n, sizeof *x, ascending);
    for (int i = 0; i < n; i++) {
        const double p = (x[i] - min) / (max - min);
        worst = check_worse(fabs(p - (double)i / n), worst);
        worst = check_worse(fabs(p - (i + 1.) / n), worst);
    }
    CHECK(worst <= 1.95 / sqrt(n), "%s: distance %g", what, worst);
}

void check_share(const char *what, int count, int n, double p)
{
    CHECK(fabs(count - n * p) <= 4.5 * sqrt(n * p * (1 - p)), "%s: %d of %d, p %g", what,
          count, n, p);
}
