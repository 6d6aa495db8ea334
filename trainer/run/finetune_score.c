/* finetune_score.c - two models on the same examples. */
#include "run/finetune.h"

#include "command.h"
#include "run/gemm.h"
#include "run/session.h"

#include <dfnet4/cpu.h>
#include <math.h>

static dfn_status score(dfn_validator *v, const dfn_graph *g, const char *path,
                        dfn_validation *out, dfn_error *err)
{
    dfn_weights w;
    dfn_status status = dfn_weights_new(&w, g, DFN_F32, err);
    if (status)
        return status;
    status = dfn_weights_read(&w, g, path, err);
    if (!status)
        status = dfn_validator_run(v, (const void *const *)w.data, out, err);
    dfn_weights_free(&w);
    return status;
}

dfn_status dfn_finetune_score(dfn_validation out[DFN_FINETUNE_MODELS],
                              const dfn_recipe *recipe, const char *manifest,
                              const char *cache,
                              const char *const models[DFN_FINETUNE_MODELS], dfn_error *err)
{
    const dfn_train_config *c = &recipe->train;
    const dfn_data_config data = {.manifest = manifest, .cache = cache};
    dfn_model *model = NULL;
    dfn_sounds *sounds = NULL;
    dfn_pool *pool = NULL;
    dfn_validator *v = NULL;
    dfn_blas_init();
    dfn_status status =
        dfn_model_training(&model, recipe->model_text, c->batch_norm, c->model, err);
    if (!status)
        status = dfn_sounds_open(&sounds, &data, NULL, err);
    if (!status)
        status = dfn_pool_new(&pool, dfn_recipe_threads(c->threads), err);
    if (!status) {
        const size_t hop = (size_t)dfn_model_get_info(model)->hop_size;
        const dfn_worker_config worker = {.model = model,
                                          .loss = &recipe->loss,
                                          .clips = c->shard_clips,
                                          .samples = (size_t)llround(c->seconds * 48000) /
                                                     hop * hop,
                                          .mode = DFN_EVAL,
                                          .cpu = dfn_cpu_detect()};
        status = dfn_validator_new(
            &v, sounds, &recipe->mix, &worker, pool,
            (c->validate_clips + c->shard_clips - 1) / c->shard_clips, err);
    }
    for (int i = 0; i < DFN_FINETUNE_MODELS && !status; i++)
        status = score(v, dfn_model_net(model), models[i], &out[i], err);
    dfn_validator_free(v);
    dfn_pool_free(pool);
    dfn_sounds_free(sounds);
    dfn_model_free(model);
    return status;
}

/* ---- what it means ----------------------------------------------------------------------
 */

static void print_row(const char *name, const dfn_validation *v)
{
    cli_line("  %-8s %10.5g %9.2f dB %10.4f", name, v->loss, v->si_sdr, v->stoi);
}

static void print_table(const char *title, const dfn_validation v[DFN_FINETUNE_MODELS])
{
    cli_line("%s", title);
    cli_line("  %-8s %10s %12s %10s", "", "loss", "SI-SDR", "STOI");
    cli_line("  %-8s %10s %9.2f dB %10.4f", "noisy", "", v[0].si_sdr_noisy,
             v[0].stoi_noisy);
    print_row("before", &v[0]);
    print_row("after", &v[1]);
}

/* Of the loss; less is no more than chance. */
static const double least_change = 0.001;

bool dfn_finetune_judge(const dfn_validation mine[DFN_FINETUNE_MODELS],
                        const dfn_validation *others)
{
    const double change = mine[1].loss / mine[0].loss - 1;
    const bool better = change < -least_change;
    print_table("On your own recordings:", mine);
    if (others)
        print_table("On the collection:", others);
    if (better)
        cli_line("Better for your recordings: the loss fell by %.1f %%.", -100 * change);
    else if (change > least_change)
        cli_line("Not better for your recordings: the loss rose by %.1f %%.", 100 * change);
    else
        cli_line("Not better for your recordings: the loss is as it was.");
    if (better && mine[1].si_sdr < mine[0].si_sdr - 0.05)
        cli_line("But the SI-SDR fell by %.2f dB: listen before you use it.",
                 mine[0].si_sdr - mine[1].si_sdr);
    if (others && others[1].loss > others[0].loss * (1 + least_change))
        cli_line(
            "On the collection the loss rose by %.1f %%: so much worse it is for other "
            "people and noises.",
            100 * (others[1].loss / others[0].loss - 1));
    return better;
}
