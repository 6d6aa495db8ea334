/* Which test reads which reference case: no file is forgotten. Prints one line for each.
 * Arguments: the names of the golden tests, so that the table names only real ones. */
#include "check.h"
#include "golden.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* Patterns are as wide as what the test asks for, and no wider. No test: later. */
static const struct row {
    const char *pattern, *test;
} table[] = {
    {"dsp_libdf", "dsp"},
    {"conv*", "conv"},
    {"activations", "layers"},
    {"groupedlinear_*", "layers"},
    {"layernorm", "layers"},
    {"linear", "layers"},
    {"gru*", "recurrent"},
    {"squeezedgru*", "recurrent"},
    {"mamba_*", "mamba"},
    {"mambablock*", "mamba"},
    {"squeezedmamba*", "mamba"},
    {"df_op", "deep_filter"},
    {"df_op_alpha", "deep_filter"},
    {"df_multires", "deep_filter"},
    {"df_assemble", "mask"},
    {"erb_mask", "mask"},
    {"attn_*", "fusion"},
    {"fusion_simple*", "fusion"},
    {"phase_encoder*", "phase_encoder"},
    {"phase_features", "phase_features"},
    {"wave_encoder*", "wave_encoder"},
    {"disc_mpd", "discriminator"}, /* but for its chain_*: losses */
    {"disc_msd", "discriminator"},
    {"stft_torch", "transforms"},
    {"istft_torch", "transforms"},
    {"dfnet3_*", "dfnet3"},
    {"loss_*", NULL},
    {"metrics_*", "metrics"}, /* but for PESQ and the composite measures: later */
    {"model_*", "model"},
};
enum { ROWS = sizeof table / sizeof *table };

static int row_of(const char *name)
{
    for (int i = 0; i < ROWS; i++)
        if (!fnmatch(table[i].pattern, name, 0))
            return i;
    return -1;
}

int main(int argc, char **argv)
{
    char **names = golden_list("");
    int used[ROWS] = {0}, covered = 0, later = 0;
    CHECK(row_of("no_such_case") < 0, "a pattern matches everything");
    for (int i = 0; names[i]; i++) {
        const int row = row_of(names[i]);
        CHECK(row >= 0, "no test reads '%s': add it to the table", names[i]);
        if (row < 0)
            continue;
        const char *test = table[row].test;
        printf("%-24s %s%s\n", names[i], test ? "covered by " : "later", test ? test : "");
        used[row]++;
        test ? covered++ : later++;
    }
    for (int i = 0; i < ROWS; i++) {
        bool real = !table[i].test;
        for (int k = 1; !real && k < argc; k++)
            real = !strcmp(table[i].test, argv[k]);
        CHECK(real, "there is no golden test '%s'", table[i].test);
        CHECK(!names[0] || used[i], "no case is called '%s'", table[i].pattern);
    }
    printf("%d cases covered, %d later\n", covered, later);
    const int status = names[0] ? 0 : golden_skip();
    free(names);
    return check_report() ? 1 : status;
}
