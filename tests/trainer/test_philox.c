/* Random numbers: those that the authors publish, and what follows from them. */
#include "check.h"
#include "data/philox.h"

#include <string.h>

enum { MANY = 100000 };

/* Known answers of the authors' library Random123, philox4x32 with 10 rounds. */
static void published(void)
{
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{~0u, ~0u, ~0u, ~0u},
         {~0u, ~0u},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint32_t out[4];
        dfn_philox_block(known[i].counter, known[i].key, out);
        CHECK(!memcmp(out, known[i].out, sizeof out), "%d: %08x %08x %08x %08x", (int)i,
              out[0], out[1], out[2], out[3]);
    }
}

/* Each name gives a row of its own: of 64-bit heads of a few hundred none are equal. */
static void names(void)
{
    enum { N = 6 * 6 * 6 * 3 };
    static uint64_t head[N];
    int n = 0;
    for (uint64_t seed = 0; seed < 6; seed++)
        for (uint64_t epoch = 0; epoch < 6; epoch++)
            for (uint64_t index = 0; index < 6; index++)
                for (uint32_t stream = 0; stream < 3; stream++) {
                    const dfn_philox start = dfn_philox_start(seed, epoch << 32, index);
                    dfn_philox r = dfn_philox_stream(&start, stream);
                    head[n] = (uint64_t)dfn_philox_next(&r) << 32;
                    head[n++] |= dfn_philox_next(&r);
                }
    int same = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < i; j++)
            same += head[i] == head[j];
    CHECK(!same, "%d rows begin alike", same);
}

/* Mean and variance within 5 standard errors: sqrt(1 / 12 n) and sqrt(1 / 180 n) for
 * uniform numbers, sqrt(1 / n) and sqrt(2 / n) at most for normal ones. */
static void moments(void)
{
    static float x[MANY];
    dfn_philox r = dfn_philox_start(1, 2, 3);
    double sum = 0, squares = 0;
    for (int i = 0; i < MANY; i++) {
        const double u = dfn_philox_unit(&r);
        CHECK(u > 0 && u < 1, "%g", u);
        sum += u - 0.5;
        squares += (u - 0.5) * (u - 0.5);
    }
    CHECK(fabs(sum / MANY) <= 5 * sqrt(1. / 12 / MANY), "mean %g", sum / MANY);
    CHECK(fabs(squares / MANY - 1. / 12) <= 5 * sqrt(1. / 180 / MANY), "variance %g",
          squares / MANY);
    dfn_philox_normals(&r, x, MANY);
    double tail = sum = squares = 0;
    for (int i = 0; i < MANY; i++) {
        sum += (double)x[i];
        squares += (double)x[i] * (double)x[i];
        tail += fabsf(x[i]) > 2;
    }
    CHECK(fabs(sum / MANY) <= 5 * sqrt(1. / MANY), "mean %g", sum / MANY);
    CHECK(fabs(squares / MANY - 1) <= 5 * sqrt(2. / MANY), "variance %g", squares / MANY);
    /* A normal number passes 2 with 0.0455. Four uniform ones pass it less often: by
     * (4 - 2 / sqrt(3) * 2)^4 / 4! ... = 0.0425 both sides; 5 standard errors are 0.0032.
     */
    CHECK(fabs(tail / MANY - 0.0425) <= 0.0062, "above 2: %g", tail / MANY);
}

static void below(void)
{
    dfn_philox r = dfn_philox_start(0, 0, 0);
    int count[7] = {0};
    for (int i = 0; i < MANY; i++) {
        const size_t k = dfn_philox_below(&r, 7);
        CHECK(k < 7, "%zu", k);
        count[k % 7]++;
    }
    for (int k = 0; k < 7; k++) /* 5 standard deviations of a binomial count */
        CHECK(fabs(count[k] - MANY / 7.) <= 5 * sqrt(MANY * 6. / 49), "%d: %d", k,
              count[k]);
    for (int i = 0; i < 100; i++)
        CHECK(!dfn_philox_chance(&r, 0) && dfn_philox_chance(&r, 1), "%d", i);
}

int main(void)
{
    published();
    names();
    moments();
    below();
    return check_report();
}
