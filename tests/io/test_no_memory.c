/* Every allocation of the readers, the writer and the matcher fails in turn: a clean
 * error, nothing leaked, no file left behind. */
#include "check.h"
#include "fail_alloc.h"
#include "onnx_export.h"

#include <dfnet4/import.h>
#include <dfnet4/safetensors.h>
#include <dirent.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char folder[] = "test_no_memory", path[] = "test_no_memory/a";
static bytes onnx_file;
static dfn_graph *graph;

static dfn_status write_file(dfn_error *err)
{
    static const float x[6];
    static const short y[3];
    const dfn_tensor t[] = {
        {.name = "a.weight", .rank = 2, .dim = {2, 3}, .count = 6, .data = x},
        {.name = "b", .dtype = DFN_DTYPE_I16, .rank = 1, .dim = {3}, .count = 3, .data = y},
    };
    const dfn_text_pair pairs[] = {{"format", "dfnet4-1"},
                                   {"config", "[df]\nsr = 48000\n"}};
    return dfn_safetensors_write(path, t, 2, pairs, 2, err);
}

static dfn_status open_file(dfn_error *err)
{
    dfn_safetensors *s;
    const dfn_status status = dfn_safetensors_open(&s, path, err);
    if (!status)
        CHECK(dfn_safetensors_count(s) == 2 && dfn_safetensors_metadata(s, "format") &&
                  dfn_safetensors_metadata(s, "config"),
              "something is missing");
    dfn_safetensors_close(s);
    return status;
}

static dfn_status read_memory(dfn_error *err)
{
    static const char text[] = "\x48\0\0\0\0\0\0\0"
                               "{\"long-name.weight\":{\"dtype\":\"U8\",\"shape\":[2],"
                               "\"data_offsets\":[0,2]}}    ab";
    dfn_safetensors *s;
    const dfn_status status =
        dfn_safetensors_open_memory(&s, text, sizeof text - 1, "memory", err);
    dfn_safetensors_close(s);
    return status;
}

static dfn_status match_onnx(dfn_error *err)
{
    const float *weights[256] = {0};
    float *owned[256] = {0};
    dfn_onnx *o;
    dfn_status status =
        dfn_onnx_parse(&o, onnx_file.data, onnx_file.size, "small.onnx", err);
    if (!status)
        status = dfn_match_weights(&(dfn_match){graph, &o, onnx_export_outputs,
                                                onnx_export_inputs, weights, owned},
                                   err);
    for (int i = 0; i < 256; i++)
        free(owned[i]);
    dfn_onnx_free(o);
    return status;
}

/* The small network is in one file, so this ends at the second of the three. */
static dfn_status import_folder(dfn_error *err)
{
    return dfn_import(folder, "test_no_memory/b", err);
}

static void fill_folder(void)
{
    static const char *const names[] = {"test_no_memory/enc.onnx",
                                        "test_no_memory/erb_dec.onnx",
                                        "test_no_memory/df_dec.onnx"};
    const bytes config = {(unsigned char *)(uintptr_t)onnx_export_small_config,
                          strlen(onnx_export_small_config)};
    for (int i = 0; i < 3; i++)
        bytes_write(names[i], onnx_file);
    bytes_write("test_no_memory/config.ini", config);
}

static void empty_folder(void)
{
    static const char *const names[] = {"a", "enc.onnx", "erb_dec.onnx", "df_dec.onnx",
                                        "config.ini"};
    char file[64];
    for (int i = 0; i < 5; i++) {
        snprintf(file, sizeof file, "%s/%s", folder, names[i]);
        unlink(file);
    }
    CHECK(!rmdir(folder), "something is left in the folder");
}

static int files(void)
{
    int n = -2; /* . and .. */
    DIR *d = opendir(folder);
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

/* `left` files stay after a failure. jansson can work around some failures, and reports
 * others as bad syntax: DFN_ERR_FORMAT is allowed where it parses. */
static void check(const char *name, dfn_status (*act)(dfn_error *err), dfn_status at_end,
                  int left, bool parses)
{
    int n = 0;
    for (bool complete = false; !complete; n++) {
        const int live = fail_alloc_live();
        dfn_error err = {0};
        fail_alloc_after(n);
        const dfn_status status = act(&err);
        complete = fail_alloc_count() <= n;
        fail_alloc_after(-1);
        CHECK(complete ? status == at_end
                       : status == DFN_ERR_NOMEM ||
                             (parses && (status == DFN_ERR_FORMAT || !status)),
              "%s, allocation %d: %d %s", name, n, (int)status, err.text);
        CHECK(!status || (*err.text && err.status == status), "%s, allocation %d: '%s'",
              name, n, err.text);
        CHECK(fail_alloc_live() == live, "%s, allocation %d: %d blocks leaked", name, n,
              fail_alloc_live() - live);
        if (!complete)
            CHECK(files() == left, "%s, allocation %d: a file stays", name, n);
    }
    printf("%-12s %d allocations\n", name, n - 1);
    CHECK(n > 3, "%s: failures are not simulated", name);
}

/* jansson is a shared library; this brings its allocations here, where they are counted. */
static void *take(size_t n) { return malloc(n); }
static void give(void *p) { free(p); }

int main(void)
{
    json_set_alloc_funcs(take, give);
    graph = onnx_export_small_graph();
    const int n = dfn_graph_weight_count(graph);
    dfn_weights w;
    if (n > 256 || dfn_weights_new(&w, graph, DFN_F32, NULL))
        return 1;
    onnx_file = onnx_export(graph, (const float *const *)w.data);
    dfn_weights_free(&w);
    mkdir(folder, 0755);

    check("write", write_file, DFN_OK, 0, false);
    check("open", open_file, DFN_OK, 1, true);
    check("from memory", read_memory, DFN_OK, 1, true);
    check("match", match_onnx, DFN_OK, 1, false);
    fill_folder();
    check("import", import_folder, DFN_ERR_FORMAT, 5, false);

    free(onnx_file.data);
    dfn_graph_free(graph);
    empty_folder();
    return check_report();
}
