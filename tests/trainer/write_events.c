/* write_events FOLDER - a run with known numbers, stopped and gone on with, whose event
 * files test_events.py decodes. */
#include "run/log.h"

#include <math.h>
#include <stdio.h>

static int fail(const dfn_error *err)
{
    fprintf(stderr, "%s\n", err->text);
    return 1;
}

static int part(const char *folder, uint64_t from, uint64_t to)
{
    dfn_error err = {0};
    dfn_log *l;
    const double weight[DFN_LOSS_COUNT] = {[DFN_LOSS_MASK] = 1};
    if (dfn_log_open(&l, folder, from, weight, &err))
        return fail(&err);
    for (uint64_t step = from + 1; step <= to; step++) {
        const double terms[DFN_LOSS_COUNT] = {[DFN_LOSS_MASK] = 0.25 * (double)step};
        const dfn_log_train t = {.step = step, .loss = 1.5 * (double)step, .terms = terms};
        const dfn_log_valid v = {.step = step, .si_sdr = -3.25, .stoi = 0.75};
        if (dfn_log_put_train(l, &t, &err) || dfn_log_put_valid(l, &v, &err))
            return fail(&err);
    }
    /* Beyond full scale is clipped; what is no number is silence. */
    const float sound[] = {0, 0.5f, 1, -1, 3, -3, NAN};
    if (dfn_log_audio(l, "example/0", to, sound, 7, 48000, &err) || dfn_log_sync(l, &err))
        return fail(&err);
    dfn_log_close(l);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    return part(argv[1], 0, 300) || part(argv[1], 200, 301);
}
