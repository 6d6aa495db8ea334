/* An INI text becomes a DeepFilterNet3 config, or an error that says where and why. */
#include "check.h"
#include "model/dfnet3.h"

#include <string.h>

static void refused(const char *text, const char *why)
{
    dfn_dfnet3_config c;
    dfn_error err = {0};
    CHECK(dfn_dfnet3_parse(&c, text, "a.ini", &err) != DFN_OK, "accepted: %s", text);
    CHECK(strstr(err.text, why), "'%s' does not say '%s'", err.text, why);
}

static void check_defaults(void)
{
    dfn_dfnet3_config c;
    static const int widths[32] = {2,  2,  2,  2,  2,  2,  2,  2,  2,  2,  2,
                                   2,  2,  5,  5,  7,  7,  8,  10, 12, 13, 15,
                                   18, 20, 24, 28, 31, 37, 42, 50, 56, 67};
    CHECK(dfn_dfnet3_parse(&c, "", "empty", NULL) == DFN_OK,
          "an empty config is the default");
    CHECK(c.conv_ch == 64 && c.lookahead == 2 && c.df_order == 5, "default sizes");
    CHECK(c.alpha == 0.99, "alpha %g", c.alpha);
    CHECK(!memcmp(c.erb_widths, widths, sizeof widths), "default ERB widths");
}

static void check_values(void)
{
    dfn_dfnet3_config c;
    CHECK(dfn_dfnet3_parse(&c,
                           "# comment\n[train]\nanything = goes\n[DF]\nDF_ORDER = 3\n"
                           "norm_tau=0.5\n[deepfilternet]\nconv_kernel_inp = 2, 3\n"
                           "df_gru_skip = None\nconv_ch = 16 ; inline\n",
                           "a.ini", NULL) == DFN_OK,
          "a small config");
    CHECK(c.df_order == 3 && c.norm_tau == 0.5 && c.conv_ch == 16, "values");
    CHECK(c.kernel_inp[0] == 2 && c.kernel_inp[1] == 3 && c.df_skip == 1,
          "pair and choice");
}

int main(void)
{
    check_defaults();
    check_values();
    refused("[df]\nnb_erbs = 32\n", "a.ini:2: unknown key 'nb_erbs' in section [df]");
    refused("[df]\n\nnb_erb = many\n", "a.ini:3: 'nb_erb = many' is not a number");
    refused("[df]\nnb_erb = 1e99\n", "must be a whole number from 4 to 64");
    refused("[df]\nnb_erb = 4.5\n", "a whole number");
    refused("[df]\nnb_erb = nan\n", "not a number");
    refused("[df]\nnb_erb = 32x\n", "not a number");
    refused("[df]\nnb_erb =\n", "not a number");
    refused("[df]\nsr = 44100\n", "only 48000");
    refused("[df]\nhop_size = 240\n", "do not fit together");
    refused("[df]\ndf_lookahead = 1\n", "conv_lookahead and df_lookahead differ");
    refused("[df]\nmin_nb_erb_freqs = 16\nnb_erb = 64\n", "a.ini");
    refused("[deepfilternet]\nconv_kernel = 3\n", "two numbers with a comma");
    refused("[deepfilternet]\nconv_kernel = 3,99\n", "from 1 to 7");
    refused("[deepfilternet]\nenc_concat = True\n", "'enc_concat = True' is not supported");
    refused("[deepfilternet]\ndf_gru_skip = identity\n", "only groupedlinear|none");
    refused("[nonsense]\nkey = 1\n", "section [nonsense]");
    char text[400];
    snprintf(text, sizeof text, "[df]\n# %0*d\nnb_erb = 32\n", 196, 0);
    dfn_dfnet3_config c;
    CHECK(!dfn_dfnet3_parse(&c, text, "a.ini", NULL), "a line of 198 characters");
    snprintf(text, sizeof text, "[df]\n# %0*d\nnb_erb = 32\n", 197, 0);
    refused(text, "a.ini:2: more than 198 characters");
    refused("no section or sign\n", "a.ini:1: not a section, key or comment");
    return check_report();
}
