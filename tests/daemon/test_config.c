/* The configuration reader: what it takes, and what it says of all the rest. */
#include "check.h"
#include "config.h"

#include <stdlib.h>
#include <string.h>

static dfnd_config config;
static dfn_error err;

static dfn_status parse(const char *text)
{
    dfnd_config_default(&config);
    memset(&err, 0, sizeof err);
    return dfnd_config_parse(&config, text, strlen(text), "f", &err);
}

static void test_values(void)
{
    const dfn_status status = parse("\xef\xbb\xbf# a comment\r\n; another\n"
                                    "[daemon]\nbackend=portaudio\n"
                                    "[microphone]\n"
                                    "[ microphone  head-set_2 ]\n"
                                    "\t device =  alsa # 1 ; [x] = y \n"
                                    "limit-db = 12.5\npost_filter=0.02\nchannels = 2\n"
                                    "precision = int8\nsmart = on\nmake_default = 1\n"
                                    "model = /a b/c.safetensors\ndescription = \xc3\xa4\n"
                                    "[incoming]\nbypass = 1"); /* without a last newline */
    CHECK(status == DFN_OK, "%s", err.text);
    CHECK(!strcmp(config.backend, "portaudio"), "%s", config.backend);
    CHECK(config.count == 3, "%d", config.count);
    const dfnd_instance_config *m = &config.instance[0], *h = &config.instance[1],
                               *in = &config.instance[2];
    CHECK(!strcmp(m->name, "microphone") && m->channels == 1 && !*m->device, "first");
    CHECK(m->param[DFN_PARAM_LIMIT_DB] == 100 && !strcmp(m->precision, "f32"), "defaults");
    CHECK(!strcmp(m->description, "dfnet4 microphone"), "%s", m->description);
    CHECK(!strcmp(h->name, "head-set_2"), "%s", h->name);
    CHECK(!strcmp(h->device, "alsa # 1 ; [x] = y"), "%s", h->device);
    CHECK(h->param[DFN_PARAM_LIMIT_DB] == 12.5f, "limit");
    CHECK(h->param[DFN_PARAM_POST_FILTER] == 0.02f, "post-filter");
    CHECK(h->channels == 2 && h->smart && h->make_default, "switches");
    CHECK(!strcmp(h->precision, "int8") && !strcmp(h->model, "/a b/c.safetensors"),
          "texts");
    CHECK(!strcmp(h->description, "\xc3\xa4"), "%s", h->description);
    CHECK(!strcmp(in->name, "incoming") && in->direction == DFND_INCOMING &&
              in->channels == 2 && in->param[DFN_PARAM_BYPASS] == 1,
          "incoming");
}

/* Text, and the beginning of what is said of it. */
static const char *const faults[][2] = {
    {"\n[speaker]\n", "f:2: unknown section 'speaker'"},
    {"[daemon x]\n", "f:1: [daemon] takes no name"},
    {"[]\n", "f:1: unknown section ''"},
    {"[microphone\n", "f:1: a section is [NAME]"},
    {"[microphone] x\n", "f:1: a section is [NAME]"},
    {"[microphone a b]\n", "f:1: 'a b' is no name"},
    {"[microphone ../x]\n", "f:1: '../x' is no name"},
    {"[microphone \xc3\xa4]\n", "f:1: '\xc3\xa4' is no name"},
    {"[microphone a]\n\n[microphone a]\n", "f:3: [a] began in line 1 already"},
    {"[daemon]\n[microphone]\n[daemon]\n", "f:3: [daemon] began in line 1 already"},
    {"[microphone a]\n[incoming a]\n", "f:2: the name 'a' is taken by [microphone a]"},
    {"[incoming]\n[microphone incoming]\n", "f:2: the name 'incoming' is taken"},
    {"x = 1\n", "f:1: 'x' stands before any section"},
    {"[daemon]\nnonsense\n", "f:2: not a section, key or comment"},
    {"[daemon]\ndevice = x\n", "f:2: unknown key 'device'"},
    {"[microphone]\nbackend = pipewire\n", "f:2: unknown key 'backend'"},
    {"[microphone]\nLimit_db = 1\n", "f:2: unknown key 'Limit_db'"},
    {"[microphone]\n = 1\n", "f:2: unknown key ''"},
    {"[microphone]\nlimit_db = 1\nlimit-db = 2\n", "f:3: 'limit_db' is given twice"},
    {"[microphone]\nlimit_db = 101\n",
     "f:2: limit_db takes a number of 0 to 100, not '101'"},
    {"[microphone]\nlimit_db = -1\n", "f:2: limit_db takes a number of 0 to 100"},
    {"[microphone]\nlimit_db = nan\n", "f:2: limit_db takes"},
    {"[microphone]\nlimit_db = inf\n", "f:2: limit_db takes"},
    {"[microphone]\nlimit_db = 5 dB\n", "f:2: limit_db takes"},
    {"[microphone]\nlimit_db =\n", "f:2: limit_db takes"},
    {"[microphone]\nchannels = 3\n", "f:2: channels takes 1|2, not '3'"},
    {"[microphone]\nchannels = 1|2\n", "f:2: channels takes 1|2, not '1|2'"},
    {"[microphone]\nchannels = 01\n", "f:2: channels takes"},
    {"[microphone]\nprecision = f64\n", "f:2: precision takes f32|bf16|int8, not 'f64'"},
    {"[microphone]\nprecision =\n", "f:2: precision takes"},
    {"[microphone]\nsmart = maybe\n", "f:2: smart takes yes or no, not 'maybe'"},
    {"[daemon]\nbackend = jack\n", "f:2: backend takes pipewire|portaudio, not 'jack'"},
    {"[microphone]\ndevice = a\x01"
     "b\n",
     "f:2: device: not UTF-8 text"},
    {"[microphone]\ndevice = \xff\n", "f:2: device: not UTF-8 text"},
};

static void test_faults(void)
{
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        const dfn_status status = parse(faults[i][0]);
        CHECK(status == DFN_ERR_FORMAT, "%s: %d", faults[i][0], status);
        CHECK(!strncmp(err.text, faults[i][1], strlen(faults[i][1])), "'%s', not '%s'",
              err.text, faults[i][1]);
    }
}

/* `before`, n times 'x', `after`. */
static dfn_status parse_long(const char *before, size_t n, const char *after)
{
    char *text = malloc(strlen(before) + n + strlen(after) + 1);
    if (!text)
        abort();
    sprintf(text, "%s%*s%s", before, (int)n, "", after);
    memset(text + strlen(before), 'x', n);
    const dfn_status status = parse(text);
    free(text);
    return status;
}

static void test_limits(void)
{
    CHECK(!parse_long("[microphone ", DFND_NAME - 1, "]"), "%s", err.text);
    CHECK(parse_long("[microphone ", DFND_NAME, "]"), "a long name");
    CHECK(!parse_long("[microphone]\ndevice = ", DFND_TEXT - 1, ""), "%s", err.text);
    CHECK(parse_long("[microphone]\ndevice = ", DFND_TEXT, ""), "a long device");
    CHECK(strstr(err.text, "f:2: device: more than 255 bytes"), "%s", err.text);
    CHECK(!parse_long("[microphone]\nmodel = ", DFND_PATH - 1, ""), "%s", err.text);
    CHECK(strlen(config.instance[0].model) == DFND_PATH - 1, "cut");
    CHECK(parse_long("[microphone]\nmodel = ", DFND_PATH, ""), "a long model");
    CHECK(parse_long("#", 1 << 16, "\n"), "a long line");
    CHECK(strstr(err.text, "f:1: more than"), "%s", err.text);
    CHECK(parse_long("[microphone]\n", 5000, " = 1\n"), "a long key");
    CHECK(parse_long("[", 5000, "]\n"), "a long section");

    char text[32 * (DFND_INSTANCES + 1)] = "";
    for (int i = 0; i <= DFND_INSTANCES; i++) {
        CHECK(!parse(text) && config.count == i, "%d streams: %s", i, err.text);
        sprintf(text + strlen(text), "[microphone m%d]\n", i);
    }
    CHECK(parse(text), "one more");
    CHECK(!strcmp(err.text, "f:17: 'm16' is too much: 16 streams at most"), "%s", err.text);

    dfnd_config_default(&config);
    const char zero[] = "[microphone]\n\n\0\n";
    CHECK(dfnd_config_parse(&config, zero, sizeof zero - 1, "f", &err), "zero");
    CHECK(!strcmp(err.text, "f:3: a zero byte; this is no text file"), "%s", err.text);
}

static dfnd_config *print_and_parse(const dfnd_config *c)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    dfnd_config *back = calloc(1, sizeof *back);
    if (!f || !back)
        abort();
    dfnd_config_print(f, c);
    fclose(f);
    dfnd_config_default(back);
    CHECK(!dfnd_config_parse(back, text, size, "printed", &err), "%s\n%s", err.text, text);
    free(text);
    return back;
}

/* Every setting away from its default survives. */
static void test_print(void)
{
    CHECK(!parse("[daemon]\nbackend = portaudio\n[incoming calls]\ndescription =\n"
                 "device = [x] = # ; \\ \"y\"\noutput = \xc3\xa4\nmodel = /m\n"
                 "precision = bf16\nchannels = 1\nsmart = yes\nmake_default = yes\n"
                 "[microphone b]\nchannels = 2\n"),
          "%s", err.text);
    const float odd[] = {1.0f / 3, 0.1f, 16777.217f, 1e-30f};
    for (size_t k = 0; k < sizeof odd / sizeof *odd; k++) {
        for (int p = 0; p < DFN_PARAM_COUNT; p++) {
            const dfn_param_info *info = dfn_param_get_info((dfn_param)p);
            config.instance[0].param[p] = fminf(odd[k], info->max);
        }
        dfnd_config *back = print_and_parse(&config);
        /* Fields and what lies between them: both began as zeros. */
        CHECK(back->count == 2 && !memcmp(back, &config, sizeof config), "round %d",
              (int)k);
        free(back);
    }
}

static void test_later_files_win(void)
{
    CHECK(!parse("[microphone a]\ndevice = x\nlimit_db = 10\n"), "%s", err.text);
    const char more[] = "[microphone b]\n[microphone a]\nlimit_db = 20\n";
    CHECK(!dfnd_config_parse(&config, more, strlen(more), "g", &err), "%s", err.text);
    CHECK(config.count == 2 && !strcmp(config.instance[0].device, "x"), "kept");
    CHECK(config.instance[0].param[DFN_PARAM_LIMIT_DB] == 20, "changed");
}

int main(void)
{
    test_values();
    test_faults();
    test_limits();
    test_print();
    test_later_files_win();
    return check_report();
}
