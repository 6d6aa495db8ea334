/* Import of the official DeepFilterNet3: from a folder, one of its files and archives it
 * gives the same bytes, and the network computes what the reference computes. */
#include "archive_file.h"
#include "check.h"
#include "cpu.h"
#include "golden.h"

#include <dfnet4/dsp.h>
#include <dfnet4/import.h>
#include <dfnet4/model.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char made[] = "test_import.safetensors", packed[] = "test_import.archive";
static const char *const names[] = {"enc.onnx", "erb_dec.onnx", "df_dec.onnx",
                                    "config.ini"};

static bytes import_from(const char *source)
{
    dfn_error err = {0};
    CHECK(!dfn_import(source, made, &err), "%s", err.text);
    const bytes b = bytes_read(made);
    CHECK(b.size > 8000000, "%s: %zu bytes", source, b.size);
    unlink(made);
    return b;
}

static void check_same(const char *source, bytes want)
{
    const bytes b = import_from(source);
    CHECK(b.size == want.size && !memcmp(b.data, want.data, b.size), "%s gives other bytes",
          source);
    free(b.data);
}

static void check_sources(const char *folder)
{
    bytes file[4];
    char path[4200];
    const bytes want = import_from(folder);
    check_same(folder, want);
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        file[i] = bytes_read(path);
        check_same(path, want);
    }
    static const char *const in_folders[] = {"tmp/export/enc.onnx", "../../erb_dec.onnx",
                                             "/df_dec.onnx", "./config.ini"};
    archive_write(packed, ARCHIVE_TAR_GZ, 4, names, file);
    check_same(packed, want);
    archive_write(packed, ARCHIVE_TAR_GZ, 4, in_folders, file);
    check_same(packed, want);
    archive_write(packed, ARCHIVE_ZIP, 4, names, file);
    check_same(packed, want);
    for (int i = 0; i < 4; i++)
        free(file[i].data);
    free(want.data);
    unlink(packed);
}

/* Mask, coefficients and local SNR of a real clip, frame by frame. */
static void check_clip(const dfn_model *m, const char *name)
{
    const dfn_model_info *info = dfn_model_get_info(m);
    const dfn_graph *net = dfn_model_net(m);
    golden *c = golden_open(name);
    const dfn_tensor *noisy = golden_tensor(c, "in.noisy_i16");
    const int hop = info->hop_size, T = (int)golden_tensor(c, "out.mask")->dim[0];
    const int all = (int)golden_tensor(c, "out.lsnr")->count;
    const int n_mask = info->nb_erb, n_coefs = info->nb_df * info->df_order * 2;
    float *in = calloc((size_t)hop, sizeof *in), *memory = calloc((size_t)hop, sizeof *in);
    float *mask = calloc((size_t)(T * n_mask), sizeof *in),
          *lsnr = calloc((size_t)all, sizeof *in);
    float *coefs = calloc((size_t)(T * n_coefs), sizeof *in);
    void *state = aligned_alloc(64, (dfn_state_bytes(net, DFN_F32) + 63) / 64 * 64);
    const dfn_plan_config config = {.batch = 1, .frames = 1, .cpu = test_cpu()};
    dfn_plan *p;
    dfn_stft *stft;
    dfn_error err = {0};
    CHECK(!dfn_plan_new(&p, net, &config, &err), "%s", err.text);
    CHECK(!dfn_stft_new(&stft, info->fft_size, hop, 0, &err), "%s", err.text);
    dfn_state_reset(net, DFN_F32, state);
    for (int t = 0; t < all; t++) {
        for (int i = 0; i < hop; i++)
            in[i] = (float)(golden_at(noisy, (size_t)(t * hop + i)) / 32768);
        dfn_stft_analyse(stft, dfn_plan_data(p, dfn_graph_find(net, "spec")), memory, in);
        dfn_run(p, dfn_model_net_weights(m), &state, 1);
        lsnr[t] = *(const float *)dfn_plan_data(p, dfn_graph_find(net, "lsnr"));
        if (t >= T)
            continue;
        memcpy(mask + t * n_mask, dfn_plan_data(p, dfn_graph_find(net, "mask")),
               (size_t)n_mask * sizeof *mask);
        memcpy(coefs + t * n_coefs, dfn_plan_data(p, dfn_graph_find(net, "coefs")),
               (size_t)n_coefs * sizeof *coefs);
    }
    golden_compare(c, "out.lsnr", lsnr, sizeof *lsnr, (size_t)all);
    golden_compare(c, "out.mask", mask, sizeof *mask, (size_t)(T * n_mask));
    golden_compare(c, "out.coefs", coefs, sizeof *coefs, (size_t)(T * n_coefs));
    dfn_plan_free(p);
    dfn_stft_free(stft);
    golden_close(c);
    free(state);
    free(coefs);
    free(lsnr);
    free(mask);
    free(memory);
    free(in);
}

int main(void)
{
    char folder[4096], **clips = golden_list("dfnet3_");
    const char *shared = getenv("DFN_SHARED");
    snprintf(folder, sizeof folder, "%s/models/dfnet3", shared ? shared : "");
    if (!clips[0] || access(folder, R_OK)) {
        fprintf(stderr, "no official model in %s\n", folder);
        free(clips);
        return golden_skip();
    }
    check_sources(folder);
    dfn_error err = {0};
    dfn_model *m = NULL;
    CHECK(!dfn_import(folder, made, &err), "%s", err.text);
    CHECK(!dfn_model_load(&m, made, &err), "%s", err.text);
    for (int i = 0; m && clips[i]; i++)
        check_clip(m, clips[i]);
    dfn_model_free(m);
    unlink(made);
    free(clips);
    return check_report();
}
