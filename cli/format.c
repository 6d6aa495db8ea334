/* format.c - names and sample formats of sound files. */
#include "format.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *extension;
    int container;
} extensions[] = {
    {"wav", SF_FORMAT_WAV},   {"wave", SF_FORMAT_WAV},  {"bwf", SF_FORMAT_WAV},
    {"rf64", SF_FORMAT_RF64}, {"w64", SF_FORMAT_W64},   {"aif", SF_FORMAT_AIFF},
    {"aiff", SF_FORMAT_AIFF}, {"aifc", SF_FORMAT_AIFF}, {"au", SF_FORMAT_AU},
    {"snd", SF_FORMAT_AU},    {"caf", SF_FORMAT_CAF},   {"flac", SF_FORMAT_FLAC},
    {"ogg", SF_FORMAT_OGG},   {"oga", SF_FORMAT_OGG},   {"opus", SF_FORMAT_OGG},
    {"mp3", SF_FORMAT_MPEG},  {"voc", SF_FORMAT_VOC},   {"sph", SF_FORMAT_NIST},
    {"nist", SF_FORMAT_NIST}, {"avr", SF_FORMAT_AVR},   {"paf", SF_FORMAT_PAF},
    {"pvf", SF_FORMAT_PVF},   {"iff", SF_FORMAT_SVX},   {"8svx", SF_FORMAT_SVX},
    {"sf", SF_FORMAT_IRCAM},  {"mat", SF_FORMAT_MAT5},
};

static const char *extension_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    return dot && (!slash || dot > slash) ? dot + 1 : "";
}

int format_of_name(const char *name)
{
    const char *extension = extension_of(name);
    for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++)
        if (!strcasecmp(extension, extensions[i].extension))
            return extensions[i].container;
    return 0;
}

int format_bits(int format)
{
    switch (format & SF_FORMAT_SUBMASK) {
    case SF_FORMAT_PCM_S8:
    case SF_FORMAT_PCM_U8:
    case SF_FORMAT_DPCM_8: return 8;
    case SF_FORMAT_DWVW_12: return 12;
    case SF_FORMAT_ALAW: return 13;
    case SF_FORMAT_ULAW: return 14;
    case SF_FORMAT_ALAC_20: return 20;
    case SF_FORMAT_PCM_24:
    case SF_FORMAT_DWVW_24:
    case SF_FORMAT_ALAC_24: return 24;
    case SF_FORMAT_PCM_32:
    case SF_FORMAT_ALAC_32: return 32;
    case SF_FORMAT_FLOAT:
    case SF_FORMAT_DOUBLE:
    case SF_FORMAT_VORBIS:
    case SF_FORMAT_OPUS:
    case SF_FORMAT_MPEG_LAYER_I:
    case SF_FORMAT_MPEG_LAYER_II:
    case SF_FORMAT_MPEG_LAYER_III: return 0;
    default: return 16; /* the ADPCM family */
    }
}

static int usable(int format, const SF_INFO *like)
{
    SF_INFO info = *like;
    info.format = format;
    return sf_format_check(&info) ? format : 0;
}

/* Same samples in another container, or the nearest that it takes. */
static int convert(int container, const char *output, const SF_INFO *like)
{
    const int samples = like->format & SF_FORMAT_SUBMASK;
    const int opus = !strcasecmp(extension_of(output), "opus");
    const int wanted[] = {
        container == SF_FORMAT_OGG && opus ? SF_FORMAT_OPUS : samples,
        container == SF_FORMAT_OGG ? SF_FORMAT_VORBIS : 0,
        container == SF_FORMAT_MPEG ? SF_FORMAT_MPEG_LAYER_III : 0,
        samples == SF_FORMAT_FLOAT || samples == SF_FORMAT_DOUBLE ? SF_FORMAT_PCM_24 : 0,
        SF_FORMAT_PCM_16,
    };
    int format = 0;
    for (size_t i = 0; !format && i < sizeof wanted / sizeof wanted[0]; i++)
        format = wanted[i] ? usable(container | wanted[i], like) : 0;
    return format;
}

int format_for_output(const char *input, const char *output, const SF_INFO *like)
{
    const int container = format_of_name(output);
    const int other = container && strcasecmp(extension_of(input), extension_of(output)) &&
                      container != (like->format & SF_FORMAT_TYPEMASK);
    if (other)
        return convert(container, output, like);
    const int kept = usable(like->format, like);
    return kept ? kept : usable(like->format & ~SF_FORMAT_ENDMASK, like);
}

bool format_holds(int format, int64_t frames, int channels)
{
    static const int bytes[] = {
        [SF_FORMAT_PCM_S8] = 1, [SF_FORMAT_PCM_16] = 2, [SF_FORMAT_PCM_24] = 3,
        [SF_FORMAT_PCM_32] = 4, [SF_FORMAT_PCM_U8] = 1, [SF_FORMAT_FLOAT] = 4,
        [SF_FORMAT_DOUBLE] = 8,
    };
    const int64_t most = UINT32_MAX - 65536; /* the rest is for tags */
    const int samples = format & SF_FORMAT_SUBMASK;
    switch (format & SF_FORMAT_TYPEMASK) {
    case SF_FORMAT_WAV:
    case SF_FORMAT_WAVEX:
    case SF_FORMAT_AIFF:
    case SF_FORMAT_AU:
        return samples > SF_FORMAT_DOUBLE || frames <= most / (bytes[samples] * channels);
    default: return true;
    }
}

const char *format_name(int format)
{
    SF_FORMAT_INFO info = {.format = format & SF_FORMAT_TYPEMASK};
    if (sf_command(NULL, SFC_GET_FORMAT_INFO, &info, sizeof info) != 0 || !info.name)
        return "unknown format";
    return info.name;
}
