/* test_plot.c - a log read back, also a damaged one, and what of it is in the picture. */
#include "check.h"
#include "run/plot.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef TEST_CAIRO
#    include <cairo.h>
#endif

const char *const cli_program = "test_plot";

static char folder[] = "/tmp/test_plot_XXXXXX";

static void write_log(const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/log.jsonl", folder);
    FILE *f = fopen(path, "w");
    CHECK(f && fputs(text, f) >= 0, "%s", path);
    if (f)
        fclose(f);
}

static dfn_run_log read_log(const char *text)
{
    dfn_run_log log;
    dfn_error err = {0};
    write_log(text);
    CHECK(!dfn_run_log_read(&log, folder, &err), "%s", err.text);
    return log;
}

static const char one[] = "{\"kind\":\"train\",\"step\":1,\"hours\":0.5,\"loss\":2}\n";

static void test_read(void)
{
    dfn_run_log log =
        read_log("{\"kind\":\"train\",\"step\":1,\"hours\":0.5,\"loss\":2,\"x\":null}\n"
                 "nothing\n[1]\n{}\n{\"kind\":3,\"step\":9}\n\n"
                 "{\"kind\":\"valid\",\"step\":1,\"loss\":7}\n"
                 "{\"kind\":\"note\",\"step\":2,\"text\":\"hello\"}\n"
                 "{\"kind\":\"train\",\"step\":20,\"hours\":1,\"loss\":null,\"x\":null}\n"
                 "{\"kind\":\"train\",\"step\":30,\"ho");
    const dfn_series *s = dfn_run_log_find(&log, "train", "loss");
    CHECK(log.step == 20, "step %d", (int)log.step);
    CHECK(s && s->count == 2 && s->x[0] == 0.5 && s->y[0] == 2 && s->x[1] == 1 &&
              isnan(s->y[1]),
          "loss");
    CHECK(!dfn_run_log_find(&log, "train", "x"), "never a number");
    s = dfn_run_log_find(&log, "valid", "loss");
    CHECK(s && s->count == 1 && s->x[0] == 1 && s->y[0] == 7, "over steps without hours");
    CHECK(!dfn_run_log_find(&log, "note", "text"), "a text");
    dfn_run_log_free(&log);

    dfn_error err = {0};
    write_log("{\"kind\":\"tr");
    CHECK(dfn_run_log_read(&log, folder, &err) == DFN_ERR_FORMAT &&
              strstr(err.text, "log.jsonl: no steps"),
          "%s", err.text);
    CHECK(dfn_run_log_read(&log, "/nowhere", &err) == DFN_ERR_IO &&
              strstr(err.text, "/nowhere/log.jsonl"),
          "%s", err.text);
}

#ifdef TEST_CAIRO
/* Pixels of one colour in the picture. */
static long draw(const char *text, unsigned colour)
{
    char path[256];
    dfn_error err = {0};
    dfn_run_log log = read_log(text);
    snprintf(path, sizeof path, "%s/curves.png", folder);
    CHECK(!dfn_plot(&log, "run", path, &err), "%s", err.text);
    dfn_run_log_free(&log);
    cairo_surface_t *s = cairo_image_surface_create_from_png(path);
    const int w = cairo_image_surface_get_width(s), h = cairo_image_surface_get_height(s);
    CHECK(w == 2360 && h == 1860, "%d x %d", w, h);
    long found = 0;
    const unsigned char *data = cairo_image_surface_get_data(s);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            unsigned pixel;
            memcpy(&pixel, data + y * cairo_image_surface_get_stride(s) + 4 * x, 4);
            found += (pixel & 0xffffff) == colour;
        }
    cairo_surface_destroy(s);
    return found;
}

static void test_picture(void)
{
    enum { TRAIN = 0x2b6cb0, VALID = 0xe07b00 };
    static char text[1 << 15];
    const long dot = draw(one, TRAIN);
    CHECK(dot > 300, "one step: %ld pixels", dot); /* a key of 20 x 16 */
    CHECK(draw(one, VALID) == 0, "no validation");
    size_t n = 0;
    for (int i = 1; i <= 200; i++)
        n += (size_t)snprintf(text + n, sizeof text - n,
                              "{\"kind\":\"train\",\"step\":%d,\"hours\":%d,\"loss\":%d}\n",
                              i, i, 400 - i);
    /* a line of two units, drawn twice as large, over some 900 pixels */
    const long line = draw(text, TRAIN);
    CHECK(line > dot + 1000, "200 steps: %ld pixels, one: %ld", line, dot);
    snprintf(
        text + n, sizeof text - n,
        "{\"kind\":\"valid\",\"step\":9,\"hours\":9,\"loss\":5,\"si_sdr\":-2,\"stoi\":0}\n"
        "{\"kind\":\"valid\",\"step\":9,\"hours\":99,\"loss\":null,\"si_sdr\":1e300}\n");
    CHECK(draw(text, VALID) > 900, "%ld pixels of three keys", draw(text, VALID));
    /* whatever numbers a run may have come to */
    draw("{\"kind\":\"train\",\"step\":1,\"hours\":0,\"loss\":0,\"lr\":-1,\"loss_mask\":1e-"
         "300}\n"
         "{\"kind\":\"train\",\"step\":2,\"hours\":0,\"loss\":1e300,\"lr\":-1}\n"
         "{\"kind\":\"train\",\"step\":3,\"hours\":-5,\"loss\":-1e300,\"loss_mask\":1e300}"
         "\n",
         0);
}

static void test_unwritable(void)
{
    dfn_error err = {0};
    dfn_run_log log = read_log(one);
    CHECK(dfn_plot(&log, "run", "/nowhere/x.png", &err) == DFN_ERR_IO &&
              strstr(err.text, "/nowhere/x.png"),
          "%s", err.text);
    dfn_run_log_free(&log);
}
#else
static void test_picture(void)
{
    dfn_error err = {0};
    dfn_run_log log = read_log(one);
    CHECK(dfn_plot(&log, "run", "x.png", &err) == DFN_ERR_UNSUPPORTED &&
              strstr(err.text, "cairo"),
          "%s", err.text);
    dfn_run_log_free(&log);
}
static void test_unwritable(void) {}
#endif

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    test_read();
    test_picture();
    test_unwritable();
    char command[sizeof folder + 16];
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK(!system(command), "%s", command);
    return check_report();
}
