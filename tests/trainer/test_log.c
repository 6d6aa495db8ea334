/* test_log.c - log.jsonl of runs that end at any point, and on a full disk. */
#include "check.h"
#include "run/log.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static char folder[] = "/tmp/test_log_XXXXXX";
static char path[sizeof folder + 16];
static char text[1 << 16];

static size_t read_log(void)
{
    FILE *f = fopen(path, "rb");
    const size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    text[n] = '\0';
    if (f)
        fclose(f);
    return n;
}

static void write_log(const char *content, size_t n)
{
    FILE *f = fopen(path, "wb");
    CHECK(f && fwrite(content, 1, n, f) == n, "cannot write %s", path);
    if (f)
        fclose(f);
}

static dfn_log *reopen(uint64_t step)
{
    dfn_log *l = NULL;
    dfn_error err = {0};
    CHECK(!dfn_log_open(&l, folder, step, NULL, &err), "%s", err.text);
    return l;
}

static void put(dfn_log *l, uint64_t step, double x)
{
    dfn_error err = {0};
    const dfn_log_number n = {"x", x};
    CHECK(!dfn_log_put(l, "train", step, &n, 1, &err), "%s", err.text);
}

static void test_lines(void)
{
    dfn_log *l = reopen(0);
    put(l, 1, 0.1);
    put(l, 2, NAN);
    put(l, 3, 1.0 / 3);
    CHECK(!dfn_log_note(l, 3, "a \"b\" \\ \n c", NULL), "note");
    dfn_log_close(l);
    read_log();
    const char *want = "{\"kind\":\"train\",\"step\":1,\"x\":0.1}\n"
                       "{\"kind\":\"train\",\"step\":2,\"x\":null}\n"
                       "{\"kind\":\"train\",\"step\":3,\"x\":0.3333333333333333}\n"
                       "{\"kind\":\"note\",\"step\":3,\"text\":\"a \\\"b\\\" \\\\   c\"}\n";
    CHECK(!strcmp(text, want), "%s", text);
}

/* Cut the log at every byte, as kill -9 may, and go on after step 2: always the same. */
static void test_torn(void)
{
    char whole[sizeof text];
    unlink(path);
    dfn_log *l = reopen(0);
    for (uint64_t step = 1; step <= 4; step++)
        put(l, step, (double)step);
    dfn_log_close(l);
    const size_t n = read_log();
    memcpy(whole, text, n + 1);
    const size_t two =
        (size_t)(strstr(whole, "\"step\":3") - whole) - strlen("{\"kind\":\"train\",");
    for (size_t cut = two; cut <= n; cut++) {
        write_log(whole, cut);
        l = reopen(2);
        put(l, 3, 3);
        put(l, 4, 4);
        dfn_log_close(l);
        read_log();
        CHECK(!strcmp(text, whole), "cut at %zu: %s", cut, text);
    }
}

/* What a file system may leave after a loss of power. */
static void test_zeros(void)
{
    static const char content[] = "{\"kind\":\"train\",\"step\":1,\"x\":1}\n"
                                  "\0\0\0\0\0\0\0\n"
                                  "{\"kind\":\"train\",\"st\n"
                                  "{\"kind\":\"train\",\"step\":2,\"x\":1}\n";
    write_log(content, sizeof content - 1);
    dfn_log_close(reopen(5));
    read_log();
    CHECK(!strcmp(text, "{\"kind\":\"train\",\"step\":1,\"x\":1}\n"
                        "{\"kind\":\"train\",\"step\":2,\"x\":1}\n"),
          "%s", text);
}

/* A disk that is full in the middle of a line: the call says so, the line is not there, and
 * later ones are whole. */
static void test_full(void)
{
    struct rlimit before, small;
    unlink(path);
    dfn_log *l = reopen(0);
    put(l, 1, 1);
    const size_t one = read_log();
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = one + one / 2;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    dfn_error err = {0};
    const dfn_log_number x = {"x", 1};
    CHECK(dfn_log_put(l, "train", 2, &x, 1, &err) == DFN_ERR_IO, "no error");
    CHECK(strstr(err.text, "log.jsonl: "), "%s", err.text);
    setrlimit(RLIMIT_FSIZE, &before);
    CHECK(read_log() == one, "half a line: %s", text);
    put(l, 3, 1);
    dfn_log_close(l);
    CHECK(read_log() == 2 * one && strstr(text, "\"step\":3"), "%s", text);
}

static void test_refused(void)
{
    dfn_log *l;
    dfn_error err = {0};
    char inside[sizeof path + 8];
    snprintf(inside, sizeof inside, "%s/x", path); /* below a file */
    CHECK(dfn_log_open(&l, inside, 0, NULL, &err) == DFN_ERR_IO && !l &&
              strstr(err.text, "log.jsonl"),
          "%s", err.text);
    dfn_log_close(NULL);
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/log.jsonl", folder);
    test_lines();
    test_torn();
    test_zeros();
    test_full();
    test_refused();
    char command[sizeof folder + 16];
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK(!system(command), "%s", command);
    return check_report();
}
