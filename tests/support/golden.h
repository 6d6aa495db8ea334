/* golden.h - reference vectors (safetensors with inputs, weights, outputs, gradients and a
 * derived tolerance for each), found in $DFN_SHARED/golden/dev. */
#ifndef GOLDEN_H
#define GOLDEN_H

#include <dfnet4/safetensors.h>
#include <stdbool.h>

typedef struct golden golden;

/** Open a case by name. NULL, after saying so on stderr, if the folder is absent: return
 *  golden_skip() from main then. Aborts the test if the file is there but damaged. */
golden *golden_open(const char *name);
void golden_close(golden *c);

/** Exit status of a test that could not run: 77, or 1 if $DFN_REQUIRE_SHARED is set (CI).
 */
int golden_skip(void);

/** Names of all cases that start with `prefix`, sorted; NULL-terminated; free with free().
 */
char **golden_list(const char *prefix);

/** A tensor that must be there. Numbers from the "hyper" JSON by dotted path ("B",
 *  "kernel.0"); `fallback` if it is absent or null. */
const dfn_tensor *golden_tensor(const golden *c, const char *name);
bool golden_has(const golden *c, const char *name);
const dfn_tensor *golden_get(const golden *c, size_t i); /* tensor i; NULL past the end */
double golden_number(const golden *c, const char *path, double fallback);
const char *golden_text(const golden *c, const char *path); /* or NULL */

/** Element i of a tensor of any number type. */
double golden_at(const dfn_tensor *t, size_t i);

/** Compare x[0..n) of `elem` bytes each (4: float, 8: double) with tensor `name` ("out.y",
 *  "grad.w.weight"): max |x - ref| <= atol of the file (NaN fails), counted as a failed
 * check otherwise. Prints one line: case, tensor, error, limit. The count must be equal. */
void golden_compare(const golden *c, const char *name, const void *x, size_t elem,
                    size_t n);

#endif
