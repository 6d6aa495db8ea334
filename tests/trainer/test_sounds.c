/* Lists of recordings, of files that the test writes itself, opened through the cache. */
#include "check.h"
#include "data/sounds.h"
#include "sound_files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char told[1 << 16]; /* all messages of the last opening */
static size_t steps;

static void note(void *user, const char *text)
{
    (void)user;
    const size_t n = strlen(told);
    snprintf(told + n, sizeof told - n, "%s\n", text);
}

static void step(void *user, size_t done, size_t total)
{
    (void)user;
    CHECK(done <= total, "%zu of %zu", done, total);
    steps++;
}

static const dfn_data_watch watch = {.message = note, .progress = step};

static dfn_sounds *open_sounds(const dfn_data_config *c, dfn_error *err)
{
    dfn_sounds *s;
    *told = '\0';
    steps = 0;
    *err = (dfn_error){0};
    const dfn_status status = dfn_sounds_open(&s, c, &watch, err);
    CHECK((s != NULL) == (status == DFN_OK), "%s", err->text);
    return s;
}

static const dfn_sound *find(const dfn_sounds *s, const char *name)
{
    for (int k = 0; s && k < DFN_SOUND_KINDS; k++)
        for (int p = 0; p < DFN_SPLITS; p++)
            for (int i = 0; i < dfn_sounds_count(s, k, p); i++) {
                const dfn_sound *x = dfn_sounds_get(s, k, p, i);
                if (!strcmp(x->path, name))
                    return x;
            }
    CHECK(0, "%s is not there", name);
    return NULL;
}

static void make_files(void)
{
    mkdir("speech", 0777);
    mkdir("noise", 0777);
    write_sound("speech/a.wav", 48000, 1, 48000, 1, PCM);
    write_sound("speech/stereo.wav", 48000, 2, 9600, 1, FLOAT);
    write_sound("speech/slow.wav", 16000, 1, 16000, 1, FLOAT);
    write_sound("speech/loud.wav", 48000, 1, 9600, 5, FLOAT); /* peak 2.5 */
    write_sound("noise/n, 1.flac", 44100, 1, 44100, 1, SF_FORMAT_FLAC | SF_FORMAT_PCM_16);
    write_sound("noise/n2.wav", 48000, 1, 9600, 0.001f, FLOAT);
    write_sound("room.wav", 48000, 2, 480, 1, FLOAT);
}

static const char lists[] = "kind,licence,path,speaker,split,bandwidth_hz,category\r\n"
                            "speech,x,speech/a.wav,anna,train,,\r\n"
                            "speech,x,speech/stereo.wav,bob,valid,15000,words\r\n"
                            "\r\n"
                            "speech,x,speech/slow.wav,anna,train,15000,\r\n"
                            "Speech,x,\"speech/loud.wav\",anna,train,6500.5,\r\n"
                            "noise,x,\"noise/n, 1.flac\",,train,,\"a \"\"fan\"\"\"\r\n"
                            "noise,x,noise/n2.wav,,valid,,\r\n"
                            "rir,x,room.wav,,train,,";

/* What was decoded must be the wave, within half a step of 16 bit. */
static void check_wave(const dfn_sound *s, size_t count, double gain, int channels)
{
    float x[100];
    CHECK(s->count == count, "%s: %zu samples", s->path, s->count);
    dfn_sound_read(s, 1000, 100, x);
    double worst = 0;
    for (int i = 0; i < 100; i++) {
        const double sum =
            (double)wave(1000 + i, 0) + (channels > 1 ? (double)wave(1000 + i, 1) : 0);
        worst = check_worse(worst, fabs((double)x[i] - gain * sum / channels));
    }
    CHECK(worst <= 0.51 * (double)s->scale, "%s: %g, a step is %g", s->path, worst,
          (double)s->scale);
}

/* A resampled sine of the same pitch. 16 bit in the file are noise of 0.29 steps, whose
 * peaks behind the resampler's filter reach four times that, 3.5e-5; half a step of the
 * cache is another 0.8e-5; the resampler's own error is far below. */
static void check_resampled(const dfn_sound *s, int rate, int frames)
{
    const size_t count = (size_t)((double)frames * 48000 / rate);
    CHECK(s->count + 2 >= count && s->count <= count + 2, "%s: %zu samples", s->path,
          s->count);
    float x[2000];
    dfn_sound_read(s, 20000, 2000, x);
    double worst = 0;
    for (int i = 0; i < 2000; i++) {
        const double want = 0.5 * sin(0.05 * (20000 + i) * rate / 48000);
        worst = check_worse(worst, fabs((double)x[i] - want));
    }
    CHECK(worst <= 5e-5, "%s: %g", s->path, worst);
}

static void check_contents(const dfn_sounds *s)
{
    CHECK(dfn_sounds_count(s, DFN_SPEECH, DFN_TRAIN_SPLIT) == 3, "train");
    CHECK(dfn_sounds_count(s, DFN_SPEECH, DFN_VALID_SPLIT) == 1, "valid");
    CHECK(dfn_sounds_count(s, DFN_ROOM, DFN_TRAIN_SPLIT) == 1, "rooms");
    const dfn_sound *a = find(s, "speech/a.wav"), *slow = find(s, "speech/slow.wav");
    check_wave(a, 48000, 1, 1);
    CHECK(a->scale == 1.0f / 32768, "16 bit are kept");
    CHECK(!strcmp(a->speaker, "anna") && a->bandwidth_hz == 0, "speaker");
    check_wave(find(s, "speech/stereo.wav"), 9600, 1, 2);
    CHECK(!strcmp(find(s, "speech/stereo.wav")->category, "words"), "category");
    check_wave(find(s, "speech/loud.wav"), 9600, 5, 1);
    CHECK(find(s, "speech/loud.wav")->bandwidth_hz == 6500.5, "bandwidth");
    CHECK(slow->bandwidth_hz == 8000, "no more than its rate has: %g", slow->bandwidth_hz);
    check_wave(find(s, "noise/n2.wav"), 9600, 0.001, 1);
    check_resampled(slow, 16000, 16000);
    check_resampled(find(s, "noise/n, 1.flac"), 44100, 44100);
    CHECK(!strcmp(find(s, "noise/n, 1.flac")->category, "a \"fan\""), "quotes");
    float x[8];
    dfn_sound_read(find(s, "room.wav"), 476, 8, x); /* the first channel, then nothing */
    CHECK(fabsf(x[3] - wave(479, 0)) < 1e-4f && x[4] == 0 && x[7] == 0, "the end");
    dfn_sound_read(a, (size_t)-4, 8, x);
    CHECK(x[0] == 0 && x[7] == 0, "far behind the end");
}

static const dfn_data_config config = {
    .manifest = "list.csv", .cache = "cache/deep/sounds", .threads = 3};

static void test_manifest(void)
{
    dfn_error err;
    write_text("list.csv", lists);
    dfn_sounds *s = open_sounds(&config, &err);
    CHECK(s && !*told && steps > 0, "%s%s", err.text, told);
    if (s)
        check_contents(s);
    dfn_sounds *again = open_sounds(&config, &err); /* two may have it open */
    CHECK(again && !*told && steps == 0, "%s, decoded anew: %s", err.text, told);
    if (again)
        check_contents(again);
    dfn_sounds_free(s);
    dfn_sounds_free(again);
}

/* Damage of any kind must be noticed, told, and mended. */
static void test_damage(void)
{
    struct stat st;
    dfn_error err;
    CHECK(stat(config.cache, &st) == 0, "no cache");
    const off_t at[] = {0, 8, 12, 16, 24, 40, 110, st.st_size - 1, st.st_size - 100};
    for (int i = 0; i < 12; i++) {
        const int fd = open(config.cache, O_RDWR);
        char byte;
        if (i < 9) {
            CHECK(pread(fd, &byte, 1, at[i]) == 1, "read");
            byte ^= 0x10;
            CHECK(pwrite(fd, &byte, 1, at[i]) == 1, "write");
        } else {
            CHECK(ftruncate(fd, i == 9 ? 0 : i == 10 ? 50 : st.st_size - 10) == 0, "cut");
        }
        close(fd);
        dfn_sounds *s = open_sounds(&config, &err);
        CHECK(s && strstr(told, "it is made anew"), "%d: %s, told '%s'", i, err.text, told);
        if (s)
            check_contents(s);
        dfn_sounds_free(s);
    }
}

/* A file that changes makes the cache old. */
static void test_change(void)
{
    dfn_error err;
    write_sound("speech/a.wav", 48000, 1, 30000, 1, PCM);
    dfn_sounds *s = open_sounds(&config, &err);
    CHECK(s && strstr(told, "made of other files"), "%s", told);
    CHECK(s && find(s, "speech/a.wav")->count == 30000, "old samples");
    dfn_sounds_free(s);
    write_sound("speech/a.wav", 48000, 1, 30000, 0.5f, PCM); /* of the same size */
    s = open_sounds(&config, &err);
    CHECK(s && strstr(told, "made of other files"), "%s", told);
    if (s)
        check_wave(find(s, "speech/a.wav"), 30000, 0.5, 1);
    dfn_sounds_free(s);
}

/* What the list says may be corrected, and the list be called otherwise. */
static void test_correction(void)
{
    dfn_error err;
    char text[sizeof lists], *bob;
    dfn_data_config c = config;
    memcpy(text, lists, sizeof lists);
    bob = strstr(text, "bob,valid,15000");
    memcpy(bob, "bea,train,14000", 15);
    write_text("list.csv", text);
    c.manifest = "./speech/../list.csv";
    dfn_sounds *s = open_sounds(&c, &err);
    const dfn_sound *x = find(s, "speech/stereo.wav");
    CHECK(s && !*told && steps == 0, "decoded anew: %s%s", err.text, told);
    CHECK(x && !strcmp(x->speaker, "bea") && x->bandwidth_hz == 14000, "old words");
    CHECK(s && dfn_sounds_count(s, DFN_SPEECH, DFN_TRAIN_SPLIT) == 4, "old split");
    dfn_sounds_free(s);
}

static void refuse(const char *text, const char *why)
{
    dfn_error err;
    write_text("list.csv", text);
    dfn_sounds *s = open_sounds(&config, &err);
    CHECK(!s && strstr(err.text, why), "'%s' instead of '%s'", err.text, why);
    dfn_sounds_free(s);
}

/* One of weight 3 is there three times, and one that cannot be used not once. */
static void test_weights(void)
{
    dfn_error err;
    write_text("list.csv", "path,kind,split,weight\n"
                           "speech/a.wav,speech,train,3\n"
                           "speech/slow.wav,speech,train,\n"
                           "speech/loud.wav,speech,valid,2\n"
                           "noise/n2.wav,noise,train,0\n"
                           "noise/none.wav,noise,train,5\n"
                           "speech/stereo.wav,speech,train,1.5\n"
                           "room.wav,rir,train,1\nroom.wav,rir,train,1\n"
                           "room.wav,rir,train,1\nroom.wav,rir,train,1\n"
                           "room.wav,rir,train,1\nroom.wav,rir,train,1\n"
                           "room.wav,rir,train,1\nroom.wav,rir,train,1\n"
                           "room.wav,rir,train,1\nroom.wav,rir,train,1\n"
                           "room.wav,rir,train,1\nroom.wav,rir,train,1\n"
                           "room.wav,rir,train,1\nroom.wav,rir,train,1\n"
                           "room.wav,rir,train,10000\n");
    dfn_sounds *s = open_sounds(&config, &err);
    CHECK(s, "%s", err.text);
    CHECK(strstr(told, "list.csv:7: weight is '1.5'"), "%s", told);
    if (s) {
        CHECK(dfn_sounds_count(s, DFN_SPEECH, DFN_TRAIN_SPLIT) == 4, "speech");
        CHECK(dfn_sounds_count(s, DFN_SPEECH, DFN_VALID_SPLIT) == 2, "valid");
        CHECK(dfn_sounds_count(s, DFN_NOISE, DFN_TRAIN_SPLIT) == 1, "noise");
        CHECK(dfn_sounds_count(s, DFN_ROOM, DFN_TRAIN_SPLIT) == 10014, "rooms");
        CHECK(dfn_sounds_get(s, DFN_SPEECH, DFN_TRAIN_SPLIT, 2) == find(s, "speech/a.wav"),
              "not the third time");
    }
    dfn_sounds_free(s);
}

static void test_refusals(void)
{
    refuse("", "list.csv: is empty");
    refuse("path,split\na.wav,train\n", "list.csv:1: the header names no column 'kind'");
    refuse("path,kind,path\n", "list.csv:1: column 'path' is there twice");
    refuse("path,kind\n", "list.csv: names no recordings");
    refuse("path,kind\nspeech/none.wav,speech\n", "none of 1 recordings can be used");
    CHECK(strstr(told, "list.csv:2: speech/none.wav: No such file"), "%s", told);
    refuse("path,kind\nspeech/a.wav,speech\n\"x,speech\n", "1 of 2 recordings");
    CHECK(strstr(told, "list.csv:3: a quote is not closed"), "%s", told);
}

int main(void)
{
    enter_folder();
    make_files();
    test_manifest();
    test_damage();
    test_change();
    test_correction();
    test_weights();
    test_refusals();
    leave_folder();
    return check_report();
}
