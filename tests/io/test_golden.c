/* Every reference file can be read, written and read again, and the comparison of the
 * golden reader sees an error above the limit, a NaN, and a wrong count. */
#include "check.h"
#include "golden.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void copy_is_equal(const dfn_safetensors *a, const char *path)
{
    static const char copy[] = "test_golden.safetensors";
    const size_t n = dfn_safetensors_count(a);
    dfn_tensor *t = calloc(n, sizeof *t);
    dfn_error err = {0};
    for (size_t i = 0; i < n; i++)
        t[i] = *dfn_safetensors_get(a, n - 1 - i);
    const dfn_text_pair hyper = {"hyper", dfn_safetensors_metadata(a, "hyper")};
    dfn_safetensors *b = NULL;
    CHECK(!dfn_safetensors_write(copy, t, n, &hyper, 1, &err), "%s", err.text);
    CHECK(!dfn_safetensors_open(&b, copy, &err), "%s", err.text);
    CHECK(b && dfn_safetensors_count(b) == n, "%s: number of tensors", path);
    for (size_t i = 0; b && i < n; i++) {
        const dfn_tensor *y = dfn_safetensors_find(b, t[i].name);
        CHECK(y && y->count == t[i].count && y->dtype == t[i].dtype &&
                  y->rank == t[i].rank && !memcmp(y->dim, t[i].dim, sizeof y->dim),
              "%s: %s", path, t[i].name);
        const size_t size = t[i].dtype == DFN_DTYPE_I16 ? 2 : 4; /* golden has no others */
        CHECK(y && !memcmp(y->data, t[i].data, y->count * size), "%s: %s", path, t[i].name);
    }
    CHECK(b && !strcmp(dfn_safetensors_metadata(b, "hyper"), hyper.value), "%s", path);
    dfn_safetensors_close(b);
    unlink(copy);
    free(t);
}

static int failures_of(const golden *c, const float *x, size_t n)
{
    const int before = check_failures;
    golden_compare(c, "out.y", x, sizeof *x, n);
    const int failed = check_failures - before;
    check_failures = before;
    return failed;
}

static void comparison_fails(void)
{
    golden *c = golden_open("linear");
    const dfn_tensor *y = golden_tensor(c, "out.y");
    float *x = malloc(y->count * sizeof *x);
    memcpy(x, y->data, y->count * sizeof *x);
    CHECK(failures_of(c, x, y->count) == 0, "equal data are refused");
    CHECK(failures_of(c, x, y->count - 1) == 1, "a missing number is not seen");
    x[y->count - 1] += 1e-4f;
    CHECK(failures_of(c, x, y->count) == 1, "an error is not seen");
    x[y->count - 1] -= 1e-4f;
    x[0] = NAN;
    CHECK(failures_of(c, x, y->count) == 1, "a NaN is not seen");
    free(x);
    golden_close(c);
}

int main(void)
{
    char **names = golden_list(""), path[4096];
    if (!names[0]) {
        free(names);
        return golden_skip();
    }
    int n = 0;
    for (; names[n]; n++) {
        dfn_safetensors *a;
        dfn_error err;
        snprintf(path, sizeof path, "%s/golden/dev/%s.safetensors", getenv("DFN_SHARED"),
                 names[n]);
        const dfn_status status = dfn_safetensors_open(&a, path, &err);
        CHECK(!status, "%s", err.text);
        if (!status)
            copy_is_equal(a, path);
        dfn_safetensors_close(a);
    }
    printf("%d reference files\n", n);
    free(names);

    golden *c = golden_open("conv_s2");
    CHECK(golden_number(c, "kernel.1", -1) == 3 && golden_number(c, "groups", 0) == 16 &&
              golden_number(c, "nothing.2", -7) == -7 &&
              golden_number(c, "kernel.9", -7) == -7,
          "hyper numbers");
    CHECK(!strcmp(golden_text(c, "act"), "relu") && !golden_text(c, "kernel"),
          "hyper text");
    CHECK(golden_has(c, "in.x") && !golden_has(c, "in.z"), "golden_has");
    golden_close(c);
    comparison_fails();
    return check_report();
}
