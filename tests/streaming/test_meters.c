/* Meters say what they promise. */
#include "play.h"

#include <stdlib.h>
#include <string.h>

enum { RATE = 48000, FRAMES = 48000 };

static double meter(const player *p, dfn_meter m)
{
    return (double)dfn_stream_meter(p->stream, m);
}

/* RMS of a range of all channels, in dB. */
static double level(const float *x, int total, int channels, int from, int to)
{
    double sum = 0;
    for (int c = 0; c < channels; c++)
        for (int i = from; i < to; i++)
            sum += pow((double)x[c * total + i], 2);
    return 10 * log10(fmax(sum / (channels * (to - from)), 1e-12));
}

int main(void)
{
    player p = play_open(RATE, 2, false);
    const int latency = dfn_stream_latency(p.stream);
    float *in = play_noise(2, FRAMES, 6), *out = play_silence(2, FRAMES);
    CHECK(meter(&p, DFN_METER_INPUT_DB) == -120 && meter(&p, DFN_METER_OUTPUT_DB) == -120 &&
              meter(&p, DFN_METER_REDUCTION_DB) == 0,
          "before anything was heard");
    play(&p, in, out, FRAMES, 480);
    const double input = level(in, FRAMES, 2, FRAMES - 480, FRAMES);
    const double output = level(out, FRAMES, 2, FRAMES - 480, FRAMES);
    const double late = level(in, FRAMES, 2, FRAMES - 480 - latency, FRAMES - latency);
    CHECK(fabs(meter(&p, DFN_METER_INPUT_DB) - input) < 1e-4, "input %g, want %g",
          meter(&p, DFN_METER_INPUT_DB), input);
    CHECK(fabs(meter(&p, DFN_METER_OUTPUT_DB) - output) < 1e-4, "output %g, want %g",
          meter(&p, DFN_METER_OUTPUT_DB), output);
    CHECK(fabs(meter(&p, DFN_METER_REDUCTION_DB) - fmin(output - late, 0)) < 1e-4,
          "reduction %g, want %g", meter(&p, DFN_METER_REDUCTION_DB), output - late);
    const dfn_model_info *info = dfn_model_get_info(p.model);
    const double lsnr = meter(&p, DFN_METER_LSNR_DB);
    CHECK(lsnr != 0 && lsnr >= info->lsnr_min && lsnr <= info->lsnr_max, "local SNR %g",
          lsnr);
    CHECK(meter(&p, DFN_METER_VAD) == 0, "a model without a head detects speech");

    dfn_stream_set(p.stream, DFN_PARAM_BYPASS, 1);
    play(&p, in, out, FRAMES, 480);
    CHECK(meter(&p, DFN_METER_REDUCTION_DB) == 0, "bypass reduces by %g",
          meter(&p, DFN_METER_REDUCTION_DB));
    for (int i = 0; i < 2 * FRAMES; i++)
        in[i] = i % 2 ? 1.0f : -1.0f;
    play(&p, in, out, FRAMES, 480);
    CHECK(fabs(meter(&p, DFN_METER_INPUT_DB)) < 1e-6, "full scale is %g dB",
          meter(&p, DFN_METER_INPUT_DB));
    memset(in, 0, 2 * FRAMES * sizeof *in);
    dfn_stream_set(p.stream, DFN_PARAM_BYPASS, 0);
    play(&p, in, out, FRAMES, 480);
    CHECK(meter(&p, DFN_METER_INPUT_DB) == -120 && meter(&p, DFN_METER_OUTPUT_DB) == -120 &&
              meter(&p, DFN_METER_REDUCTION_DB) == 0,
          "silence");
    free(in);
    free(out);
    play_close(&p);
    return check_report();
}
