/* test_progress.c - the line of a run: in every width, and its speed and time left. */
#include "check.h"
#include "run/progress.h"

#include <stdlib.h>
#include <string.h>

const char *const cli_program = "test_progress";

static dfn_progress_state at(uint64_t step, double seconds)
{
    return (dfn_progress_state){.step = step,
                                .steps = 30000,
                                .hours = (double)step * 0.01,
                                .loss = 0.12345,
                                .lr = 9.1e-4,
                                .seconds = seconds};
}

/* 2 steps a second, for a minute. */
static void run(dfn_progress *p)
{
    dfn_progress_init(p, 1e9, true);
    for (int i = 1; i <= 120; i++) {
        const dfn_progress_state s = at((uint64_t)i, i / 2.0);
        dfn_progress_step(p, &s);
    }
}

static void test_speed(void)
{
    dfn_progress p;
    dfn_progress_init(&p, 1e9, true);
    CHECK(dfn_progress_steps_per_second(&p) == 0, "before the first step");
    run(&p);
    const double steps = dfn_progress_steps_per_second(&p);
    CHECK(fabs(steps - 2) <= 1e-9, "%g steps a second", steps);
    const double speed = dfn_progress_hours_per_hour(&p);
    CHECK(fabs(speed - 72) <= 1e-9, "%g hours per hour", speed); /* .02 h a second */
    /* Of late: ten times slower, and after a minute nothing is left of before. */
    for (int i = 1; i <= 12; i++) {
        const dfn_progress_state s = at((uint64_t)(120 + i), 60 + 5.0 * i);
        dfn_progress_step(&p, &s);
    }
    for (int i = 1; i <= 20; i++) {
        const dfn_progress_state s = at((uint64_t)(132 + i), 120 + 5.0 * i);
        dfn_progress_step(&p, &s);
    }
    CHECK(fabs(dfn_progress_steps_per_second(&p) - 0.2) <= 1e-9, "%g of late",
          dfn_progress_steps_per_second(&p));
}

static void test_text(void)
{
    dfn_progress p;
    char text[256];
    run(&p);
    const dfn_progress_state s = at(120, 60);
    dfn_progress_text(text, sizeof text, 1000, false, &p, &s);
    const char *want = "  0 %  step 120/30000  1.20 h  72 h/h  loss 0.1235  lr 0.00091  "
                       "4:09:00 left"; /* 29880 steps, 2 a second */
    CHECK(!strcmp(text, want), "'%s'", text);
    for (int width = 1; width <= 200; width++) {
        memset(text, '#', sizeof text);
        const size_t n = dfn_progress_text(text, sizeof text, width, true, &p, &s);
        CHECK(n == strlen(text) && n < (size_t)width, "width %d: %zu '%s'", width, n, text);
        CHECK(width < 15 || strstr(text, "loss 0.1235"), "width %d: '%s'", width, text);
        CHECK(width < 80 || strstr(text, "left"), "width %d: '%s'", width, text);
        CHECK(width < 120 || text[0] == '[', "width %d: '%s'", width, text);
    }
    for (size_t size = 1; size <= 80; size++) { /* under ASan: not a byte too many */
        char *exact = malloc(size);
        dfn_progress_text(exact, size, 1000, true, &p, &s);
        free(exact);
    }
}

static void test_odd(void)
{
    dfn_progress p;
    char text[256];
    run(&p);
    dfn_progress_state s = at(120, 60);
    s.steps = 0; /* no end known */
    dfn_progress_text(text, sizeof text, 100, true, &p, &s);
    CHECK(strstr(text, "step 120 ") && !strstr(text, "left") && !strchr(text, '%'), "'%s'",
          text);
    s.steps = 60; /* further than the end */
    dfn_progress_text(text, sizeof text, 100, true, &p, &s);
    CHECK(strstr(text, "100 %"), "'%s'", text);
    s.steps = 100000000;
    s.loss = NAN;
    dfn_progress_text(text, sizeof text, 150, true, &p, &s);
    CHECK(strstr(text, "nan") && strstr(text, "578 d 16 h left"), "'%s'", text);
}

int main(void)
{
    test_speed();
    test_text();
    test_odd();
    return check_report();
}
