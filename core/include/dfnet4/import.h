/* import.h - turn published models into our files. */
#ifndef DFNET4_IMPORT_H
#define DFNET4_IMPORT_H

#include <dfnet4/status.h>

/** Import DeepFilterNet3 as its authors export it: enc.onnx, erb_dec.onnx, df_dec.onnx and
 *  config.ini, in a folder (or given by one of its files), or in a tar (.tar.gz) or zip
 *  archive. Every weight finds its place by the structure of the graphs, not by name; a
 *  graph that computes anything else is refused.
 *
 *  destination  a model file for dfn_model_load; the same source gives the same bytes. It
 *               is replaced only on success and may not be one of the source files
 *  errors       DFN_ERR_FORMAT names the file and the node; DFN_ERR_UNSUPPORTED if this
 *               build has no ONNX reader
 *  rt           no */
DFN_API DFN_MUST_CHECK dfn_status dfn_import(const char *source, const char *destination,
                                             dfn_error *err);

#endif
