/* resample.c - run a converter. */
#include "resample.h"

int dfn_resample(SRC_STATE *src, double ratio, const float *in, int n, float *out, int room)
{
    int made = 0;
    for (int used = 0; used < n;) { /* twice at most: its buffer may wrap in between */
        SRC_DATA d = {.data_in = in + used,
                      .input_frames = n - used,
                      .data_out = out + made,
                      .output_frames = room - made,
                      .src_ratio = ratio};
        if (src_process(src, &d) || d.input_frames_used + d.output_frames_gen == 0)
            break;
        used += (int)d.input_frames_used;
        made += (int)d.output_frames_gen;
    }
    return made;
}
