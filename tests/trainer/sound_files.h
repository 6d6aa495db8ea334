/* sound_files.h - sound files for tests, in a folder of their own. */
#ifndef SOUND_FILES_H
#define SOUND_FILES_H

#include <sndfile.h>

enum { PCM = SF_FORMAT_WAV | SF_FORMAT_PCM_16, FLOAT = SF_FORMAT_WAV | SF_FORMAT_FLOAT };

/** Make a folder in /tmp and work there; remove it with all it holds. */
void enter_folder(void);
void leave_folder(void);
void make_folder(const char *path);

/** Sample i of channel c: a sine of 0.05 radians a sample, with half of full scale. */
float wave(int i, int c);

void write_text(const char *path, const char *text);
/** `n` frames of gain * wave. */
void write_sound(const char *path, int rate, int channels, int n, float gain, int format);

#endif
