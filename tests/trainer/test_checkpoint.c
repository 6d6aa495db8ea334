/* A run goes on from a checkpoint as if nothing had happened; whatever happens to the
 * files, a whole one is found, or the reader says why not. */
#include "optim/checkpoint.h"
#include "optim/difference.h"
#include "optim_graph.h"

#include <dirent.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char folder[] = "test_checkpoint", recipe[] = "[train]\nseed = 1\n",
                  network[] = "[df]\nnb_df = 96\n";
static const char last[] = "test_checkpoint/last.ckpt",
                  previous[] = "test_checkpoint/previous.ckpt",
                  next[] = "test_checkpoint/next.ckpt", kept[] = "test_checkpoint/kept";
static const dfn_adamw_config config = {0.9, 0.98, 1e-6, 1.0, 0.9, true};

typedef struct run {
    dfn_adamw o;
    dfn_counters p;
    dfn_checkpoint c;
} run;

static void open_run(run *r, const dfn_graph *g)
{
    dfn_error err = {0};
    *r = (run){0};
    CHECK(!dfn_adamw_new(&r->o, g, &config, &err), "%s", err.text);
    optim_fill(&r->o.weights, g, 1, 42);
    dfn_adamw_start(&r->o);
    r->c = (dfn_checkpoint){&r->o, &r->p, recipe, network, false};
}

static void close_run(run *r) { dfn_adamw_free(&r->o); }

static void go(run *r, int steps)
{
    dfn_weights d;
    CHECK(!dfn_weights_new(&d, r->o.graph, DFN_F32, NULL), "memory");
    for (int i = 0; i < steps; i++) {
        optim_fill(&d, r->o.graph, 1, r->p.step++);
        r->p.examples += 32;
        if (r->p.step % 7 == 3)
            ((float *)d.data[0])[0] = INFINITY;
        dfn_adamw_step(&r->o, d.data, 1e-2, 0.1, NULL);
        dfn_counters_validated(&r->p, 3, sin((double)r->p.step));
        r->p.seconds += 1 / 3.0;
    }
    dfn_weights_free(&d);
}

static bool same_tables(const dfn_weights *a, const dfn_weights *b, const dfn_graph *g)
{
    for (int i = 0; i < a->count; i++)
        if (memcmp(a->data[i], b->data[i], dfn_graph_weight(g, i)->count * sizeof(float)))
            return false;
    return a->count == b->count;
}

/* Field by field: what lies between them may be anything. */
static bool same_counters(const dfn_counters *a, const dfn_counters *b)
{
    return a->step == b->step && a->examples == b->examples &&
           a->validated == b->validated && a->checkpointed == b->checkpointed &&
           a->logged == b->logged && a->stale == b->stale && a->in_row == b->in_row &&
           a->seconds == b->seconds && a->best.count == b->best.count &&
           !memcmp(a->best.score, b->best.score, sizeof a->best.score) &&
           !memcmp(a->best.step, b->best.step, sizeof a->best.step);
}

static bool same(const run *a, const run *b)
{
    const dfn_graph *g = a->o.graph;
    return same_tables(&a->o.weights, &b->o.weights, g) &&
           same_tables(&a->o.average, &b->o.average, g) &&
           same_tables(&a->o.first, &b->o.first, g) &&
           same_tables(&a->o.second, &b->o.second, g) &&
           same_tables(&a->o.largest, &b->o.largest, g) && a->o.updates == b->o.updates &&
           a->o.skipped == b->o.skipped && same_counters(&a->p, &b->p);
}

static void save(const run *r)
{
    dfn_error err = {0};
    CHECK(!dfn_checkpoint_write(&r->c, folder, &err), "%s", err.text);
}

/* Read, and say which step was found: -1 none, -2 an error. */
static int load(run *r, dfn_error *warning, dfn_error *err)
{
    bool found;
    dfn_error none;
    warning = warning ? warning : &none;
    if (dfn_checkpoint_read(&r->c, folder, &found, warning, err))
        return -2;
    return found ? (int)r->p.step : -1;
}

static unsigned char *slurp(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    unsigned char *bytes = malloc(1 << 20);
    *size = f && bytes ? fread(bytes, 1, 1 << 20, f) : 0;
    if (f)
        fclose(f);
    return bytes;
}

static void spill(const char *path, const unsigned char *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");
    CHECK(f && fwrite(bytes, 1, size, f) == size && !fclose(f), "%s", path);
}

/* Steps 1 ... 20 at once, and with a stop after each 5. */
static void goes_on(const dfn_graph *g)
{
    run whole, part;
    dfn_error err = {0};
    open_run(&whole, g);
    go(&whole, 20);
    for (int i = 0; i < 4; i++) {
        open_run(&part, g);
        const int at = load(&part, NULL, &err);
        CHECK(at == (i ? 5 * i : -1), "found step %d: %s", at, err.text);
        go(&part, 5);
        save(&part);
        if (i < 3)
            close_run(&part);
    }
    CHECK(same(&whole, &part), "stopped and resumed: another result");
    CHECK(whole.o.skipped == 3 && whole.p.best.count == 3, "the test lost its point");
    close_run(&whole);
    close_run(&part);
}

/* previous.ckpt is of step 15, last.ckpt of step 20. */
static void damaged(const dfn_graph *g)
{
    size_t size;
    unsigned char *bytes = slurp(last, &size);
    run r;
    dfn_error warning, err;
    open_run(&r, g);
    CHECK(size > 8 * 4096, "only %zu bytes", size);
    for (size_t n = 0; n < size; n += 4096) {
        spill(last, bytes, n);
        const int at = load(&r, &warning, &err);
        CHECK(at == 15 && strstr(warning.text, last), "%zu bytes: step %d, '%s'", n, at,
              warning.text);
    }
    for (size_t n = 5; n < size; n += 997) { /* one bit */
        bytes[n] ^= 16;
        spill(last, bytes, size);
        const int at = load(&r, &warning, &err);
        /* blanks after the header and key names of no account may change in peace */
        CHECK(at == 15 || n < 8192, "bit of byte %zu: step %d", n, at);
        bytes[n] ^= 16;
    }
    spill(last, bytes, size);
    CHECK(load(&r, &warning, &err) == 20 && !*warning.text, "'%s'", warning.text);
    truncate(last, 5000);
    truncate(previous, 6000);
    err.text[0] = '\0';
    CHECK(load(&r, &warning, &err) == -2 && err.status == DFN_ERR_FORMAT &&
              strstr(err.text, last),
          "both damaged: '%s'", err.text);
    CHECK(r.p.step == 20, "a damaged file changed something");
    spill(last, bytes, size);
    spill(previous, bytes, size);
    free(bytes);
    close_run(&r);
}

/* A kill between the steps of a write: what is there is used, the newest first. */
static void cut_off(const dfn_graph *g)
{
    run r;
    dfn_error err = {0};
    open_run(&r, g);
    CHECK(load(&r, NULL, &err) == 20, "%s", err.text);
    go(&r, 1);
    save(&r); /* last: 21, previous: 20 */
    rename(last, next);
    CHECK(load(&r, NULL, &err) == 21, "next and previous");
    go(&r, 1);
    save(&r);
    CHECK(load(&r, NULL, &err) == 22 && access(next, F_OK), "last after next");
    rename(last, next);
    rename(previous, last);
    CHECK(load(&r, NULL, &err) == 22, "next and last");
    unlink(next);
    CHECK(load(&r, NULL, &err) == 20, "last alone");
    spill("test_checkpoint/next.ckpt.1.0.tmp", (const unsigned char *)"x", 1);
    spill("test_checkpoint/best-1.safetensors.77.1.tmp", (const unsigned char *)"x", 1);
    spill(kept, (const unsigned char *)"x", 1);
    CHECK(load(&r, NULL, &err) == 20, "with litter");
    int n = 0;
    DIR *d = opendir(folder);
    while (d && readdir(d))
        n++;
    closedir(d);
    CHECK(n == 4, "., .., last.ckpt and kept, but %d", n); /* no previous: it became last */
    unlink(kept);
    close_run(&r);
}

static void full_disk(const dfn_graph *g)
{
    run r;
    dfn_error err;
    size_t n, m;
    open_run(&r, g);
    CHECK(load(&r, NULL, &err) == 20, "start");
    save(&r);
    unsigned char *before = slurp(last, &n);
    go(&r, 1);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit old;
    getrlimit(RLIMIT_FSIZE, &old);
    for (rlim_t limit = 0; limit < n; limit += 50000) {
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){limit, old.rlim_max});
        err.text[0] = '\0';
        CHECK(dfn_checkpoint_write(&r.c, folder, &err) == DFN_ERR_IO &&
                  strstr(err.text, "cannot write: File too large"),
              "%d bytes: '%s'", (int)limit, err.text);
    }
    setrlimit(RLIMIT_FSIZE, &old);
    unsigned char *after = slurp(last, &m);
    CHECK(n == m && !memcmp(before, after, n), "the last checkpoint changed");
    CHECK(access(next, F_OK), "a part of a file stays");
    CHECK(load(&r, NULL, &err) == 20, "full disk");
    CHECK(dfn_checkpoint_write(&r.c, "test_checkpoint/none", &err) == DFN_ERR_IO, "folder");
    free(before);
    free(after);
    close_run(&r);
}

static void foreign(const dfn_graph *g)
{
    run r;
    dfn_error err = {0};
    open_run(&r, g);
    r.c.recipe = "[train]\nseed = 2\n[mix]\ngain = 1\n";
    CHECK(load(&r, NULL, &err) == -2 && err.status == DFN_ERR_ARG, "another recipe");
    CHECK(strstr(err.text, "last.ckpt: made by another recipe, 2 keys differ: [train] seed "
                           "is '1' there, '2' here; [mix] gain is missing there"),
          "'%s'", err.text);
    dfn_error warning;
    r.c.any_recipe = true;
    CHECK(load(&r, &warning, &err) == 20 && strstr(warning.text, "2 keys differ: [train]"),
          "'%s', '%s'", err.text, warning.text);
    r.c.any_recipe = false;
    r.c.recipe = "[train]\n";
    CHECK(load(&r, NULL, &err) == -2 &&
              strstr(err.text, "1 key differs: [train] seed is '1' there, missing here"),
          "'%s'", err.text);
    r.c.recipe = recipe;
    r.c.config = "[df]\nnb_df = 64\n";
    CHECK(load(&r, NULL, &err) == -2 && strstr(err.text, "of another network, 1 key"),
          "'%s'", err.text);
    close_run(&r);

    dfn_graph *other = dfn_graph_new();
    const dfn_value x = dfn_graph_input(other, "x", (dfn_shape){1, {1, 1, 4}});
    const dfn_attr linear = {.out = 3};
    dfn_graph_output(other, "y",
                     dfn_graph_add(other, DFN_OP_LINEAR, "linear", &linear, 1, &x));
    CHECK(!dfn_graph_finish(other, &err), "%s", err.text);
    open_run(&r, other);
    CHECK(load(&r, NULL, &err) == -2 && err.status == DFN_ERR_ARG &&
              strstr(err.text, "'average.linear.weight' has another shape"),
          "'%s'", err.text);
    close_run(&r);
    dfn_graph_free(other);
}

/* Of another optimiser, should the recipes not tell: it has tensors more. */
static void without_largest(const dfn_graph *g)
{
    run r;
    dfn_error err = {0};
    dfn_adamw_config plain = config;
    plain.amsgrad = false;
    open_run(&r, g);
    dfn_adamw_free(&r.o);
    CHECK(!dfn_adamw_new(&r.o, g, &plain, &err), "%s", err.text);
    CHECK(load(&r, NULL, &err) == -2 && err.status == DFN_ERR_ARG &&
              strstr(err.text, "tensors, not"),
          "'%s'", err.text);
    close_run(&r);
}

static void counters(void)
{
    char text[DFN_COUNTERS_TEXT];
    dfn_counters c = {.step = 1,
                      .examples = (uint64_t)1 << 53,
                      .validated = 3,
                      .checkpointed = 4,
                      .logged = 5,
                      .stale = 6,
                      .in_row = 7,
                      .seconds = 0.1},
                 back;
    uint64_t updates, skipped;
    for (int i = 0; i < DFN_BEST_MAX; i++)
        dfn_best_add(&c.best, DFN_BEST_MAX, -1 / (i + 3.0), 100 + (uint64_t)i);
    const size_t n = dfn_counters_print(text, sizeof text, &c, 8, 9);
    dfn_error err = {0};
    CHECK(n && n < sizeof text, "%zu characters", n);
    CHECK(!dfn_counters_parse(&back, &updates, &skipped, text, "text", &err), "%s",
          err.text);
    CHECK(c.best.count == DFN_BEST_MAX && same_counters(&c, &back) && updates == 8 &&
              skipped == 9,
          "%s", text);
    CHECK(dfn_counters_parse(&back, &updates, &skipped, "[progress]\nbest = 9\n", "text",
                             &err) == DFN_ERR_FORMAT,
          "too many");
}

static void differences(void)
{
    char out[64];
    CHECK(dfn_difference("[a]\nk = 1\n[b]\nk = 2\n", "[b]\nk = 3\n[a]\nk = 1\n", out,
                         sizeof out) == 1 &&
              !strcmp(out, "[b] k is '2' there, '3' here"),
          "'%s'", out);
    CHECK(dfn_difference("[a]\nk = 1\n", "[a]\nk = 1\n", out, sizeof out) == 0 && !*out,
          "'%s'", out);
    CHECK(dfn_difference("", "[a]\nk = 1\nl = 2\nm = 3\nn = 4\n", out, sizeof out) == 4 &&
              !strcmp(out, "[a] k is missing there; [a] l is missing there"),
          "'%s'", out);
    CHECK(!dfn_difference("[a]\nk = 0.10000000000000001\n", "[a]\nk = 0.1\n", out,
                          sizeof out),
          "one number written twice: %s", out);
    CHECK(dfn_difference("[a]\nk = 0.1\n", "[a]\nk = 0.1x\n", out, sizeof out) == 1,
          "a text that begins with a number");
}

int main(void)
{
    dfn_graph *g = optim_graph();
    mkdir(folder, 0755);
    unlink(last);
    unlink(previous);
    unlink(next);
    goes_on(g);
    damaged(g);
    cut_off(g);
    full_disk(g);
    foreign(g);
    without_largest(g);
    counters();
    differences();
    unlink(last);
    unlink(previous);
    rmdir(folder);
    dfn_graph_free(g);
    return check_report();
}
