/* Recordings that cannot be used, and caches that cannot be written. */
#include "check.h"
#include "data/decode.h"
#include "data/measure.h"
#include "data/sounds.h"
#include "sound_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char told[1 << 14];

static void note(void *user, const char *text)
{
    (void)user;
    const size_t n = strlen(told);
    snprintf(told + n, sizeof told - n, "%s\n", text);
}

static dfn_status open_folder(dfn_sounds **s, const char *speech, const char *cache,
                              dfn_error *err)
{
    const dfn_data_config config = {
        .folders[DFN_SPEECH] = speech, .cache = cache, .threads = 2};
    const dfn_data_watch watch = {.message = note};
    *told = '\0';
    *err = (dfn_error){0};
    return dfn_sounds_open(s, &config, &watch, err);
}

static void write_one(const char *path, const float *x, int n)
{
    SF_INFO info = {.samplerate = 48000, .channels = 1, .format = FLOAT};
    SNDFILE *f = sf_open(path, SFM_WRITE, &info);
    CHECK(f && sf_writef_float(f, x, n) == n, "%s", path);
    sf_close(f);
}

/* Bytes 0..n of a file, then nothing (or zeros up to its size). */
static void cut(const char *path, long n, int fill)
{
    struct stat st;
    const char zero[4096] = {0};
    CHECK(stat(path, &st) == 0 && truncate(path, n) == 0, "%s", path);
    if (fill) {
        const int fd = open(path, O_WRONLY | O_APPEND);
        for (long left = (long)st.st_size - n; left > 0; left -= 4096)
            CHECK(write(fd, zero, (size_t)(left < 4096 ? left : 4096)) > 0, "%s", path);
        close(fd);
    }
}

/* ---- recordings ------------------------------------------------------------------------
 */

static void make_bad_files(void)
{
    float x[9600];
    make_folder("bad");
    for (int i = 0; i < 9600; i++)
        x[i] = wave(i, 0);
    write_one("bad/one.wav", x, 1);
    write_one("bad/short.wav", x, 4799);
    write_one("bad/none.wav", x, 0);
    x[9000] = NAN;
    write_one("bad/nan.wav", x, 9600);
    x[9000] = -INFINITY;
    write_one("bad/inf.wav", x, 9600);
    write_sound("bad/silent.wav", 48000, 1, 48000, 0, PCM);
    write_sound("bad/faint.wav", 48000, 1, 48000, 1e-4f, FLOAT);
    write_sound("bad/rate.wav", 100, 1, 48000, 1, PCM);
    write_text("bad/empty.wav", "");
    write_text("bad/text.wav", "this is not a sound\n");
    write_sound("bad/flac.flac", 48000, 1, 96000, 1, SF_FORMAT_FLAC | SF_FORMAT_PCM_16);
    cut("bad/flac.flac", 20000, 1);
    write_sound("bad/head.wav", 48000, 1, 9600, 1, PCM);
    cut("bad/head.wav", 30, 0);
    CHECK(mkfifo("bad/pipe.wav", 0666) == 0 && symlink("gone", "bad/link.wav") == 0 &&
              symlink("self.wav", "bad/self.wav") == 0,
          "pipe and links");
}

/* Good ones among them: what is not said here must be usable. */
static void make_good_files(const char *folder, int count)
{
    char path[100];
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/good%03d.wav", folder, i);
        write_sound(path, 48000, 1 + i % 3, 4800 + 100 * i, 1, i % 2 ? PCM : FLOAT);
    }
}

static void test_bad_files(void)
{
    static const char *const want[] = {
        "bad/one.wav: is too short: 1 samples, at least 4800",
        "bad/short.wav: is too short: 4799",
        "bad/none.wav: has no samples",
        "bad/nan.wav: sample 9000 is not a finite number",
        "bad/inf.wav: sample 9000 is not a finite number",
        "bad/silent.wav: is silent",
        "bad/faint.wav: is silent",
        "bad/rate.wav: its rate of 100 Hz is not supported",
        "bad/empty.wav: the file is empty",
        "bad/text.wav: damaged or not a sound file",
        "bad/flac.flac: damaged",
        "bad/head.wav: ",
        "bad/pipe.wav: is not a regular file",
        "bad/link.wav: No such file",
        "bad/self.wav: Too many levels"};
    enum { BAD = sizeof want / sizeof *want };
    dfn_sounds *s;
    dfn_error err;
    make_bad_files();
    CHECK(open_folder(&s, "bad", "c", &err) == DFN_ERR_FORMAT && !s, "nothing can be used");
    CHECK(strstr(err.text, "bad: none of 15 recordings can be used"), "%s", err.text);
    for (int i = 0; i < BAD; i++)
        CHECK(strstr(told, want[i]), "'%s' was not told in\n%s", want[i], told);
    make_good_files("bad", 9 * BAD - 1);
    CHECK(open_folder(&s, "bad", "c", &err) && strstr(err.text, "15 of 149 recordings"),
          "%s", err.text);
    write_sound("bad/good.wav", 48000, 1, 4800, 1, PCM); /* now they are a tenth */
    for (int again = 0; again < 2; again++) {
        CHECK(!open_folder(&s, "bad", "c", &err), "%s", err.text);
        CHECK(strstr(told, "15 of 150 recordings cannot be used and are left out") &&
                  strstr(told, want[3]),
              "%s", told);
        CHECK(s &&
                  dfn_sounds_count(s, DFN_SPEECH, 0) + dfn_sounds_count(s, DFN_SPEECH, 1) ==
                      9 * BAD,
              "good ones");
        dfn_sounds_free(s);
    }
}

/* ---- the cache -------------------------------------------------------------------------
 */

static int files_in(const char *folder)
{
    int n = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));)
        n += e->d_name[0] != '.';
    if (d)
        closedir(d);
    return n;
}

/* A limit on the size of files is a disk that is full: nothing may stay behind. */
static void test_full_disk(void)
{
    const struct rlimit little = {100000, RLIM_INFINITY},
                        much = {RLIM_INFINITY, RLIM_INFINITY};
    dfn_sounds *s;
    dfn_error err;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &little);
    const dfn_status status = open_folder(&s, "good", "full/cache", &err);
    setrlimit(RLIMIT_FSIZE, &much);
    CHECK(status == DFN_ERR_IO && !s && strstr(err.text, "full/cache: File too large"),
          "%s", err.text);
    CHECK(files_in("full") == 0, "%d files stay", files_in("full"));
    CHECK(open_folder(&s, "good", "/dev/null/cache", &err) == DFN_ERR_IO &&
              strstr(err.text, "/dev/null/cache: "),
          "%s", err.text);
    CHECK(open_folder(&s, "good", "full", &err) == DFN_ERR_IO && strstr(err.text, "full: "),
          "a folder: %s", err.text);
    CHECK(files_in("full") == 0, "%d files stay", files_in("full"));
}

/* What a killed process left is removed, what a living one holds is not. */
static void test_leftovers(void)
{
    dfn_sounds *s;
    dfn_error err;
    make_folder("left");
    write_text("left/c.part-abcdef", "old");
    write_text("left/c.part-living", "held");
    write_text("left/c.part-abc", "another's");
    write_text("left/xc.part-abcdef", "another's");
    const int held = open("left/c.part-living", O_RDWR);
    CHECK(flock(held, LOCK_EX | LOCK_NB) == 0, "lock");
    CHECK(!open_folder(&s, "good", "left/c", &err), "%s", err.text);
    dfn_sounds_free(s);
    CHECK(access("left/c.part-abcdef", F_OK) != 0, "an old file stays");
    CHECK(access("left/c.part-living", F_OK) == 0 && access("left/c.part-abc", F_OK) == 0 &&
              access("left/xc.part-abcdef", F_OK) == 0,
          "another's file was removed");
    CHECK(files_in("left") == 4, "%d files", files_in("left"));
    close(held);
}

static int open_in_child(void)
{
    dfn_sounds *s;
    dfn_error err;
    const dfn_status status = open_folder(&s, "good", "many/c", &err);
    if (status)
        fprintf(stderr, "%s\n", err.text);
    float x[100], sum = 0;
    for (int p = 0; s && p < DFN_SPLITS; p++)
        for (int i = 0; i < dfn_sounds_count(s, DFN_SPEECH, p); i++) {
            dfn_sound_read(dfn_sounds_get(s, DFN_SPEECH, p, i), 4700, 100, x);
            for (int k = 0; k < 100; k++)
                sum += x[k] * x[k];
        }
    dfn_sounds_free(s);
    return status || !(sum > 1);
}

/* Eight processes at once, some of which are killed: the others do not notice, and the
 * cache is whole whenever one looks. */
static void test_processes(void)
{
    enum { N = 8 };
    make_folder("many");
    for (int round = 0; round < 3; round++) {
        pid_t child[N];
        unlink("many/c");
        for (int i = 0; i < N; i++)
            if ((child[i] = fork()) == 0)
                _exit(open_in_child());
        for (int i = 0; i < N; i += 4) {
            nanosleep(&(struct timespec){.tv_nsec = 5000000L * (1 + i)}, NULL);
            kill(child[i], SIGKILL);
        }
        for (int i = 0; i < N; i++) {
            int status;
            waitpid(child[i], &status, 0);
            CHECK(i % 4 == 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0),
                  "process %d of round %d: %x", i, round, (unsigned)status);
        }
        unlink("many/c");
        CHECK(open_in_child() == 0, "at last");
        CHECK(files_in("many") == 1, "%d files", files_in("many"));
    }
}

/* The cache of lists without a place of its own. */
static void test_default_place(void)
{
    char xdg[300];
    dfn_sounds *s;
    dfn_error err;
    CHECK(getcwd(xdg, 200) != NULL, "cwd");
    strcat(xdg, "/xdg");
    setenv("XDG_CACHE_HOME", xdg, 1);
    for (int again = 0; again < 2; again++) {
        CHECK(!open_folder(&s, "good", "", &err), "%s", err.text);
        dfn_sounds_free(s);
        CHECK(files_in("xdg/dfnet4") == 1, "%d files", files_in("xdg/dfnet4"));
    }
}

/* ---- what recordings are like ----------------------------------------------------------
 */

/* Noise through a steep low-pass at `hz`: a sum of cosines, so that nothing is above. */
static void test_measure(void)
{
    enum { N = 48000, TONES = 200 };
    static float x[N];
    const double edge[] = {4000, 7500, 15000, 23500};
    dfn_measure m;
    for (int e = 0; e < 4; e++) {
        for (int i = 0; i < N; i++) {
            double sum = 0;
            for (int k = 1; k <= TONES; k++)
                sum += cos(2 * acos(-1) * (edge[e] * k / TONES * i / 48000 + 0.37 * k * k));
            /* a sudden end would be a click, which has all frequencies */
            const double fade = fmin(1, fmax(0, (N / 2 - i) / 480.0));
            x[i] = (float)(sum / TONES * (0.5 - 0.5 * cos(acos(-1) * fade)));
        }
        CHECK(!dfn_measure_sound(&m, x, N, 48000, NULL), "measure");
        /* a bin is 50 Hz */
        CHECK(fabs(m.bandwidth_hz - edge[e]) <= 100, "%g Hz, not %g", m.bandwidth_hz,
              edge[e]);
        /* TONES cosines of 1/TONES have the power 1/(2 TONES); silence does not count */
        CHECK(fabs(m.level_db - 10 * log10(0.5 / TONES)) < 0.5, "%g dB", m.level_db);
        CHECK(m.clipped == 0, "%g", m.clipped);
    }
    for (int i = 0; i < N; i++)
        x[i] = sinf(0.0065f * (float)i); /* 50 Hz */
    CHECK(!dfn_measure_sound(&m, x, N, 48000, NULL) && m.clipped == 0, "a slow sine");
    CHECK(m.bandwidth_hz == 0, "a dull sound has no bandwidth: %g", m.bandwidth_hz);
    for (int i = 0; i < N; i++)
        x[i] = fminf(0.5f, sinf(0.02f * (float)i));
    CHECK(!dfn_measure_sound(&m, x, N, 48000, NULL), "measure");
    /* arcsin(1/2) .. pi - arcsin(1/2) is a third of the circle */
    CHECK(fabs(m.clipped - 1.0 / 3) < 0.01, "one half: %g", m.clipped);
    for (int i = 0; i < N; i++)
        x[i] = fmaxf(x[i], -0.5f);
    CHECK(!dfn_measure_sound(&m, x, N, 48000, NULL), "measure");
    CHECK(fabs(m.clipped - 2.0 / 3) < 0.01 && fabs(m.peak_db + 6.02) < 0.01, "%g, %g dB",
          m.clipped, m.peak_db);
    CHECK(!dfn_measure_sound(&m, x, 1, 48000, NULL) && m.bandwidth_hz == 0, "one sample");
    CHECK(!dfn_measure_sound(&m, x, 0, 48000, NULL) && m.peak_db == -200, "no sample");
}

int main(void)
{
    enter_folder();
    test_bad_files();
    make_folder("good");
    make_good_files("good", 40);
    test_full_disk();
    test_leftovers();
    test_processes();
    test_default_place();
    test_measure();
    leave_folder();
    return check_report();
}
