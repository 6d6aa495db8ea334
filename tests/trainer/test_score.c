/* test_score.c - measures of one sound, pairs of a folder, and their groups. */
#include "check.h"
#include "run/score_table.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const cli_program = "test_score";

enum { N = 48000 };
static float noisy[N], clean[N], zero[N];
static char folder[] = "/tmp/test_score_XXXXXX";

static void write_file(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    CHECK(f && fputs(text, f) >= 0, "%s", path);
    if (f)
        fclose(f);
}

static void test_clip(void)
{
    static double random[2 * N];
    dfn_error err = {0};
    dfn_score s;
    check_fill(random, 2 * N, 5);
    for (int i = 0; i < N; i++) {
        clean[i] = (float)random[i] / 4;
        noisy[i] = clean[i] + (float)random[N + i] / 4;
    }
    CHECK(!dfn_score_clip(&s, noisy, clean, clean, N, 48000, &err), "%s", err.text);
    CHECK(fabs(s.si_sdr_noisy) < 0.2 && s.si_sdr > 80, "%g %g", s.si_sdr_noisy, s.si_sdr);
    CHECK(s.stoi_noisy < 0.9 && fabs(s.stoi - 1) < 1e-5, "%g %g", s.stoi_noisy, s.stoi);
    CHECK(fabs(s.level + 3) < 0.2, "%g", s.level); /* half the energy */
    /* nothing to say: no target, or too short for STOI */
    CHECK(!dfn_score_clip(&s, noisy, zero, noisy, N, 48000, &err), "%s", err.text);
    CHECK(isnan(s.si_sdr) && isnan(s.stoi) && s.level == 0, "%g %g", s.si_sdr, s.level);
    CHECK(!dfn_score_clip(&s, noisy, clean, clean, 4800, 48000, &err), "%s", err.text);
    CHECK(s.si_sdr > 80 && isnan(s.stoi) && isnan(s.estoi), "%g", s.stoi);
    CHECK(!dfn_score_clip(&s, noisy, clean, zero, N, 48000, &err), "%s", err.text);
    CHECK(s.stoi == 0 && s.level < -200, "silence: %g %g", s.stoi, s.level);
    noisy[3] = INFINITY;
    CHECK(dfn_score_clip(&s, clean, clean, noisy, N, 48000, &err) == DFN_ERR_ARG &&
              strstr(err.text, "enhanced"),
          "%s", err.text);
}

static void test_mean(void)
{
    const dfn_score s[3] = {
        {.si_sdr = 1, .stoi = NAN}, {.si_sdr = 3, .stoi = 0.5}, {.si_sdr = 8}};
    const bool use[3] = {true, true, false};
    dfn_score m = dfn_score_mean(s, 3, use);
    CHECK(m.si_sdr == 2 && m.stoi == 0.5, "%g %g", m.si_sdr, m.stoi);
    m = dfn_score_mean(s, 3, NULL);
    CHECK(m.si_sdr == 4 && m.stoi == 0.25, "%g %g", m.si_sdr, m.stoi);
    m = dfn_score_mean(s, 0, NULL);
    CHECK(isnan(m.si_sdr), "of nothing: %g", m.si_sdr);
}

static void expect_error(const char *manifest, const char *part)
{
    dfn_pairs p;
    dfn_error err = {0};
    write_file("manifest.csv", manifest);
    CHECK(dfn_pairs_find(&p, folder, &err) && strstr(err.text, part), "'%s', want '%s'",
          err.text, part);
    CHECK(!p.count && !p.pair, "%zu pairs left", p.count);
}

static void test_find(void)
{
    dfn_pairs p;
    dfn_error err = {0};
    CHECK(dfn_pairs_find(&p, folder, &err) && strstr(err.text, "no pairs"), "%s", err.text);
    write_file("b_noisy.wav", "");
    write_file("a_noisy.flac", "");
    write_file("_noisy.flac", "");
    write_file("a_clean.flac", "");
    CHECK(!dfn_pairs_find(&p, folder, &err) && p.count == 2, "%s: %zu", err.text, p.count);
    CHECK(!strcmp(p.pair[0].id, "a") && strstr(p.pair[1].clean, "/b_clean.wav"), "%s %s",
          p.pair[0].id, p.pair[1].clean);
    dfn_pairs_free(&p);
    expect_error("", "manifest.csv: the file is empty");
    expect_error("id,noisy\nx,y\n", "manifest.csv:1: there is no column 'clean'");
    expect_error("noisy,clean\nx,y\nz,\n", "manifest.csv:3: no clean file");
    expect_error("noisy,clean,snr_db\nx,y,loud\n", "manifest.csv:2: 'loud'");
    expect_error("noisy,clean\n", "no pairs");
    write_file("manifest.csv",
               "set,clean,noisy,snr_db,rir\nM,c,n,-5,r\n\nM,\"c,2\",/n,,\n");
    CHECK(!dfn_pairs_find(&p, folder, &err) && p.count == 2, "%s", err.text);
    CHECK(p.pair[0].snr_db == -5 && p.pair[0].room && p.pair[0].line == 2 &&
              !strcmp(p.pair[0].id, "n"),
          "first");
    CHECK(isnan(p.pair[1].snr_db) && !p.pair[1].room && p.pair[1].line == 4 &&
              !strcmp(p.pair[1].noisy, "/n") && strstr(p.pair[1].clean, "/c,2"),
          "second: %s", p.pair[1].clean);
    dfn_pairs_free(&p);
    CHECK(dfn_pairs_find(&p, "/nowhere", &err) == DFN_ERR_IO &&
              strstr(err.text, "/nowhere"),
          "%s", err.text);
}

/* Four mixtures of two SNRs, one in a room, and a set without SNR; one pair has failed. */
static void test_groups(void)
{
    static char sets[][2] = {"m", "s"}, id[] = "x";
    dfn_pair pair[7] = {{0}};
    const double snr[7] = {5, 0, 5, 0, NAN, NAN, 0};
    for (int i = 0; i < 7; i++) {
        pair[i] = (dfn_pair){.id = id, .set = sets[i == 4 || i == 5], .snr_db = snr[i]};
        pair[i].score.si_sdr = i;
    }
    pair[3].room = true;
    pair[6].status = DFN_ERR_IO;
    const dfn_pairs p = {pair, 7};
    static const struct {
        const char *name;
        double mean;
        size_t pairs;
    } want[] = {{"m", 1.5, 4},     {"m, dry", 1, 3}, {"m, room", 3, 1}, {"m, 0 dB", 2, 2},
                {"m, 5 dB", 1, 2}, {"x", 4, 1},      {"x", 5, 1}};
    size_t n;
    dfn_score_group *g = dfn_score_groups(&p, &n);
    CHECK(g && n == 7, "%zu groups", n);
    for (size_t i = 0; g && i < n && i < 7; i++)
        CHECK(!strcmp(g[i].name, want[i].name) && g[i].mean.si_sdr == want[i].mean &&
                  g[i].pairs == want[i].pairs && g[i].single == (i > 4),
              "%zu: %s, %g of %zu", i, g[i].name, g[i].mean.si_sdr, g[i].pairs);
    free(g);
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    test_clip();
    test_mean();
    test_find();
    test_groups();
    char command[sizeof folder + 16];
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK(!system(command), "%s", command);
    return check_report();
}
