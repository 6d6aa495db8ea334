/* Band widths: they fill the spectrum, keep the minimum, follow the scale, and impossible
 * requests are refused. Exact tables are compared in the golden tests. */
#include "check.h"

#include <dfnet4/dsp.h>

static void check_table(int rate, int size, int bands, int min)
{
    int w[256], sum = 0;
    dfn_error err = {0};
    CHECK(dfn_erb_widths(w, rate, size, bands, min, &err) == DFN_OK, "%s", err.text);
    for (int i = 0; i < bands; i++) {
        CHECK(w[i] >= min, "%d Hz, %d: band %d has %d bins", rate, size, i, w[i]);
        sum += w[i];
        /* the upper edge on the ERB scale; bands at the minimum run ahead of it */
        const double hz = (double)sum * rate / size,
                     step = log1p(rate / 2 / 228.8455) / bands;
        CHECK(w[i] == min ||
                  fabs(hz - 228.8455 * expm1((i + 1) * step)) <= 1.51 * rate / size,
              "%d Hz, %d: band %d ends at %.0f Hz", rate, size, i, hz);
    }
    CHECK(sum == size / 2 + 1, "%d Hz, %d: %d bins", rate, size, sum);
}

static void check_refusals(void)
{
    static const int bad[][4] = {
        {0, 960, 32, 2},       {48000, 0, 32, 2},     {48000, 961, 32, 2},
        {48000, 960, 0, 2},    {48000, 960, 257, 1},  {48000, 960, 32, 0},
        {48000, 960, 32, 16},  {48000, 960, 32, -1},  {48000, 64, 32, 2},
        {48000, 65538, 32, 2}, {2000000000, 96, 4, 1}};
    int w[256];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const int *b = bad[i];
        dfn_error err = {0};
        CHECK(dfn_erb_widths(w, b[0], b[1], b[2], b[3], &err) == DFN_ERR_ARG && *err.text,
              "case %zu accepted", i);
    }
}

int main(void)
{
    check_table(48000, 960, 32, 2);
    check_table(48000, 960, 32, 1);
    check_table(48000, 960, 64, 2);
    check_table(48000, 65536, 256, 1);
    check_table(16000, 320, 24, 1);
    check_table(8000, 160, 16, 2);
    check_table(48000, 960, 1, 1);
    check_refusals();

    CHECK(dfn_norm_alpha(48000, 480, 1) == 0.99, "time constant of 1 s");
    CHECK(dfn_norm_alpha(48000, 480, 0) == 0, "no smoothing");
    CHECK(dfn_norm_alpha(48000, 480, -1) == 0, "negative");
    CHECK(dfn_norm_alpha(48000, 480, (double)NAN) == 0, "not a number");
    CHECK(dfn_norm_alpha(48000, 480, 1e3) == 0.99999, "as many digits as needed");
    CHECK(dfn_norm_alpha(48000, 480, (double)INFINITY) == 1, "for ever");
    return check_report();
}
