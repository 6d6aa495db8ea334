/* From CSV texts and folders to entries: kinds, groups, splits, and what is refused. */
#include "check.h"
#include "data/manifest.h"
#include "sound_files.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char told[1 << 14];

static void note(void *user, const char *text)
{
    (void)user;
    const size_t n = strlen(told);
    snprintf(told + n, sizeof told - n, "%s\n", text);
}

static dfn_manifest empty(void)
{
    *told = '\0';
    return (dfn_manifest){.watch = {.message = note}};
}

static const dfn_manifest_entry *find(const dfn_manifest *m, const char *name)
{
    static const dfn_manifest_entry none = {.name = "", .speaker = "", .category = ""};
    for (size_t i = 0; i < m->count; i++)
        if (!strcmp(m->entry[i].name, name))
            return &m->entry[i];
    CHECK(0, "%s is not there", name);
    return &none;
}

/* ---- CSV -------------------------------------------------------------------------------
 */

static const char broken[] = "\xef\xbb\xbf"
                             "PATH,kind,duration_s,split,bandwidth_hz,speaker\n" /* 1 */
                             "good.wav,noise,1.5,,8000,x\n"
                             "a.wav,music,1,,,\n" /* 3: kind */
                             "b.wav,speech,1,test,,\n"
                             "c.wav,speech,1s,,,\n" /* 5: numbers */
                             "d.wav,speech,1,,-1,\n"
                             "e.wav,speech,1,,nan,\n" /* 7 */
                             "f.wav,speech,1\n"
                             ",speech,1,,,\n" /* 9 */
                             "\"two\nlines.wav\",room,1,,,\n"
                             "\"g\"x,speech,1,,,\n" /* 12 */
                             "/abs/h.wav,speech,,valid,,\"a \"\"b\"\", c\"\r\n"
                             "\"i.wav,speech,1,,,\n"; /* 14 */

static void test_faults(void)
{
    static const char *const want[] = {"dir/l.csv:3: kind is 'music', not speech",
                                       "dir/l.csv:4: split is 'test'",
                                       "dir/l.csv:5: duration_s is '1s'",
                                       "dir/l.csv:6: bandwidth_hz is '-1'",
                                       "dir/l.csv:7: bandwidth_hz is 'nan'",
                                       "dir/l.csv:8: has 3 fields, the header",
                                       "dir/l.csv:9: has no path",
                                       "dir/l.csv:12: there is text behind",
                                       "dir/l.csv:14: a quote is not closed"};
    dfn_manifest m = empty();
    dfn_error err = {0};
    CHECK(!dfn_manifest_parse(&m, broken, sizeof broken - 1, "dir/l.csv", &err), "%s",
          err.text);
    CHECK(m.count == 3 && m.faults == 9, "%zu good, %zu bad", m.count, m.faults);
    for (int i = 0; i < 9; i++)
        CHECK(strstr(told, want[i]), "'%s' was not told in\n%s", want[i], told);
    const dfn_manifest_entry *e = find(&m, "good.wav");
    CHECK(!strcmp(e->path, "dir/good.wav") && e->line == 2, "%s:%d", e->path, e->line);
    CHECK(e->kind == DFN_NOISE && e->bandwidth_hz == 8000 && e->duration_s == 1.5, "noise");
    CHECK(find(&m, "two\nlines.wav")->kind == DFN_ROOM, "room");
    e = find(&m, "/abs/h.wav");
    CHECK(!strcmp(e->path, e->name) && e->split == DFN_VALID_SPLIT && e->line == 13 &&
              !strcmp(e->speaker, "a \"b\", c"),
          "%s:%d, '%s'", e->path, e->line, e->speaker);
    dfn_manifest_clear(&m);
}

/* Half a gigabyte would be too much for a test: these are large in other ways. */
static void test_large(void)
{
    enum { SIZE = 1 << 21 };
    static const char head[] = "path,kind\n";
    char *text = malloc(SIZE);
    dfn_error err;
    for (int i = 0; i < 4; i++) {
        memset(text, i == 0 ? 'a' : i == 1 ? ',' : i == 2 ? '"' : '\n', SIZE);
        memcpy(text, head, sizeof head - 1);
        dfn_manifest m = empty();
        CHECK(!dfn_manifest_parse(&m, text, SIZE, "l.csv", &err) && m.count == 0, "%d", i);
        CHECK(m.faults == (i < 3), "%d: %zu faults, %.100s", i, m.faults, told);
        CHECK(dfn_manifest_parse(&m, text + 8, SIZE - 8, "l.csv", &err) == DFN_ERR_FORMAT,
              "%d: no header", i);
        dfn_manifest_clear(&m);
    }
    memcpy(text, "path,kind\na.wav,speech\nb.wav\0", 29);
    dfn_manifest m = empty();
    CHECK(dfn_manifest_parse(&m, text, 29, "l.csv", &err) == DFN_ERR_FORMAT &&
              strstr(err.text, "l.csv:3: a zero byte"),
          "%s", err.text);
    dfn_manifest_clear(&m);
    free(text);
}

/* ---- splits ----------------------------------------------------------------------------
 */

static void add(dfn_manifest *m, const char *text)
{
    dfn_error err = {0};
    CHECK(!dfn_manifest_parse(m, text, strlen(text), "l.csv", &err), "%s", err.text);
}

/* A thousand speakers of three files each: a tenth for validation, within four standard
 * deviations of a fair draw; all files of one together; and the choice never changes. */
static void test_divide(void)
{
    enum { SPEAKERS = 1000, FILES = 3 };
    dfn_manifest m = empty();
    size_t n = 0;
    char *text = malloc(SPEAKERS * FILES * 40 + 40);
    n += (size_t)sprintf(text, "path,kind,speaker\n");
    for (int i = 0; i < SPEAKERS * FILES; i++)
        n += (size_t)sprintf(text + n, "%d.wav,speech,s%d\n", i, i % SPEAKERS);
    add(&m, text);
    free(text);
    CHECK(!dfn_manifest_divide(&m, NULL), "divide");
    int valid = 0;
    for (int i = 0; i < SPEAKERS; i++) {
        valid += m.entry[i].split == DFN_VALID_SPLIT;
        CHECK(m.entry[i].split == m.entry[i + SPEAKERS].split, "speaker %d is in both", i);
    }
    CHECK(abs(valid - 100) < 38, "%d of 1000", valid);
    dfn_manifest_clear(&m);
}

static int count(const dfn_manifest *m, dfn_sound_kind kind, int split)
{
    int n = 0;
    for (size_t i = 0; i < m->count; i++)
        n += m->entry[i].kind == kind && m->entry[i].split == split;
    return n;
}

/* Of two groups one is for validation, whatever they hash to; one speaker's files are told
 * apart; what the manifest says stays. */
static void test_small(void)
{
    for (int i = 0; i < 40; i++) {
        char text[300];
        sprintf(text,
                "path,kind,speaker,split\na%d,speech,x%d,\nb%d,speech,y%d,\nc,noise,one,\n"
                "d%d,noise,one,\nr,rir,,\n",
                i, i, i, i, i);
        dfn_manifest m = empty();
        add(&m, text);
        CHECK(!dfn_manifest_divide(&m, NULL), "divide");
        for (int k = 0; k < DFN_ROOM; k++)
            for (int s = 0; s < DFN_SPLITS; s++)
                CHECK(count(&m, k, s) == 1, "%d: %d of kind %d in split %d", i,
                      count(&m, k, s), k, s);
        CHECK(count(&m, DFN_ROOM, 0) + count(&m, DFN_ROOM, 1) == 1, "room");
        dfn_manifest_clear(&m);
        sprintf(text, "path,kind,speaker,split\na%d,speech,x,valid\nb%d,speech,y,\n", i, i);
        m = empty();
        add(&m, text);
        CHECK(!dfn_manifest_divide(&m, NULL) && m.entry[0].split == DFN_VALID_SPLIT,
              "said");
        dfn_manifest_clear(&m);
    }
}

/* ---- folders ---------------------------------------------------------------------------
 */

static void make_tree(void)
{
    static const char *const folders[] = {"top",          "top/wav",       "top/wav/anna",
                                          "top/wav/bob",  "top/wav/bob/1", "mixed",
                                          "mixed/clean",  "mixed/clean/p", "mixed/clean/q",
                                          "mixed/Noises", "mixed/other",   "empty"};
    static const char *const files[] = {
        "top/wav/anna/2.wav",   "top/wav/anna/10.FLAC", "top/wav/anna/notes.txt",
        "top/wav/anna/._2.wav", "top/wav/bob/1/x.opus", "mixed/clean/p/a.wav",
        "mixed/clean/q/a.wav",  "mixed/Noises/n.wav",   "mixed/other/o.wav"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        make_folder(folders[i]);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        write_text(files[i], "");
    CHECK(symlink("../..", "top/wav/loop") == 0 &&
              symlink("2.wav", "top/wav/anna/3.wav") == 0 &&
              symlink("gone", "top/wav/lost.wav") == 0,
          "links");
}

static void test_folders(void)
{
    dfn_manifest m = empty();
    dfn_error err;
    CHECK(!dfn_manifest_add_folder(&m, "top/", DFN_SPEECH, &err), "%s", err.text);
    CHECK(m.count == 5 && m.faults == 0 && !*told, "%zu: %s", m.count, told);
    for (size_t i = 1; i < m.count; i++)
        CHECK(strcmp(m.entry[i - 1].path, m.entry[i].path) < 0, "order: %s",
              m.entry[i].path);
    const dfn_manifest_entry *e = find(&m, "wav/anna/10.FLAC");
    CHECK(!strcmp(e->path, "top/wav/anna/10.FLAC") && !strcmp(e->speaker, "anna") &&
              e->line == 0 && e->kind == DFN_SPEECH,
          "%s of %s", e->path, e->speaker);
    CHECK(!strcmp(find(&m, "wav/anna/3.wav")->speaker, "anna"), "a link to a file");
    CHECK(!*find(&m, "wav/lost.wav")->speaker,
          "a link to nothing is told when it is opened");
    CHECK(!strcmp(find(&m, "wav/bob/1/x.opus")->speaker, "bob"), "bob");
    dfn_manifest_clear(&m);

    m = empty();
    CHECK(!dfn_manifest_add_folder(&m, "mixed", DFN_KIND_GUESS, &err), "%s", err.text);
    CHECK(m.count == 3 && m.faults == 1 && strstr(told, "whether 1 recordings are"),
          "%zu: %s", m.count, told);
    CHECK(!strcmp(find(&m, "clean/q/a.wav")->speaker, "q"), "q");
    CHECK(find(&m, "Noises/n.wav")->kind == DFN_NOISE &&
              !*find(&m, "Noises/n.wav")->category,
          "noise");
    CHECK(dfn_manifest_add_folder(&m, "empty", DFN_NOISE, &err) == DFN_ERR_FORMAT &&
              strstr(err.text, "empty: has no sound files"),
          "%s", err.text);
    CHECK(dfn_manifest_add_folder(&m, "gone", DFN_NOISE, &err) == DFN_ERR_IO, "gone");
    CHECK(dfn_manifest_add_folder(&m, "top/wav/anna/2.wav", DFN_NOISE, &err) ==
                  DFN_ERR_IO &&
              strstr(err.text, "is not a folder"),
          "%s", err.text);
    dfn_manifest_clear(&m);
}

static void test_guess(void)
{
    static const struct {
        const char *path;
        int kind;
    } want[] = {{"a.wav", -1},
                {"speech/a.wav", DFN_SPEECH},
                {"/x/my_Clean-set/noise.wav", DFN_SPEECH},
                {"noises/rir2/x/a.wav", DFN_ROOM},
                {"rooms/background/a.wav", DFN_NOISE},
                {"noisy_trainset/a.wav", -1},
                {"stirring/mushroom/a.wav", -1},
                {"a/voices", -1}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        CHECK(dfn_kind_guess(want[i].path) == want[i].kind, "%s: %d", want[i].path,
              dfn_kind_guess(want[i].path));
}

int main(void)
{
    enter_folder();
    test_faults();
    test_large();
    test_divide();
    test_small();
    make_tree();
    test_folders();
    test_guess();
    leave_folder();
    return check_report();
}
