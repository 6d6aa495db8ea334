/* sound.h - a sound file, read or written in blocks of floats. */
#ifndef SOUND_H
#define SOUND_H

#include <dfnet4/status.h>
#include <sndfile.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct sound {
    SNDFILE *file;
    SF_INFO info;     /* input: frames is 0 if the header does not tell (streamed FLAC) */
    int fd, io_error; /* errno of the first read or write that failed */
    bool output;
    int bits;         /* output: of integer samples; 0: floating point */
    int32_t *integer; /* output: one block */
} sound;

/** Open for reading. The reason of a failure does not name the file. */
bool sound_open(sound *s, const char *path, dfn_error *err);

/** Write `format` into `fd` (not closed) with rate and channels of `like`, in blocks of at
 *  most `block` frames. */
bool sound_create(sound *s, int fd, int format, const SF_INFO *like, int block,
                  dfn_error *err);

/** Titles, channel map, cues and the like; before the first samples. What the container of
 *  `to` does not take is left out. */
void sound_copy_tags(sound *from, sound *to);

/** Up to `frames` interleaved frames; 0 at the end, -1 on failure. */
int sound_read(sound *s, float *x, int frames, dfn_error *err);

/** Integer formats are rounded and clipped. */
bool sound_write(sound *s, const float *x, int frames, dfn_error *err);

/** Whether `fd` holds a sound that can be read, of at least `frames`; it stays open. What
 * an encoder made is worth a look before it is called done. */
bool sound_verify(int fd, const SF_INFO *like, int64_t frames, dfn_error *err);

/** Bytes of `from`'s file, as they are, into `fd`. */
bool sound_copy_file(sound *from, int fd, dfn_error *err);

/** Finish and close. Only an output can fail; `s` may be closed already. */
bool sound_close(sound *s, dfn_error *err);

#endif
