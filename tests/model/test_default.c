/* The model inside the library is the file it was made of, bit for bit; a library without
 * one says so. Built twice: with what the library has, and without (default_none). */
#include "check.h"

#include <dfnet4/model.h>
#include <stdlib.h>
#include <string.h>

static double same_weights(const dfn_graph *a, const void *const *wa, const dfn_graph *b,
                           const void *const *wb)
{
    double largest = 0; /* two models of zeros would be equal, too */
    const int n = dfn_graph_weight_count(a);
    CHECK(n == dfn_graph_weight_count(b), "%d", n);
    for (int i = 0; !check_failures && i < n; i++) {
        const dfn_weight *w = dfn_graph_weight(a, i), *other = dfn_graph_weight(b, i);
        CHECK(!strcmp(w->name, other->name) && w->count == other->count, "%s", w->name);
        CHECK(!memcmp(wa[i], wb[i], w->count * sizeof(float)), "%s differs", w->name);
        for (size_t k = 0; k < w->count; k++) { /* fmax() here breaks gcc 12 for arm64 */
            const double size = fabs((double)((const float *)wa[i])[k]);
            if (size > largest)
                largest = size;
        }
    }
    return largest;
}

static void equals_file(const dfn_model *m, const char *path)
{
    static const char *const key[] = {"format", "model", "norm", "config", "validation"};
    dfn_model *f;
    dfn_error err;
    if (dfn_model_load(&f, path, &err) != DFN_OK) {
        CHECK(false, "%s", err.text);
        return;
    }
    CHECK(same_weights(dfn_model_net(m), dfn_model_net_weights(m), dfn_model_net(f),
                       dfn_model_net_weights(f)) > 0,
          "no weights");
    same_weights(dfn_model_apply(m), dfn_model_apply_weights(m), dfn_model_apply(f),
                 dfn_model_apply_weights(f));
    CHECK(same_weights(dfn_model_run_net(m), dfn_model_run_weights(m), dfn_model_run_net(f),
                       dfn_model_run_weights(f)) > 0,
          "no packed weights");
    CHECK(!strcmp(dfn_model_config(m), dfn_model_config(f)), "configuration");
    for (size_t i = 0; i < sizeof key / sizeof key[0]; i++) {
        const char *x = dfn_model_metadata(m, key[i]), *y = dfn_model_metadata(f, key[i]);
        CHECK(!x == !y && (!x || !strcmp(x, y)), "%s", key[i]);
    }
    dfn_model_free(f);
}

static void check_none(void)
{
    dfn_error err = {0};
    dfn_model *m = (dfn_model *)(void *)&err;
    CHECK(dfn_model_load_default(&m, &err) == DFN_ERR_UNSUPPORTED, "no such model");
    CHECK(!m && err.status == DFN_ERR_UNSUPPORTED, "out and error");
    CHECK(strstr(err.text, "built without a default model"), "%s", err.text);
    CHECK(dfn_model_load_default(&m, NULL) == DFN_ERR_UNSUPPORTED, "no error wanted");
}

static void check_some(const char *name, const char *path)
{
    dfn_error err = {0};
    dfn_model *m, *second;
    const char *file = path ? strrchr(path, '/') : NULL;
    CHECK(file && !strncmp(file + 1, name, strlen(name)), "%s is not '%s'", path, name);
    CHECK(dfn_model_load_default(&m, &err) == DFN_OK, "%s", err.text);
    CHECK(dfn_model_load_default(&second, &err) == DFN_OK, "%s", err.text);
    if (check_failures)
        return;
    equals_file(m, path);
    dfn_model_free(m);
    equals_file(second, path); /* nothing of it went with the other */
    dfn_model_free(second);
}

int main(void)
{
    /* set by the build if it embeds a model; the variant without never has one */
    const char *path = getenv("DFN_DEFAULT_MODEL"), *name = dfn_model_default_name();
    CHECK(!name == !path, "the build says %s, the library %s", path ? path : "none",
          name ? name : "none");
    if (name)
        check_some(name, path);
    else
        check_none();
    return check_report();
}
