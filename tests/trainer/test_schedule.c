/* Schedules against tables written out step by step from their definitions. */
#include "check.h"
#include "optim/schedule.h"

#include <math.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

static void near(const char *what, double at, double got, double want)
{
    CHECK(fabs(got - want) <= 1e-12 * fabs(want), "%s at %g: %.17g, not %.17g", what, at,
          got, want);
}

/* Steps of 1/10 epoch: a warm-up of 3 epochs, then one half cosine. */
static void cosine(void)
{
    const dfn_schedule s = {
        .base = 5e-4, .min = 1e-6, .epochs = 12, .warmup = 3, .warmup_start = 1e-4};
    for (int i = 0; i < 30; i++)
        near("warm-up", i, dfn_schedule_rate(&s, i / 10.0), 1e-4 + 4e-4 * i / 30);
    for (int i = 0; i < 90; i++)
        near("cosine", i, dfn_schedule_rate(&s, (30 + i) / 10.0),
             1e-6 + 0.5 * (5e-4 - 1e-6) * (1 + cos(pi * i / 90)));
    near("end", 12, dfn_schedule_rate(&s, 12), 1e-6);
    near("past the end", 40, dfn_schedule_rate(&s, 40), 1e-6);
}

/* Cycles of 2, 4 and 8 epochs, the last one cut off, each half as high. */
static void cycles(void)
{
    const dfn_schedule s = {.base = 1,
                            .min = 0.1,
                            .epochs = 11,
                            .warmup = 1,
                            .cycle = 2,
                            .cycle_mul = 2,
                            .cycle_decay = 0.5};
    static const int first[] = {16, 48, 112};
    for (int i = 16, cycle = 0; i < 176; i++) {
        cycle += i == first[1] || i == first[2];
        const int n = 32 << cycle, k = i - first[cycle];
        near("cycle", i / 16.0, dfn_schedule_rate(&s, i / 16.0),
             0.1 + 0.5 * (ldexp(1, -cycle) - 0.1) * (1 + cos(pi * k / n)));
    }
    dfn_schedule even = s;
    even.cycle_mul = 1;
    even.cycle_decay = 1;
    near("restart", 3, dfn_schedule_rate(&even, 3), 1);
    near("restart", 5, dfn_schedule_rate(&even, 5), 1);
    near("half a cycle", 6, dfn_schedule_rate(&even, 6), 0.55);
    even.cycle_mul = 0.5; /* 2 + 1 + 1/2 + ... never gets past 4 */
    near("shrinking", 10, dfn_schedule_rate(&even, 10), 0.1);
}

static void others(void)
{
    dfn_schedule s = {
        .kind = DFN_SCHEDULE_LINEAR, .base = 1e-3, .min = 1e-5, .epochs = 10, .warmup = 2};
    near("linear", 2, dfn_schedule_rate(&s, 2), 1e-3);
    near("linear", 4, dfn_schedule_rate(&s, 4), 1e-3 - 0.25 * 99e-5);
    near("linear", 11, dfn_schedule_rate(&s, 11), 1e-5);
    s.kind = DFN_SCHEDULE_EXPONENTIAL;
    near("exponential", 2, dfn_schedule_rate(&s, 2), 1e-3);
    near("exponential", 6, dfn_schedule_rate(&s, 6), 1e-4);
    near("exponential", 99, dfn_schedule_rate(&s, 99), 1e-5);
    s.kind = DFN_SCHEDULE_CONSTANT;
    near("constant", 99, dfn_schedule_rate(&s, 99), 1e-3);
    near("warm-up", 1, dfn_schedule_rate(&s, 1), 5e-4);
    s.warmup = 10; /* nothing but warm-up */
    s.kind = DFN_SCHEDULE_COSINE;
    near("warm-up only", 5, dfn_schedule_rate(&s, 5), 5e-4);
    near("warm-up only", 10, dfn_schedule_rate(&s, 10), 1e-5);

    near("decay", 3, dfn_schedule_decay(0.05, -1, 10, 3), 0.05);
    for (int i = 0; i <= 10; i++)
        near("decay", i, dfn_schedule_decay(1e-12, 0.01, 10, i),
             0.01 + 0.5 * (1e-12 - 0.01) * (1 + cos(pi * i / 10)));
    near("decay past the end", 20, dfn_schedule_decay(1e-12, 0.01, 10, 20), 0.01);
}

static void batches(void)
{
    dfn_batch_schedule b;
    dfn_error err = {0};
    CHECK(!dfn_batch_schedule_read(&b, "0/16, 2/24 ,5/32,10/64,20/128,40/9999", &err), "%s",
          err.text);
    static const struct {
        double at;
        int clips;
    } want[] = {{0, 16},  {1.99, 16}, {2, 24},   {4.9, 24},  {5, 32},
                {10, 64}, {20, 128},  {39, 128}, {40, 9999}, {1e6, 9999}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const int n = dfn_batch_schedule_clips(&b, want[i].at);
        CHECK(n == want[i].clips, "epoch %g: %d clips", want[i].at, n);
    }
    CHECK(!dfn_batch_schedule_read(&b, "32", &err), "%s", err.text);
    CHECK(dfn_batch_schedule_clips(&b, 0) == 32 && dfn_batch_schedule_clips(&b, 9) == 32,
          "one size");
    static const char *const wrong[] = {
        "",    "0",     "x",       "-3",       "1.5",       "16,2/24",   "1/16",
        "0/0", "0/16,", "0/16,24", "0/16 2/3", "0/16,0/24", "0/16,-1/2", "0/99999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        err.text[0] = '\0';
        CHECK(dfn_batch_schedule_read(&b, wrong[i], &err) == DFN_ERR_FORMAT, "'%s' passes",
              wrong[i]);
        CHECK(err.text[0] == '\'', "'%s': no message", wrong[i]);
    }
    char text[400] = "0/1";
    for (int i = 1; i <= DFN_BATCH_STAGES; i++)
        snprintf(text + strlen(text), 16, ",%d/1", i);
    CHECK(dfn_batch_schedule_read(&b, text, &err) && strstr(err.text, "more than"), "%s",
          err.text);
}

int main(void)
{
    cosine();
    cycles();
    others();
    batches();
    return check_report();
}
