/* test_score_official.c - the scores of the official DeepFilterNet3 on the evaluation set,
 * as measured before with its own program and with published implementations of the
 * measures. */
#include "check.h"
#include "official.h"
#include "run/score_table.h"

#include <dfnet4/cpu.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const cli_program = "test_score_official";

/* Rounded to two digits of SI-SDR and three of STOI. Noisy sounds differ by that only; our
 * network and another program's by less than as much again. */
static const struct row {
    const char *group;
    double si_sdr_noisy, si_sdr, stoi_noisy, stoi;
} rows[] = {
    {"voicebank-demand", 7.46, 18.40, .932, .946},
    {"mixture, dry", 3.54, 11.34, .822, .887},
    {"mixture, room", -2.98, -.26, .614, .605},
    {"mixture", 1.37, 7.47, .753, .793},
    {"mixture, -5 dB", -7.18, 2.54, NAN, NAN},
    {"mixture, 0 dB", -3.11, 6.09, NAN, NAN},
    {"mixture, 5 dB", 2.79, 8.19, NAN, NAN},
    {"mixture, 10 dB", 5.39, 10.25, NAN, NAN},
    {"mixture, 15 dB", 8.94, 10.29, NAN, NAN},
};

static void near(const char *group, const char *what, double x, double want, double limit)
{
    if (!isnan(want))
        CHECK(fabs(x - want) <= limit, "%s: %s %.4f, want %.3f", group, what, x, want);
}

static void check_groups(const dfn_score_group *group, size_t count)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
            const struct row *r = &rows[k];
            if (strcmp(group[i].name, r->group) != 0)
                continue;
            found++;
            const dfn_score *s = &group[i].mean;
            near(r->group, "SI-SDR of noisy", s->si_sdr_noisy, r->si_sdr_noisy, 0.0101);
            near(r->group, "SI-SDR", s->si_sdr, r->si_sdr, 0.02);
            near(r->group, "STOI of noisy", s->stoi_noisy, r->stoi_noisy, 0.001);
            near(r->group, "STOI", s->stoi, r->stoi, 0.001);
        }
    CHECK(found == sizeof rows / sizeof *rows, "%zu groups", found);
}

int main(void)
{
    int status;
    dfn_model *m = official_model(&status);
    if (!m)
        return status;
    char path[1024];
    snprintf(path, sizeof path, "%s/data/eval/dev", getenv("DFN_SHARED"));
    dfn_pairs p;
    dfn_error err = {0};
    if (access(path, R_OK) != 0) {
        fprintf(stderr, "%s is not there\n", path);
        dfn_model_free(m);
        return getenv("DFN_REQUIRE_SHARED") ? 1 : 77;
    }
    CHECK(!dfn_pairs_find(&p, path, &err), "%s", err.text);
    CHECK(!dfn_pairs_score(&p, m, 2, dfn_cpu_detect(), NULL, NULL, &err), "%s", err.text);
    for (size_t i = 0; i < p.count; i++)
        CHECK(!p.pair[i].status, "%s", p.pair[i].err.text);
    size_t groups;
    dfn_score_group *group = dfn_score_groups(&p, &groups);
    CHECK(group, "no memory");
    dfn_score_print(group, groups);
    check_groups(group, groups);
    free(group);
    dfn_pairs_free(&p);
    dfn_model_free(m);
    return check_report();
}
