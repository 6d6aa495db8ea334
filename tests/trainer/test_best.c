/* The files of the best models are those of the list, in its order, however often the run
 * was killed while they moved. */
#include "check.h"
#include "optim/best.h"

#include <dfnet4/safetensors.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char folder[] = "test_best";
enum { KEEP = 4, VALIDATIONS = 60, RUNS = 6 };

static void write_model(const char *path, uint64_t step)
{
    char text[32];
    dfn_error err = {0};
    snprintf(text, sizeof text, "%" PRIu64, step);
    const dfn_text_pair pair = {DFN_BEST_STEP, text};
    CHECK(!dfn_safetensors_write(path, NULL, 0, &pair, 1, &err), "%s", err.text);
}

/* Step of the file at a rank; 0: none. */
static uint64_t step_at(int rank)
{
    char path[64];
    dfn_safetensors *s;
    snprintf(path, sizeof path, "%s/best-%d.safetensors", folder, rank + 1);
    if (dfn_safetensors_open(&s, path, NULL))
        return 0;
    const uint64_t step = strtoull(dfn_safetensors_metadata(s, DFN_BEST_STEP), NULL, 10);
    dfn_safetensors_close(s);
    return step;
}

static uint64_t next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

/* The score of a step, the same in every attempt; some are equal. */
static double score(uint64_t step, uint64_t seed)
{
    seed += step * 977;
    next(&seed);
    return (double)(next(&seed) % 40);
}

/* One validation; false if the run was killed on the way. */
static bool validate(dfn_counters *c, uint64_t seed, uint64_t *luck)
{
    char path[DFN_PATH];
    dfn_error err = {0};
    const int rank = dfn_counters_validated(c, KEEP, score(c->step, seed));
    const bool killed = *luck && next(luck) % 4 == 0;
    if (rank < 0)
        return !killed;
    /* a rank too far down: only the moves below it, as if killed then */
    const int done = killed ? rank + (int)(next(luck) % (KEEP - (unsigned)rank)) : rank;
    CHECK(!dfn_best_place(&c->best, done, folder, path, &err), "%s", err.text);
    if (done == rank && !(killed && next(luck) % 2))
        write_model(path, c->step);
    return !killed;
}

static void run(uint64_t seed, uint64_t luck)
{
    dfn_counters now = {0}, saved = now;
    for (int i = 0; i < KEEP; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/best-%d.safetensors", folder, i + 1);
        unlink(path);
    }
    while (now.step < VALIDATIONS) {
        now.step++;
        if (!validate(&now, seed, &luck))
            now = saved;
        else if (now.step % 3 == 0)
            saved = now;
    }
    CHECK(now.best.count == KEEP, "%d are kept", now.best.count);
    for (int i = 0; i < KEEP; i++) {
        CHECK(step_at(i) == now.best.step[i], "run %d, rank %d: step %d, not %d", (int)seed,
              i, (int)step_at(i), (int)now.best.step[i]);
        CHECK(!i || now.best.score[i - 1] <= now.best.score[i], "order");
    }
}

static void list(void)
{
    static const double scores[] = {5, NAN, 3, INFINITY, 5, 4, -INFINITY, 9, 1};
    static const int ranks[] = {0, -1, 0, -1, 2, 1, -1, -1, 0},
                     stale[] = {0, 1, 0, 1, 2, 3, 4, 5, 0};
    dfn_counters c = {0};
    for (int i = 0; i < 9; i++) {
        c.step++;
        const int rank = dfn_counters_validated(&c, 3, scores[i]);
        CHECK(rank == ranks[i] && c.stale == (uint64_t)stale[i], "%g: rank %d, stale %d",
              scores[i], rank, (int)c.stale);
    }
    CHECK(c.best.count == 3 && c.best.step[0] == 9 && c.best.step[1] == 3 &&
              c.best.step[2] == 6,
          "list");
    CHECK(dfn_best_add(&c.best, 1, 2, 10) == -1 && c.best.count == 1, "fewer to keep");
    CHECK(dfn_counters_validated(&c, 0, 0.5) == 0 && c.stale == 0, "none to keep");
}

int main(void)
{
    mkdir(folder, 0755);
    list();
    run(1, 0);
    for (uint64_t i = 1; i <= RUNS; i++)
        run(i, i + 1000);
    for (int i = 0; i < KEEP; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/best-%d.safetensors", folder, i + 1);
        unlink(path);
    }
    rmdir(folder);
    return check_report();
}
