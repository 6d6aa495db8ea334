/* model.h - a trained network, ready to run: graphs, weights, and the numbers around them.
 *
 * Immutable after load; share it between threads and streams. A model is two graphs made by
 * the same functions that make the training graph:
 *
 *   net     "spec" {1,F,2} -> "mask" {1,1,E}, "coefs" {nb_df,order,2}, "lsnr" {1,1,1}
 *   apply   "spec" {1,F,2}, "mask", "coefs" -> "noisy" {1,F,2}, "enhanced" {1,F,2}
 *
 * so that the channels of one source can share one mask. "noisy" is the input delayed like
 * the enhanced spectrum: both are `lookahead` frames late. Mask and coefficients of one
 * frame go into `apply` together with the newest spectrum; the delay is inside.
 *
 * Some models have more or less: an input "wave" {1,hop_size,1} of `net`, the newest
 * samples; an output "vad" {1,1,1}, the probability of speech; "coefs" of another shape, or
 * none with gains only; "keep" {1,1,order} beside them, which taps are used. */
#ifndef DFNET4_MODEL_H
#define DFNET4_MODEL_H

#include <dfnet4/graph.h>
#include <dfnet4/safetensors.h>

DFN_BEGIN

typedef struct dfn_model dfn_model;

typedef struct dfn_model_info {
    const char *kind;                    /* "dfnet3", ... : the builder */
    int sample_rate, fft_size, hop_size; /* 48000, 960, 480 */
    int bins;                            /* fft_size / 2 + 1 */
    int nb_erb, nb_df, df_order;
    int lookahead;             /* hops: enhanced frames come this much later */
    const int *erb_widths;     /* [nb_erb], bins per band, sum = bins */
    double lsnr_min, lsnr_max; /* dB */
} dfn_model_info;

/** Read a model file (safetensors). Every tensor must be in the graph exactly once with its
 *  shape, and the other way round. The file is mapped; pages are shared between processes.
 *  owner: caller frees with dfn_model_free. rt: no */
DFN_API DFN_MUST_CHECK dfn_status dfn_model_load(dfn_model **out, const char *path,
                                                 dfn_error *err);

/** As dfn_model_load, from memory that must outlive the model. `name` is for messages. */
DFN_API DFN_MUST_CHECK dfn_status dfn_model_load_memory(dfn_model **out, const void *data,
                                                        size_t size, const char *name,
                                                        dfn_error *err);

/** The model that comes with the library, as dfn_model_load_memory of its file: that is
 * part of the library's read-only data, whose pages all processes share.
 * DFN_ERR_UNSUPPORTED if the library was built without one. owner: caller frees with
 * dfn_model_free. rt: no */
DFN_API DFN_MUST_CHECK dfn_status dfn_model_load_default(dfn_model **out, dfn_error *err);

/** Its name ("lite"); NULL if the library was built without one. thread: any. rt: yes */
DFN_API const char *dfn_model_default_name(void) DFN_RT;

/** A network without weights, from a configuration (INI text, docs/MODEL-FORMAT.md): its
 *  graphs and numbers, to look at or to train. "model" in section [train] says which kind
 * it is; without that, [deepfilternet] is deepfilternet3 and [deepfilternet4]
 * deepfilternet4. Batch norms are folded, as in a model that runs. dfn_stream_new refuses
 * it. `name` is for messages. owner: caller frees with dfn_model_free. rt: no */
DFN_API DFN_MUST_CHECK dfn_status dfn_model_describe(dfn_model **out,
                                                     const char *config_text,
                                                     const char *name, dfn_error *err);

/** As dfn_model_describe, with the weights of a network before its training: random ones in
 *  the usual range, norms that do nothing. The same on every machine for the same `seed`.
 * It runs, and can be written. owner: caller frees with dfn_model_free. rt: no */
DFN_API DFN_MUST_CHECK dfn_status dfn_model_random(dfn_model **out, const char *config_text,
                                                   const char *name, uint64_t seed,
                                                   dfn_error *err);

/** The network of a configuration for training: `net` is both graphs in one, with the
 * inputs "spec" (and "wave") and the outputs of both; `apply` has no nodes. With
 *  `batch_norm`, batch norms are nodes of their own, as training needs them; without, they
 * are folded, as in most files. Weights have the same names as in a file, and
 *  dfn_model_write of them, with NULL for `apply_weights`, makes a file that dfn_model_load
 * reads. owner: caller frees with dfn_model_free. rt: no */
DFN_API DFN_MUST_CHECK dfn_status dfn_model_training(dfn_model **out,
                                                     const char *config_text,
                                                     bool batch_norm, const char *name,
                                                     dfn_error *err);

/** Names of the configurations that come with the library ("full", "lite", "full-ll",
 *  "lite-ll"); NULL past the last. thread: any. rt: yes */
DFN_API const char *dfn_preset_name(int i) DFN_RT;

/** INI text of such a configuration for dfn_model_describe, with every key explained; "ll"
 *  is short for "full-ll". NULL if there is none of that name. thread: any. rt: yes */
DFN_API const char *dfn_preset_text(const char *name) DFN_RT;

/** Frees a model; no stream or plan may use it any more. NULL is allowed. rt: no */
DFN_API void dfn_model_free(dfn_model *m);

/** Valid as long as the model. thread: any. rt: yes */
DFN_API const dfn_model_info *dfn_model_get_info(const dfn_model *m) DFN_RT;
DFN_API const dfn_graph *dfn_model_net(const dfn_model *m) DFN_RT;
DFN_API const dfn_graph *dfn_model_apply(const dfn_model *m) DFN_RT;
/** float32. NULL for a model that was only described; those of `net` also for one from a
 *  quantised file (dfn_model_quantised), which keeps no float32 form and only runs. */
DFN_API const void *const *dfn_model_net_weights(const dfn_model *m) DFN_RT;
DFN_API const void *const *dfn_model_apply_weights(const dfn_model *m) DFN_RT;

/** What a stream runs: `net` with its activations fused into the layers and its weights
 * packed (dfn_attr.format), in float32 unless dfn_model_set_precision said otherwise. For
 *  DFN_INFER plans of DFN_F32, with states of its own. NULL for a model that was only
 *  described. Valid until dfn_model_set_precision. rt: yes */
DFN_API const dfn_graph *dfn_model_run_net(const dfn_model *m) DFN_RT;
DFN_API const void *const *dfn_model_run_weights(const dfn_model *m) DFN_RT;

/** Pack the weights anew as DFN_WEIGHTS_F32, _BF16 or _INT8, before the first stream or
 * plan of the model is made. Layers too small to gain from it keep float32. Fewer bits cost
 *  less memory and time, and some accuracy (docs/PERFORMANCE.md). A model from a quantised
 *  file accepts the precision of the file only. On failure the model is as before. rt: no
 */
DFN_API DFN_MUST_CHECK dfn_status dfn_model_set_precision(dfn_model *m,
                                                          dfn_weight_format precision,
                                                          dfn_error *err);

/** As dfn_model_set_precision, layer by layer: formats[v] is that of node v of
 *  dfn_model_net, for nodes without matrices DFN_WEIGHTS_F32 whatever is asked. rt: no */
DFN_API DFN_MUST_CHECK dfn_status dfn_model_set_formats(dfn_model *m,
                                                        const dfn_weight_format *formats,
                                                        dfn_error *err);

/** The formats that streams run with, one for each node of dfn_model_net; NULL for a model
 *  that was only described. Valid until they are changed. rt: yes */
DFN_API const dfn_weight_format *dfn_model_formats(const dfn_model *m) DFN_RT;
/** The one with the fewest bits among them. rt: yes */
DFN_API dfn_weight_format dfn_model_precision(const dfn_model *m) DFN_RT;
/** Whether the weights come from a file that holds some as bfloat16 or int8. rt: yes */
DFN_API bool dfn_model_quantised(const dfn_model *m) DFN_RT;

/** The whole configuration as INI text, defaults included: dfn_model_describe of it gives
 * the same network. Valid as long as the model. rt: yes */
DFN_API const char *dfn_model_config(const dfn_model *m) DFN_RT;

/** Write a model file for dfn_model_load, with the whole configuration in its metadata.
 *
 *  net_weights, apply_weights   as in dfn_model_net_weights, float32, in the order of
 *                               dfn_graph_weight; NULL: the model's own, of a quantised
 *                               file as they are stored
 *  metadata                     further pairs ("licence", "source", ...), may be NULL if
 *                               there are none
 *  path                         replaced only on success
 *  rt                           no */
DFN_API DFN_MUST_CHECK dfn_status dfn_model_write(const dfn_model *m, const char *path,
                                                  const void *const *net_weights,
                                                  const void *const *apply_weights,
                                                  const dfn_text_pair *metadata,
                                                  size_t n_metadata, dfn_error *err);

/** As dfn_model_write, with the model's own weights in the formats that streams run with
 *  (dfn_model_set_precision, dfn_model_set_formats): a file of that size, which runs as
 * this model does, bit for bit. What it was in float32 is lost. rt: no */
DFN_API DFN_MUST_CHECK dfn_status dfn_model_write_quantised(const dfn_model *m,
                                                            const char *path,
                                                            const dfn_text_pair *metadata,
                                                            size_t n_metadata,
                                                            dfn_error *err);

/** A metadata value of the file ("licence", "source", ...), or NULL. */
DFN_API const char *dfn_model_metadata(const dfn_model *m, const char *key);

DFN_END

#endif
