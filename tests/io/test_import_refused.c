/* Sources that cannot be imported: one line that names the file, and no destination. */
#include "archive_file.h"
#include "check.h"
#include "onnx_export.h"

#include <dfnet4/import.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char folder[] = "test_refused", made[] = "test_refused/made",
                  packed[] = "test_refused/packed";
static const char *const names[] = {"test_refused/enc.onnx", "test_refused/erb_dec.onnx",
                                    "test_refused/df_dec.onnx", "test_refused/config.ini"};

static bytes text(const char *s)
{
    return (bytes){(unsigned char *)(uintptr_t)s, strlen(s)};
}

static void refused(const char *source, dfn_status want, const char *where, const char *why)
{
    dfn_error err = {0};
    const dfn_status status = dfn_import(source, made, &err);
    CHECK(status == want, "'%s': status %d, %s", why, (int)status, err.text);
    CHECK(strstr(err.text, where) == err.text && strstr(err.text, why), "'%s %s': '%s'",
          where, why, err.text);
    CHECK(access(made, F_OK), "'%s': a destination is made", why);
}

static void check_folder(bytes onnx)
{
    refused("test_refused/none", DFN_ERR_IO, "test_refused/none: ", "No such file");
    refused("/dev/null", DFN_ERR_IO, "/dev/null: ", "neither a folder nor a file");
    refused(folder, DFN_ERR_IO, names[0], "No such file");
    for (int i = 0; i < 3; i++)
        bytes_write(names[i], onnx);
    refused(folder, DFN_ERR_IO, names[3], "No such file");

    bytes_write(names[3], text("[train]\nmodel = deepfilternet2\n"));
    refused(folder, DFN_ERR_UNSUPPORTED, names[3], "the model is 'deepfilternet2'");
    bytes_write(names[3], text("[train]\nmodel = deepfilternet3\n[df]\nsrr = 48000\n"));
    refused(folder, DFN_ERR_FORMAT, names[3], "srr");
    bytes_write(names[3], text("\x80\x02}q\x01(broken"));
    refused(folder, DFN_ERR_FORMAT, names[3], "");
    bytes_write(names[3], text(onnx_export_small_config));
    refused(folder, DFN_ERR_FORMAT, names[1], "no output 'm'");

    bytes_write(names[2], text("no protobuf"));
    refused(names[1], DFN_ERR_FORMAT, names[2], "damaged, or not an ONNX model");
    bytes_write(names[2], text(""));
    refused(folder, DFN_ERR_FORMAT, names[2], "empty");
    unlink(names[2]);
    CHECK(!mkdir(names[2], 0755), "mkdir");
    refused(folder, DFN_ERR_IO, names[2], "not a regular file");
    rmdir(names[2]);
    FILE *f = fopen(names[2], "wb");
    CHECK(f && !ftruncate(fileno(f), (off_t)1 << 40) && !fclose(f), "a sparse file");
    refused(folder, DFN_ERR_FORMAT, names[2], "larger than 64 MiB");
    bytes_write(names[2], onnx);
}

static void check_archive(bytes onnx)
{
    static const char *const five[] = {"enc.onnx", "erb_dec.onnx", "df_dec.onnx",
                                       "config.ini", "x/enc.onnx"};
    const bytes config = bytes_read(names[3]), all[] = {onnx, onnx, onnx, config, onnx};
    archive_write(packed, ARCHIVE_TAR_GZ, 3, five, all);
    refused(packed, DFN_ERR_FORMAT, packed, "holds no config.ini");
    archive_write(packed, ARCHIVE_TAR, 5, five, all);
    refused(packed, DFN_ERR_FORMAT, packed, "enc.onnx: twice in the archive");
    archive_write(packed, ARCHIVE_ZIP, 4, five, all);
    refused(packed, DFN_ERR_FORMAT, packed, "erb_dec.onnx: no output 'm'");

    bytes whole = bytes_read(packed);
    for (size_t n = 0; n < whole.size; n += whole.size / 16 + 1) { /* cut */
        bytes_write(packed, (bytes){whole.data, n});
        refused(packed, DFN_ERR_FORMAT, packed, "");
    }
    whole.data[whole.size / 5] ^= 0x55; /* in the packed data of the first entry */
    bytes_write(packed, whole);
    refused(packed, DFN_ERR_FORMAT, packed, "");
    free(whole.data);
    bytes_write(packed, text("neither tar nor zip, but long enough to be looked at"));
    refused(packed, DFN_ERR_FORMAT, packed, "");

    /* 65 MiB of zeros pack to 64 kB */
    bytes zeros = {calloc(65, 1 << 20), 65 << 20};
    archive_write(packed, ARCHIVE_TAR_GZ, 1, five, &zeros);
    refused(packed, DFN_ERR_FORMAT, packed, "enc.onnx: larger than 64 MiB");
    free(zeros.data);

    enum { MANY = 1002 };
    static const char *many[MANY];
    static bytes none[MANY];
    for (int i = 0; i < MANY; i++)
        many[i] = "other", none[i] = text("");
    archive_write(packed, ARCHIVE_TAR, MANY, many, none);
    refused(packed, DFN_ERR_FORMAT, packed, "too large for a model archive");
    free(config.data);
}

/* An output must not replace what it is made from. */
static void check_destination(void)
{
    dfn_error err = {0};
    for (int i = 0; i < 4; i++) {
        const bytes before = bytes_read(names[i]);
        CHECK(dfn_import(folder, names[i], &err) == DFN_ERR_ARG &&
                  strstr(err.text, "is a file of the source"),
              "%s", err.text);
        const bytes after = bytes_read(names[i]);
        CHECK(before.size == after.size && !memcmp(before.data, after.data, after.size),
              "%s has changed", names[i]);
        free(before.data);
        free(after.data);
    }
    CHECK(dfn_import(packed, packed, &err) == DFN_ERR_ARG, "%s", err.text);
}

int main(void)
{
    dfn_graph *g = onnx_export_small_graph();
    dfn_weights w;
    mkdir(folder, 0755);
    if (dfn_weights_new(&w, g, DFN_F32, NULL))
        return 1;
    const bytes onnx = onnx_export(g, (const float *const *)w.data);
    dfn_weights_free(&w);
    dfn_graph_free(g);
    check_folder(onnx);
    check_archive(onnx);
    check_destination();
    free(onnx.data);
    for (int i = 0; i < 4; i++)
        unlink(names[i]);
    unlink(packed);
    CHECK(!rmdir(folder), "something is left in the folder");
    return check_report();
}
