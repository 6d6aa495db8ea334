/* sound.c - a tool of the command line tests, independent of the program under test:
 *
 *   sound make FILE FORMAT RATE CHANNELS FRAMES KIND   FORMAT: libsndfile's number
 *   sound show FILE            format, rate, length, texts, sum of energies, as JSON
 *   sound compare A B          largest and relative difference, lag of B, SI-SDR, as JSON
 *   sound peak COMMAND...      run it, then print its peak memory in KiB on stdout */
#include <math.h>
#include <sndfile.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLOCK = 4096 };
static const double two_pi = 6.283185307179586;

static int complain(const char *file)
{
    fprintf(stderr, "sound: %s: %s\n", file, sf_strerror(NULL));
    return 1;
}

/* Sample i of channel c: three tones, well inside the band of every rate from 8 kHz up, at
 * different levels and phases in every channel, so that no shift or swap goes unseen. */
static double tones(int64_t i, int c, int rate)
{
    static const double hz[3] = {311, 997, 2203};
    double x = 0;
    for (int k = 0; k < 3; k++)
        x += sin(two_pi * fmod(hz[k] * (double)i / rate, 1.0) + c + k) / (4 + c % 8);
    return 0.9 * x * (0.6 + 0.4 * sin(two_pi * 1.7 * (double)i / rate));
}

static double sample(const char *kind, int64_t i, int c, int rate)
{
    if (!strcmp(kind, "zeros"))
        return 0;
    if (!strcmp(kind, "nan"))
        return NAN;
    if (!strcmp(kind, "few-nan") && i % 1000 == 7)
        return i % 2000 == 7 ? NAN : INFINITY;
    if (!strcmp(kind, "loud"))
        return 3 * tones(i, c, rate);
    return tones(i, c, rate);
}

static int make(char **v)
{
    SF_INFO info = {.format = (int)strtol(v[1], NULL, 0),
                    .samplerate = atoi(v[2]),
                    .channels = atoi(v[3])};
    const int64_t frames = atoll(v[4]);
    SNDFILE *f = sf_open(v[0], SFM_WRITE, &info);
    if (!f)
        return complain(v[0]);
    sf_command(f, SFC_SET_CLIPPING, NULL, SF_TRUE);
    sf_set_string(f, SF_STR_TITLE, "A title");
    sf_set_string(f, SF_STR_ARTIST, "An artist");
    SF_BROADCAST_INFO broadcast = {.description = "A broadcast"};
    sf_command(f, SFC_SET_BROADCAST_INFO, &broadcast, sizeof broadcast);
    SF_CUES cues = {.cue_count = 1, .cue_points = {{.indx = 1, .sample_offset = 123}}};
    if (!(info.format & SF_ENDIAN_BIG)) /* libsndfile 1.2 makes an unreadable file of it */
        sf_command(f, SFC_SET_CUE, &cues, sizeof cues);
    float *x = calloc(BLOCK * (size_t)info.channels, sizeof *x);
    for (int64_t at = 0; at < frames; at += BLOCK) {
        const int n = (int)(frames - at < BLOCK ? frames - at : BLOCK);
        for (int i = 0; i < n; i++)
            for (int c = 0; c < info.channels; c++)
                x[i * info.channels + c] = (float)sample(v[5], at + i, c, info.samplerate);
        if (sf_writef_float(f, x, n) != n)
            return complain(v[0]);
    }
    free(x);
    return sf_close(f) != 0;
}

/* The whole file as [frames][channels]; exits on failure. */
static double *load(const char *path, SF_INFO *info)
{
    *info = (SF_INFO){0};
    SNDFILE *f = sf_open(path, SFM_READ, info);
    if (!f)
        exit(complain(path));
    double *x = calloc((size_t)(info->frames * info->channels) + 1, sizeof *x);
    const sf_count_t n = sf_readf_double(f, x, info->frames);
    if (n != info->frames) {
        fprintf(stderr, "sound: %s: %d of %d frames\n", path, (int)n, (int)info->frames);
        exit(1);
    }
    sf_close(f);
    return x;
}

static int show(const char *path)
{
    SF_INFO info;
    double *x = load(path, &info), energy = 0;
    for (int64_t i = 0; i < info.frames * info.channels; i++)
        energy += x[i] * x[i];
    free(x);
    SNDFILE *f = sf_open(path, SFM_READ, &info);
    const char *title = sf_get_string(f, SF_STR_TITLE),
               *artist = sf_get_string(f, SF_STR_ARTIST);
    SF_BROADCAST_INFO broadcast;
    memset(&broadcast, 0, sizeof broadcast);
    SF_CUES cues = {0};
    sf_command(f, SFC_GET_BROADCAST_INFO, &broadcast, sizeof broadcast);
    sf_command(f, SFC_GET_CUE, &cues, sizeof cues);
    printf(
        "{\"format\": %d, \"rate\": %d, \"channels\": %d, \"frames\": %lld, \"energy\": "
        "%.9g, "
        "\"title\": \"%s\", \"artist\": \"%s\", \"broadcast\": \"%.200s\", \"cue\": %u}\n",
        info.format, info.samplerate, info.channels, (long long)info.frames, energy,
        title ? title : "", artist ? artist : "", broadcast.description,
        cues.cue_points[0].sample_offset);
    return sf_close(f) != 0;
}

/* Where the correlation of b with a, of all channels, is largest. */
static int best_lag(const double *a, const double *b, int64_t frames, int channels)
{
    enum { REACH = 100 };
    double best = -1;
    int lag = 0;
    for (int d = -REACH; d <= REACH && frames > 4 * REACH; d++) {
        double sum = 0;
        for (int64_t i = REACH; i < frames - REACH; i++)
            sum += a[i * channels] * b[(i + d) * channels];
        if (sum > best) {
            best = sum;
            lag = d;
        }
    }
    return lag;
}

static int compare(const char *path_a, const char *path_b)
{
    SF_INFO ia, ib;
    double *a = load(path_a, &ia), *b = load(path_b, &ib);
    if (ia.frames != ib.frames || ia.channels != ib.channels) {
        fprintf(stderr, "sound: lengths or channels differ\n");
        return 1;
    }
    double most = 0, error = 0, energy = 0, energy_b = 0, dot = 0;
    for (int64_t i = 0; i < ia.frames * ia.channels; i++) {
        const double d = fabs(a[i] - b[i]);
        most = d > most ? d : most;
        error += d * d;
        energy += a[i] * a[i];
        energy_b += b[i] * b[i];
        dot += a[i] * b[i];
    }
    /* energy of b's part along a, over that of the rest */
    const double along = energy > 0 ? dot * dot / energy : 0, rest = energy_b - along;
    printf("{\"max\": %.9g, \"relative\": %.9g, \"lag\": %d, "
           "\"si_sdr\": %.4f}\n",
           most, energy > 0 ? sqrt(error / energy) : 0,
           best_lag(a, b, ia.frames, ia.channels),
           along > 0 && rest > 0 ? 10 * log10(along / rest) : 0);
    free(a);
    free(b);
    return 0;
}

/* Small itself, so that its own memory, which the kernel counts too, does not hide that of
 * the command. */
static int peak(char **command)
{
    const pid_t child = fork();
    if (child == 0) {
        execv(command[0], command);
        _exit(127);
    }
    int status;
    struct rusage use;
    if (child < 0 || waitpid(child, &status, 0) != child ||
        getrusage(RUSAGE_CHILDREN, &use) != 0)
        return 1;
    printf("%ld\n", use.ru_maxrss);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
    if (argc == 8 && !strcmp(argv[1], "make"))
        return make(argv + 2);
    if (argc == 3 && !strcmp(argv[1], "show"))
        return show(argv[2]);
    if (argc == 4 && !strcmp(argv[1], "compare"))
        return compare(argv[2], argv[3]);
    if (argc > 2 && !strcmp(argv[1], "peak"))
        return peak(argv + 2);
    fprintf(stderr, "sound: make, show, compare or peak\n");
    return 2;
}
