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

/** Write a model file. Aborts the test if it cannot. */
void tiny_model_write(const char *path, const tiny_model_config *c);

/** The bytes of such a file; the caller frees them (after the model, if one is loaded). */
void *tiny_model_bytes(size_t *size, const tiny_model_config *c);

/** Loaded, with lookahead 2 and folded norms. Free with tiny_model_free. */
dfn_model *tiny_model_new(void **bytes);
void tiny_model_free(dfn_model *m, void *bytes);

#endif
