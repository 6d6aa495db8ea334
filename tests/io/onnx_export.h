/* onnx_export.h - a graph of ours as an ONNX file, the way PyTorch's exporter writes one:
 * the counterpart of the import, for tests and the fuzz corpus. Knows the operations of
 * DeepFilterNet3 only. */
#ifndef ONNX_EXPORT_H
#define ONNX_EXPORT_H

#include "archive_file.h"
#include "io/match.h"

/* The whole small network in one file, unlike the official three. */
extern const dfn_match_output onnx_export_outputs[];
extern const dfn_match_input onnx_export_inputs[];

/** A DeepFilterNet3 with the smallest sizes its structure allows; aborts on failure. */
dfn_graph *onnx_export_small_graph(void);
/** The config.ini of that network. */
extern const char onnx_export_small_config[];

/** weights[i] belongs to dfn_graph_weight(g, i). Aborts the test on failure. */
bytes onnx_export(const dfn_graph *g, const float *const *weights);

#endif
