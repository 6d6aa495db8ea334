/* Names, parts of names and numbers of devices: the one that is meant, or why not. */
#include "check.h"
#include "portaudio_choose.h"

#include <string.h>

static const dfnd_pa_entry list[] = {
    {"ALSA", "HDA Intel PCH: ALC257 Analog (hw:0,0)", 2, 2, 2, false, false},
    {"ALSA", "USB Audio (hw:1,0)", 2, 1, 2, false, false},
    {"ALSA", "default", 2, 32, 32, true, true},
    {"JACK Audio Connection Kit", "USB Audio", 0, 1, 0, true, false},
    {"JACK Audio Connection Kit", "Built-in Audio", 0, 2, 2, false, true},
    {"JACK Audio Connection Kit", "Built-in Audio Monitor", 0, 2, 0, false, false},
    {"OSS", "/dev/dsp", 4, 2, 2, true, true},
};
enum { COUNT = sizeof list / sizeof *list };

static const struct {
    const char *wanted;
    bool input;
    const char *api;
    int expected; /* or -1, and then ... */
    const char *says;
} cases[] = {
    {"", true, NULL, 3, NULL},
    {"", false, NULL, 4, NULL},
    {"", true, "ALSA", 2, NULL},
    {"", true, "OSS", 6, NULL},
    {"1", true, NULL, 1, NULL},
    {"0", false, NULL, 0, NULL},
    {"3", false, NULL, -1, "device 3, USB Audio, has no outputs"},
    {"7", true, NULL, -1, "no device 7, only 0 to 6"},
    {"99999999999999999999", true, NULL, -1, "no device 99999999999999999999"},
    {"usb audio", true, NULL, 3, NULL}, /* a whole name, though in another case */
    {"usb", true, NULL, 3, NULL},       /* two have it, JACK is preferred */
    {"usb", true, "ALSA", 1, NULL},
    {"usb", false, NULL, 1, NULL}, /* the other is no output */
    {"hw:1", true, NULL, 1, NULL},
    {"hw:0,0", false, NULL, 0, NULL},
    {"ALSA: usb", true, NULL, 1, NULL},
    {"ALSA: default", true, NULL, 2, NULL},
    {"Built-in Audio", true, NULL, 4, NULL}, /* whole, though part of another */
    {"built-in", true, NULL, -1,
     "\"built-in\" could be 4 \"Built-in Audio\", 5 \"Built-in Audio Monitor\""},
    {"built-in", false, NULL, 4, NULL},
    {"audio", true, NULL, -1, "could be"},
    {"headset", true, NULL, -1, "no input device \"headset\""},
    {"headset", false, NULL, -1, "no output device \"headset\""},
    {"/dev/dsp", false, "ALSA", 6, NULL},
};

int main(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dfn_error err = {0};
        const int got = dfnd_pa_choose(list, COUNT, cases[i].wanted, cases[i].input,
                                       cases[i].api, &err);
        CHECK(got == cases[i].expected, "\"%s\": %d, want %d", cases[i].wanted, got,
              cases[i].expected);
        if (cases[i].says)
            CHECK(strstr(err.text, cases[i].says), "\"%s\": %s", cases[i].wanted, err.text);
        const dfn_status want =
            cases[i].says && strstr(cases[i].says, "could be") ? DFN_ERR_ARG : DFN_ERR_IO;
        CHECK(got >= 0 || err.status == want, "\"%s\": status %d", cases[i].wanted,
              err.status);
    }
    dfn_error err = {0};
    CHECK(dfnd_pa_choose(list, 0, "", true, NULL, &err) == -1 &&
              !strcmp(err.text, "there is no input device \"default\""),
          "no devices: %s", err.text);
    return check_report();
}
