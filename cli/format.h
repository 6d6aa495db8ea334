/* format.h - names and sample formats of sound files. */
#ifndef FORMAT_H
#define FORMAT_H

#include <sndfile.h>
#include <stdbool.h>

#define OUTPUT_SUFFIX "-enhanced"

/** Container (SF_FORMAT_WAV ...) that a file name's extension stands for; 0 if none. */
int format_of_name(const char *name);

/** Sample format for `output`: that of the input, unless the extension asks for another
 *  container. `like` describes the input. 0 if it cannot be written. */
int format_for_output(const char *input, const char *output, const SF_INFO *like);

/** Bits of an integer sample format; 0 for those that take floating point. */
int format_bits(int format);

/** False if so many samples would not fit: some containers count bytes in 32 bits. */
bool format_holds(int format, int64_t frames, int channels);

/** The container's name, for messages. */
const char *format_name(int format);

#endif
