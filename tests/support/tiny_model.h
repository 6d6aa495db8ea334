/* tiny_model.h - a small network with reproducible random weights, for tests that
 * need a model but not a good one. */
#ifndef TINY_MODEL_H
#define TINY_MODEL_H

#include <dfnet4/model.h>

typedef struct tiny_model_config {
    bool batch_norm;    /* a file with separate batch norms */
    int lookahead;      /* hops; only of the default kind */
    const char *kind;   /* NULL: a DeepFilterNet3 of small sizes */
    const char *config; /* INI text: all of it, or appended to the small sizes */
} tiny_model_config;

/* A small DeepFilterNet4 at the usual rate and hop: Mamba, one order, no branches. More
 * keys of its section can follow, and the sizes of the branches are small already. */
#define TINY_DFNET4                                                                        \
    "[df]\nnb_erb = 8\nnb_df = 8\ndf_order = 3\n"                                          \
    "[deepfilternet4]\nconv_ch = 4\nemb_hidden_dim = 6\ndf_hidden_dim = 8\n"               \
    "df_num_layers = 1\nenc_linear_groups = 2\nmamba_d_state = 3\n"                        \
    "time_branch_ch = 4\nphase_branch_ch = 2\nphase_linear_groups = 2\n"                   \
    "fusion_dim = 8\nfusion_heads = 2\nfusion_window = 3\n"                                \
    "df_resolutions = 8,3;4,2;2,1\nuse_phase_branch = false\nuse_multi_res_df = false\n"

/** Write a model file. Aborts the test if it cannot. */
void tiny_model_write(const char *path, const tiny_model_config *c);

/** The bytes of such a file; the caller frees them (after the model, if one is loaded). */
void *tiny_model_bytes(size_t *size, const tiny_model_config *c);

/** Loaded, with lookahead 2 and folded norms. Free with tiny_model_free. */
dfn_model *tiny_model_new(void **bytes);
void tiny_model_free(dfn_model *m, void *bytes);

#endif
