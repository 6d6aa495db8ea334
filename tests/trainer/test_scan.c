/* `dfnet4-train scan`: what it writes is a manifest that opens. */
#include "check.h"
#include "data/manifest.h"
#include "run/train.h"
#include "sound_files.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const char *const cli_program = "scan-test";

static char said[1 << 14]; /* on stdout, then on stderr */

/* Runs scan with words of `line`; its exit status. */
static int scan(const char *line)
{
    char copy[500], *argv[20] = {0};
    int argc = 0;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *w = strtok(copy, " "); w; w = strtok(NULL, " "))
        argv[argc++] = w;
    const pid_t child = fork();
    if (child == 0) {
        if (!freopen("stdout.txt", "w", stdout) || !freopen("stderr.txt", "w", stderr))
            _exit(99);
        exit(train_scan.run(&train_scan, argc, argv));
    }
    int status = 0;
    waitpid(child, &status, 0);
    size_t n = 0;
    const char *const name[] = {"stdout.txt", "stderr.txt"};
    for (int i = 0; i < 2; i++) {
        FILE *f = fopen(name[i], "r");
        n += f ? fread(said + n, 1, sizeof said - 1 - n, f) : 0;
        if (f)
            fclose(f);
    }
    said[n] = '\0';
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void make_files(void)
{
    static const char *const folders[] = {
        "data",           "data/speech", "data/speech/a, b",
        "data/speech/c",  "data/noise",  "data/noise/fan",
        "data/noise/hum", "data/rooms",  "lists"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        make_folder(folders[i]);
    write_sound("data/speech/a, b/1.wav", 48000, 1, 48000, 1, PCM);
    write_sound("data/speech/c/quo\"te.wav", 16000, 2, 8000, 0.5f, FLOAT);
    write_sound("data/speech/c/loud.wav", 48000, 1, 48000, 4, PCM); /* twice full scale */
    write_sound("data/noise/fan/1.flac", 44100, 1, 44100, 1,
                SF_FORMAT_FLAC | SF_FORMAT_PCM_16);
    write_sound("data/noise/hum/silent.wav", 48000, 1, 48000, 0, PCM);
    write_text("data/noise/hum/broken.wav", "no sound");
    write_sound("data/rooms/r.wav", 48000, 1, 100, 1, FLOAT);
}

static const dfn_manifest_entry *find(const dfn_manifest *m, const char *end)
{
    for (size_t i = 0; i < m->count; i++)
        if (strlen(m->entry[i].path) >= strlen(end) &&
            !strcmp(m->entry[i].path + strlen(m->entry[i].path) - strlen(end), end))
            return &m->entry[i];
    CHECK(0, "%s is not in the list", end);
    return &m->entry[0];
}

/* The list of make_files(), wherever it lies. */
static void check_list(const char *path)
{
    dfn_manifest m = {0};
    dfn_error err = {0};
    CHECK(!dfn_manifest_load(&m, path, &err), "%s", err.text);
    CHECK(m.count == 5 && m.faults == 0, "%zu entries, %zu faults", m.count, m.faults);
    if (m.count != 5)
        return;
    for (size_t i = 0; i < m.count; i++)
        CHECK(access(m.entry[i].path, R_OK) == 0 && m.entry[i].split != DFN_SPLIT_OPEN,
              "%s", m.entry[i].path);
    const dfn_manifest_entry *e = find(&m, "/speech/a, b/1.wav");
    CHECK(e->kind == DFN_SPEECH && !strcmp(e->speaker, "a, b") && e->duration_s == 1,
          "%s, %g s", e->speaker, e->duration_s);
    const dfn_manifest_entry *f = find(&m, "/speech/c/quo\"te.wav");
    CHECK(!strcmp(f->speaker, "c") && f->split != e->split && f->duration_s == 0.5, "c");
    CHECK(find(&m, "loud.wav")->split == f->split, "one speaker, two splits");
    CHECK(find(&m, "1.flac")->kind == DFN_NOISE &&
              !strcmp(find(&m, "1.flac")->category, "fan"),
          "noise");
    CHECK(find(&m, "r.wav")->kind == DFN_ROOM, "room");
    dfn_manifest_clear(&m);
}

static void test_lists(void)
{
    CHECK(scan("scan data -o lists/l.csv -t 2") == CLI_OK, "%s", said);
    CHECK(strstr(said, "hum/broken.wav: damaged or not a sound file") &&
              strstr(said,
                     "hum/silent.wav: is silent: its peak is below -80 dBFS; left out") &&
              strstr(said, "loud.wav: 6") && strstr(said, "% of the samples are clipped") &&
              strstr(said, "scan-test: 2 recordings were left out"),
          "%s", said);
    check_list("lists/l.csv");
    CHECK(scan("scan -q data -o data/l.csv") == CLI_OK && !strstr(said, "clipped"), "%s",
          said);
    check_list("data/l.csv");
    CHECK(rename("data", "moved") == 0, "move");
    check_list("moved/l.csv"); /* what lies below the list may go with it */
    CHECK(rename("moved", "data") == 0, "move");
    CHECK(scan("scan data/speech data/noise data/rooms") == CLI_OK, "%s", said);
    CHECK(rename("stdout.txt", "here.csv") == 0, "stdout");
    check_list("here.csv");
    CHECK(scan("scan -k noise data/speech data/rooms -o l.csv") == CLI_OK &&
              strstr(said, "noise: 3 recordings") &&
              strstr(said, "is too short: 100 samples"),
          "%s", said);
}

static void test_refusals(void)
{
    CHECK(scan("scan") == CLI_USAGE && strstr(said, "name at least one folder"), "%s",
          said);
    CHECK(scan("scan -k music data") == CLI_USAGE && strstr(said, "'music'"), "%s", said);
    CHECK(scan("scan data gone") == CLI_FAILED && strstr(said, "gone': No such file"), "%s",
          said);
    CHECK(scan("scan data/noise/hum") == CLI_FAILED &&
              strstr(said, "there is no recording that can be used"),
          "%s", said);
    CHECK(scan("scan data -o lists") == CLI_FAILED && strstr(said, "lists: "), "%s", said);
    CHECK(scan("scan data -o no/l.csv") == CLI_FAILED && strstr(said, "no/l.csv: "), "%s",
          said);
    CHECK(scan("scan lists") == CLI_FAILED && strstr(said, "lists: has no sound files"),
          "%s", said);
}

int main(void)
{
    enter_folder();
    make_files();
    test_lists();
    test_refusals();
    leave_folder();
    return check_report();
}
