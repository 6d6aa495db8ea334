/* sound.c - reading and writing through libsndfile.
 *
 * Files are opened through our own input and output functions: they remember the reason of
 * a failure, which some encoders lose, and let the caller sync the file before renaming. */
#include "sound.h"
#include "format.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Why sf_open failed is a global of libsndfile. */
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;

static sf_count_t io_length(void *user)
{
    const sound *s = user;
    struct stat st;
    return fstat(s->fd, &st) == 0 ? (sf_count_t)st.st_size : -1;
}

static sf_count_t io_seek(sf_count_t offset, int whence, void *user)
{
    const sound *s = user;
    return lseek(s->fd, (off_t)offset, whence);
}

static sf_count_t io_tell(void *user)
{
    const sound *s = user;
    return lseek(s->fd, 0, SEEK_CUR);
}

static sf_count_t io_read(void *data, sf_count_t count, void *user)
{
    sound *s = user;
    sf_count_t done = 0;
    while (done < count) {
        const ssize_t n = read(s->fd, (char *)data + done, (size_t)(count - done));
        if (n == 0)
            break;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            s->io_error = s->io_error ? s->io_error : errno;
            break;
        }
        done += n;
    }
    return done;
}

/* A failure is noted, but not told: some encoders leak when their file cannot be written,
 * and all they make from then on is thrown away. */
static sf_count_t io_write(const void *data, sf_count_t count, void *user)
{
    sound *s = user;
    for (sf_count_t done = 0; done < count && !s->io_error;) {
        const ssize_t n = write(s->fd, (const char *)data + done, (size_t)(count - done));
        if (n > 0)
            done += n;
        else if (n == 0 || errno != EINTR)
            s->io_error = n < 0 ? errno : ENOSPC;
    }
    return count;
}

static SF_VIRTUAL_IO own_io = {io_length, io_seek, io_read, io_write, io_tell};

/* "Error : File contains data in an unknown format.\n" -> without trimmings. */
static bool fail(const sound *s, const char *what, dfn_error *err)
{
    if (s->io_error) {
        dfn_fail(err, DFN_ERR_IO, "%s", strerror(s->io_error));
        return false;
    }
    const char *text = sf_strerror(s->file);
    text += strncmp(text, "Error : ", 8) ? 0 : 8;
    int length = (int)strlen(text);
    while (length > 0 && strchr(". \n", text[length - 1]))
        length--;
    dfn_fail(err, DFN_ERR_FORMAT, "%s: %.*s", what, length, text);
    return false;
}

static SNDFILE *open_file(sound *s, int mode, dfn_error *err)
{
    pthread_mutex_lock(&open_lock);
    s->file = sf_open_virtual(&own_io, mode, &s->info, s);
    if (s->file)
        ;
    else if (mode == SFM_READ && sf_error(NULL) == SF_ERR_UNRECOGNISED_FORMAT)
        dfn_fail(err, DFN_ERR_FORMAT, "not a sound file of a known format");
    else
        fail(s, mode == SFM_READ ? "damaged or unsupported sound file" : "cannot write",
             err);
    pthread_mutex_unlock(&open_lock);
    return s->file;
}

/* Headers of recordings in progress hold 0 or the largest size; those are not cut off. */
static bool promised(long long size)
{
    return size > 0 && !(size >= 0x7ffff000LL && size <= 0x80000000LL) &&
           size < 0xffffff00LL;
}

/* libsndfile shortens a file that ends early in silence, but logs "SIZE (should be LESS)".
 * A few bytes are sloppy writers, not a loss. */
static bool cut_off(const sound *s)
{
    enum { SLOPPY = 64 };
    static const char mark[] = " (should be ";
    char log[8192] = "";
    sf_command(s->file, SFC_GET_LOG_INFO, log, sizeof log);
    for (char *p = log; (p = strstr(p, mark)); p += sizeof mark - 1) {
        char *number = p;
        while (number > log && strchr("0123456789", number[-1]))
            number--;
        const long long size = strtoll(number, NULL, 10);
        const long long there = strtoll(p + sizeof mark - 1, NULL, 10);
        if (promised(size) && size > there + SLOPPY)
            return true;
    }
    /* the length of Ogg is in its last page */
    return s->info.frames == SF_COUNT_MAX &&
           (s->info.format & SF_FORMAT_TYPEMASK) == SF_FORMAT_OGG;
}

bool sound_open(sound *s, const char *path, dfn_error *err)
{
    *s = (sound){.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (s->fd < 0) {
        dfn_fail(err, DFN_ERR_IO, "%s", strerror(errno));
        return false;
    }
    if (io_length(s) == 0)
        dfn_fail(err, DFN_ERR_FORMAT, "the file is empty");
    else if (open_file(s, SFM_READ, err)) {
        if (!cut_off(s)) {
            s->info.frames = s->info.frames == SF_COUNT_MAX ? 0 : s->info.frames;
            return true;
        }
        dfn_fail(err, DFN_ERR_FORMAT,
                 "the file is cut off: its header promises more than there is");
    }
    sound_close(s, NULL);
    return false;
}

bool sound_create(sound *s, int fd, int format, const SF_INFO *like, int block,
                  dfn_error *err)
{
    *s = (sound){.fd = fd,
                 .output = true,
                 .info = {.samplerate = like->samplerate,
                          .channels = like->channels,
                          .format = format}};
    s->bits = format_bits(format);
    if (s->bits) {
        s->integer = malloc((size_t)block * (size_t)like->channels * sizeof *s->integer);
        if (!s->integer) {
            dfn_fail(err, DFN_ERR_NOMEM, "out of memory");
            return false;
        }
    }
    if (!open_file(s, SFM_WRITE, err)) {
        sound_close(s, NULL);
        return false;
    }
    /* The same samples make the same file: no time stamp. Lossy files: little loss. */
    sf_command(s->file, SFC_SET_ADD_PEAK_CHUNK, NULL, SF_FALSE);
    double quality = 0.8;
    const int samples = format & SF_FORMAT_SUBMASK;
    if (samples == SF_FORMAT_VORBIS || samples == SF_FORMAT_OPUS ||
        samples == SF_FORMAT_MPEG_LAYER_III)
        sf_command(s->file, SFC_SET_VBR_ENCODING_QUALITY, &quality, sizeof quality);
    return true;
}

/* Blocks of a fixed layout that libsndfile passes through. */
static void copy_block(sound *from, sound *to, int get, int set, size_t size)
{
    void *data = calloc(1, size);
    if (data && sf_command(from->file, get, data, (int)size) == SF_TRUE)
        sf_command(to->file, set, data, (int)size);
    free(data);
}

void sound_copy_tags(sound *from, sound *to)
{
    enum { HISTORY = 4096 }; /* more coding history than the struct has room for */
    for (int id = SF_STR_FIRST; id <= SF_STR_LAST; id++) {
        const char *text = sf_get_string(from->file, id);
        if (text)
            sf_set_string(to->file, id, text);
    }
    copy_block(from, to, SFC_GET_CHANNEL_MAP_INFO, SFC_SET_CHANNEL_MAP_INFO,
               (size_t)from->info.channels * sizeof(int));
    copy_block(from, to, SFC_GET_INSTRUMENT, SFC_SET_INSTRUMENT, sizeof(SF_INSTRUMENT));
    copy_block(from, to, SFC_GET_BROADCAST_INFO, SFC_SET_BROADCAST_INFO,
               sizeof(SF_BROADCAST_INFO) + HISTORY);
    copy_block(from, to, SFC_GET_CUE, SFC_SET_CUE, sizeof(SF_CUES));
}

int sound_read(sound *s, float *x, int frames, dfn_error *err)
{
    const int n = (int)sf_readf_float(s->file, x, frames);
    if (s->io_error || sf_error(s->file)) {
        fail(s, "damaged", err);
        return -1;
    }
    return n;
}

/* Round to the nearest of 2^bits levels, left-justified in 32 bits. */
static void quantise(int32_t *y, const float *x, int n, int bits)
{
    const double scale = ldexp(1.0, bits - 1);
    for (int i = 0; i < n; i++) {
        const double v = rint((double)x[i] * scale);
        const double clipped = v > scale - 1 ? scale - 1 : v < -scale ? -scale : v;
        y[i] = (int32_t)((int64_t)clipped * (INT64_C(1) << (32 - bits)));
    }
}

bool sound_write(sound *s, const float *x, int frames, dfn_error *err)
{
    sf_count_t n;
    if (s->bits) {
        quantise(s->integer, x, frames * s->info.channels, s->bits);
        n = sf_writef_int(s->file, s->integer, frames);
    } else {
        n = sf_writef_float(s->file, x, frames);
    }
    return (n == frames && !s->io_error) || fail(s, "cannot write", err);
}

bool sound_verify(int fd, const SF_INFO *like, int64_t frames, dfn_error *err)
{
    sound s = {.fd = fd, .output = true}; /* so that closing it leaves fd open */
    io_seek(0, SEEK_SET, &s);
    const bool good = open_file(&s, SFM_READ, NULL) &&
                      s.info.samplerate == like->samplerate &&
                      s.info.channels == like->channels && s.info.frames >= frames;
    sound_close(&s, NULL);
    if (!good)
        dfn_fail(err, DFN_ERR_UNSUPPORTED,
                 "cannot be stored in this format; name another with -o");
    return good;
}

bool sound_copy_file(sound *from, int fd, dfn_error *err)
{
    sound to = {.fd = fd};
    char block[4096];
    sf_count_t n = 0;
    io_seek(0, SEEK_SET, from);
    while (!to.io_error && (n = io_read(block, sizeof block, from)) > 0)
        io_write(block, n, &to);
    return (!to.io_error || fail(&to, "", err)) && (!from->io_error || fail(from, "", err));
}

bool sound_close(sound *s, dfn_error *err)
{
    const bool bad = s->file && sf_close(s->file) != 0;
    s->file = NULL;
    free(s->integer);
    s->integer = NULL;
    if (!s->output && s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    if (bad && !s->io_error)
        s->io_error = EIO;
    if (s->io_error)
        dfn_fail(err, DFN_ERR_IO, "%s", strerror(s->io_error));
    return s->io_error == 0;
}
