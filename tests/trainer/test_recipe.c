/* A recipe is read with options over it and defaults under it; what is wrong with it is
 * told with its line; what makes two runs the same is told by the hash. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "check.h"
#include "run/recipe.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char path[] = "test_recipe/sub/a.ini";

static void put(const char *where, const char *text)
{
    FILE *f = fopen(where, "w");
    CHECK(f && fputs(text, f) >= 0 && !fclose(f), "%s", where);
}

/* With at most two options; NULL if it is refused, with the reason in `err`. */
static dfn_recipe *read_text(const char *text, const char *a, const char *b, dfn_error *err)
{
    dfn_recipe *r;
    const char *options[] = {a, b};
    *err = (dfn_error){0};
    put(path, text);
    const dfn_status status = dfn_recipe_read(&r, path, options, a ? b ? 2 : 1 : 0, err);
    CHECK(!status == !!r, "status %d", (int)status);
    return r;
}

static void refused(const char *text, const char *option, const char *why)
{
    dfn_error err;
    dfn_recipe *r = read_text(text, option, NULL, &err);
    CHECK(!r && strstr(err.text, why), "'%s' does not say '%s'", err.text, why);
    dfn_recipe_free(r);
}

static void errors(void)
{
    refused("[train]\nseed = 1\n\nhuors = 3\n", NULL,
            "test_recipe/sub/a.ini:4: unknown key 'huors' in section [train]");
    refused("[mix]\np_noise_only = 1.5\n", NULL,
            "a.ini:2: 'p_noise_only' must be a number");
    refused("[train]\nseed = 1.5\n", NULL, "a.ini:2: 'seed' must be a whole number");
    refused("[optim]\n\nschedule = sine\n", NULL, "a.ini:3: 'schedule = sine' is not");
    refused("[loss]\nspectral = lots\n", NULL,
            "a.ini:2: 'spectral = lots' is not a number");
    refused("[deepfilternet4]\nconv_ch = 4\n", NULL, "section [deepfilternet4]");
    refused("[optim]\nbatch = 4/16\n", NULL, "a.ini: [optim] batch: '4/16': epochs");
    refused("[optim]\nbatch = 0/16,2/18\n", NULL, "18 clips are not whole shards of 4");
    refused("[optim]\nlr = 1e-4\nlr_min = 1e-3\n", NULL, "lr_min = 0.001 is more than");
    refused("[mix]\ngap_s_min = 2\ngap_s_max = 1\n", NULL, "a.ini: [mix] gap_s_min");
    refused("[train]\nmodel = huge\n", NULL, "sub/huge: No such file");
    refused("", "train.seed", "-o train.seed: not section.key=value");
    refused("", "seed=1", "-o seed=1: not section.key=value");
    refused("", "train=1.5", "-o train=1.5: not section.key=value");
    refused("", "train.sede=1", "-o train.sede=1: unknown key 'sede' in section [train]");
    refused("", "train.seed=x", "-o train.seed=x: 'seed = x' is not a number");
    refused("", "train.seed=1\nhours = 2", "not section.key=value");
    char text[400];
    snprintf(text, sizeof text, "data.manifest=/%0300d", 0);
    refused("", text, "more than 198 characters");
    snprintf(text, sizeof text, "data.manifest=%0180d", 0);
    refused("", text, "[data] manifest: more than 180 characters with the folder");

    dfn_recipe *r;
    dfn_error err = {0};
    CHECK(dfn_recipe_read(&r, "test_recipe/none.ini", NULL, 0, &err) == DFN_ERR_IO && !r &&
              strstr(err.text, "test_recipe/none.ini: No such file"),
          "%s", err.text);
    FILE *f = fopen(path, "wb");
    CHECK(f && fwrite("[train]\n\0seed = x\n", 1, 18, f) == 18 && !fclose(f), "%s", path);
    CHECK(dfn_recipe_read(&r, path, NULL, 0, &err) == DFN_ERR_FORMAT &&
              strstr(err.text, "a.ini: not a text file"),
          "%s", err.text);
    CHECK(dfn_recipe_read(&r, "test_recipe/sub", NULL, 0, &err) == DFN_ERR_IO &&
              strstr(err.text, "test_recipe/sub: Is a directory"),
          "%s", err.text);
}

static void values(void)
{
    dfn_error err;
    dfn_recipe *r = read_text("# all of it\n[train]\nseed = 7\nhours = 30 ; inline\n"
                              "[optim]\nbatch = 0/8,2/16\namsgrad = true\n"
                              "[mix]\nsnr_list = -5, 0, 5\n[loss]\nmask = 0.5\n",
                              "train.epoch_hours=4", "optim.lr=2e-3", &err);
    CHECK(r, "%s", err.text);
    if (!r)
        return;
    CHECK(r->train.seed == 7 && r->train.hours == 30 && r->train.epoch_hours == 4, "train");
    CHECK(r->schedule.epochs == 7.5 && r->schedule.base == 2e-3, "schedule");
    CHECK(r->batch_schedule.count == 2 && r->batch_schedule.clips[1] == 16, "batch");
    CHECK(r->adamw.amsgrad == 1 && r->adamw.beta1 == 0.9, "optimiser");
    CHECK(!strcmp(r->mix.snr_list, "-5, 0, 5"), "mix");
    CHECK(r->loss.weight[DFN_LOSS_MASK] == 0.5, "loss");
    CHECK(!strcmp(r->model_text, dfn_preset_text("lite")), "model");
    /* the text of a recipe is a recipe, and the same one */
    dfn_recipe *again = read_text(r->text, NULL, NULL, &err);
    CHECK(again && !strcmp(again->text, r->text) && !strcmp(again->hash, r->hash), "%s",
          err.text);
    dfn_recipe_free(again);
    dfn_recipe_free(r);
}

static bool ends(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

/* Of the file, relative to it; of options, to the working directory. */
static void paths(void)
{
    dfn_error err;
    put("test_recipe/sub/net.ini", "[train]\nmodel = deepfilternet4\n");
    dfn_recipe *r = read_text("[train]\nmodel = net.ini\n"
                              "[data]\nmanifest = ../list.csv\nspeech = a:/b:c/d\n",
                              "data.noise=x:y", "data.cache=/tmp/cache", &err);
    CHECK(r, "%s", err.text);
    if (!r)
        return;
    char *here = realpath(".", NULL), want[2048];
    CHECK(ends(r->model_text, "deepfilternet4\n") && *r->train.model == '/', "model");
    snprintf(want, sizeof want, "%s/test_recipe/sub/../list.csv", here);
    CHECK(!strcmp(r->data.manifest, want), "%s", r->data.manifest);
    snprintf(want, sizeof want, "%s/test_recipe/sub/a:/b:%s/test_recipe/sub/c/d", here,
             here);
    CHECK(!strcmp(r->data.folders[DFN_SPEECH], want), "%s", r->data.folders[DFN_SPEECH]);
    snprintf(want, sizeof want, "%s/x:%s/y", here, here);
    CHECK(!strcmp(r->data.folders[DFN_NOISE], want), "%s", r->data.folders[DFN_NOISE]);
    CHECK(!strcmp(r->data.cache, "/tmp/cache") && !*r->data.folders[DFN_ROOM], "cache");
    free(here);
    dfn_recipe_free(r);
}

/* The hash tells runs apart, and only that. */
static void hashes(void)
{
    static const struct {
        const char *option;
        bool same;
    } cases[] = {
        {"train.threads=3", true},
        {"train.hours=3000", true},
        {"train.patience=3", true},
        {"train.checkpoint_seconds=1", true},
        {"data.manifest=other.csv", true},
        {"train.model=full", true},
        {"train.seed=1", true}, /* as it is by default */
        {"train.seed=2", false},
        {"train.shard_clips=8", false},
        {"optim.lr=1.0001e-3", false},
        {"optim.batch=16", false},
        {"mix.p_room=0.5", false},
        {"loss.mask=1", false},
        {"loss.vad_floor=-71", false},
        {"train.epoch_hours=2", false},
        {"train.validate_clips=1", false},
        {"train.criterion=si_sdr", false},
        {"train.products=f32", true},
    };
    dfn_error err;
    dfn_recipe *base = read_text("", NULL, NULL, &err);
    CHECK(base, "%s", err.text);
    for (size_t i = 0; base && i < sizeof cases / sizeof *cases; i++) {
        dfn_recipe *r = read_text("", cases[i].option, NULL, &err);
        CHECK(r && !strcmp(r->hash, base->hash) == cases[i].same, "%s: %s", cases[i].option,
              err.text);
        dfn_recipe_free(r);
    }
    dfn_recipe_free(base);
}

int main(void)
{
    mkdir("test_recipe", 0755);
    mkdir("test_recipe/sub", 0755);
    errors();
    values();
    paths();
    hashes();
    unlink(path);
    unlink("test_recipe/sub/net.ini");
    rmdir("test_recipe/sub");
    rmdir("test_recipe");
    return check_report();
}
