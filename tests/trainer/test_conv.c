/* Convolution by parts against its definition. */
#include "check.h"
#include "data/conv.h"

#include <stdlib.h>

enum { MOST = 20000 };

static float x[MOST], h[MOST], y[MOST];

static void compare(dfn_conv *c, size_t n, size_t taps, size_t lead)
{
    dfn_response r;
    double worst = 0, top = 0;
    CHECK(!dfn_response_new(&r, c, h, taps, NULL), "%zu", taps);
    dfn_conv_signal(c, x, n, lead);
    dfn_conv_apply(c, &r, y);
    /* every sample would take minutes: some near each edge of a block, and in between */
    for (size_t i = 0; i < n; i += i % 4096 < 2 || i % 4096 > 4093 ? 1 : 61) {
        double want = 0;
        for (size_t k = 0; k < taps && k <= i + lead; k++)
            want += i + lead - k < n ? (double)h[k] * (double)x[i + lead - k] : 0;
        worst = check_worse(fabs(want - (double)y[i]), worst);
        top = check_worse(fabs(want), top);
    }
    /* a transform of 4096 in floats: about 12 roundings, relative to the whole block */
    CHECK(worst <= 20 * 6e-8 * top + 1e-7, "n %zu, taps %zu, lead %zu: %g of %g", n, taps,
          lead, worst, top);
    dfn_response_free(&r);
}

int main(void)
{
    dfn_conv *c;
    static double values[MOST];
    check_fill(values, MOST, 1);
    for (int i = 0; i < MOST; i++)
        x[i] = (float)values[i];
    check_fill(values, MOST, 2);
    for (int i = 0; i < MOST; i++)
        h[i] = (float)values[i] * expf(-(float)i / 3000);
    CHECK(!dfn_conv_new(&c, MOST, NULL), "no memory");
    static const size_t sizes[][3] = {
        {1, 1, 0},        {1, 20000, 0},    {20000, 1, 0},
        {20000, 9000, 0}, {20000, 9000, 7}, {4096, 4096, 4096},
        {4097, 4097, 1},  {12288, 100, 48}, {3000, 9000, 2000}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        compare(c, sizes[i][0], sizes[i][1], sizes[i][2]);
    dfn_conv_free(c);
    return check_report();
}
