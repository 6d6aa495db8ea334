#include "sound_files.h"
#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/dfn-test-XXXXXX";

void enter_folder(void)
{
    if (!mkdtemp(folder) || chdir(folder) != 0) {
        perror(folder);
        exit(1);
    }
}

void leave_folder(void)
{
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK(chdir("/") == 0 && system(command) == 0, "%s", command);
}

void make_folder(const char *path) { CHECK(mkdir(path, 0777) == 0, "%s", path); }

void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "wb");
    CHECK(f && fwrite(text, 1, strlen(text), f) == strlen(text) && fclose(f) == 0, "%s",
          path);
}

float wave(int i, int c) { return 0.5f * sinf(0.05f * (float)i + (float)c); }

void write_sound(const char *path, int rate, int channels, int n, float gain, int format)
{
    SF_INFO info = {.samplerate = rate, .channels = channels, .format = format};
    SNDFILE *f = sf_open(path, SFM_WRITE, &info);
    float *x = malloc((size_t)(n * channels + 1) * sizeof *x);
    short *y = malloc((size_t)(n * channels + 1) * sizeof *y);
    for (int i = 0; i < n * channels; i++) {
        x[i] = gain * wave(i / channels, i % channels);
        y[i] = (short)lrintf(fminf(fmaxf(32768 * x[i], -32768), 32767));
    }
    const sf_count_t done = (format & SF_FORMAT_SUBMASK) == SF_FORMAT_PCM_16
                                ? sf_writef_short(f, y, n) /* rounds, other than floats */
                                : sf_writef_float(f, x, n);
    CHECK(f && done == n, "%s: %s", path, sf_strerror(f));
    free(y);
    sf_close(f);
    free(x);
}
