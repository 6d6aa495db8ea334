/* summary.c - what became of the files, for people and for programs. */
#include "batch.h"
#include "cli.h"

static double seconds(const job *j)
{
    return j->sample_rate > 0 ? (double)j->frames / j->sample_rate : 0;
}

/* Real-time factor: time taken over time of sound; below 1 is faster than it plays. */
static double factor(double elapsed, double sound)
{
    return sound > 0 ? elapsed / sound : 0;
}

void summary_line(const job *j, bool dry_run)
{
    if (dry_run) {
        cli_line("%s -> %s", j->input, j->output);
        return;
    }
    const double rtf = factor(j->elapsed, seconds(j));
    cli_line("%s -> %s  %.1f s, %.1fx real time", j->input, j->output, seconds(j),
             rtf > 0 ? 1 / rtf : 0);
}

static const char *state_name(const job *j, bool dry_run)
{
    if (j->state == JOB_FAILED)
        return "failed";
    if (j->state == JOB_WAITING)
        return "skipped";
    return dry_run ? "planned" : "done";
}

static json_t *file_json(const job *j, bool dry_run)
{
    json_t *f = json_object();
    json_object_set_new(f, "file", cli_json_text(j->input));
    json_object_set_new(f, "output", j->output ? cli_json_text(j->output) : json_null());
    json_object_set_new(f, "status", json_string(state_name(j, dry_run)));
    if (j->reason[0])
        json_object_set_new(f, j->state == JOB_FAILED ? "error" : "note",
                            cli_json_text(j->reason));
    if (j->state != JOB_DONE)
        return f;
    json_object_set_new(f, "sample_rate", json_integer(j->sample_rate));
    json_object_set_new(f, "channels", json_integer(j->channels));
    json_object_set_new(f, "frames", json_integer(j->frames));
    json_object_set_new(f, "seconds", json_real(seconds(j)));
    if (!dry_run) {
        json_object_set_new(f, "latency_samples", json_integer(j->latency));
        json_object_set_new(f, "elapsed", json_real(j->elapsed));
        json_object_set_new(f, "rtf", json_real(factor(j->elapsed, seconds(j))));
    }
    return f;
}

bool summary_json(const job_list *list, const enhance_settings *s, double elapsed)
{
    json_t *files = json_array();
    double sound = 0;
    int done = 0, failed = 0;
    for (int i = 0; i < list->count; i++) {
        const job *j = &list->job[i];
        json_array_append_new(files, file_json(j, s->dry_run));
        sound += j->state == JOB_DONE ? seconds(j) : 0;
        done += j->state == JOB_DONE;
        failed += j->state == JOB_FAILED;
    }
    json_t *params = json_object();
    for (int i = 0; i < DFN_PARAM_COUNT; i++)
        if (i != DFN_PARAM_BYPASS)
            json_object_set_new(params, dfn_param_get_info((dfn_param)i)->symbol,
                                json_real((double)s->param[i]));
    return cli_json_print(json_pack(
        "{s:o, s:i, s:i, s:f, s:f, s:f, s:o, s:o}", "files", files, "done", done, "failed",
        failed, "seconds", sound, "elapsed", elapsed, "rtf", factor(elapsed, sound),
        "model", s->model_path ? cli_json_text(s->model_path) : json_null(), "parameters",
        params));
}
