/* The schedule on which a stream feeds its converters: every quantum leaves a whole hop in
 * front and enough behind, for as long as one likes, and with nothing to spare. */
#include "check.h"
#include "resample.h"

#include <stdlib.h>

enum { MODEL = 48000, HOP = 480, ROOM = 8192 };

/* `group` hops at a time go to the host. */
static void check_rate(int rate, int hops, int group)
{
    static float x[ROOM], y[ROOM];
    const double ratio = (double)MODEL / rate;
    dfn_schedule s;
    SRC_STATE *in = NULL, *out = NULL;
    if (dfn_schedule_make(&s, rate, MODEL, HOP, group, NULL) ||
        dfn_resampler_new(&in, NULL) || dfn_resampler_new(&out, NULL))
        exit(1);
    int64_t front = 0, behind = s.prefill, least_front = INT64_MAX,
            least_behind = INT64_MAX;
    for (int k = 0; k < hops; k++) {
        const int n = (int)(dfn_schedule_border(&s, k + 1) - dfn_schedule_border(&s, k));
        behind -= n; /* read while the quantum is collected */
        front += dfn_resample(in, ratio, x, n, y, ROOM) - HOP;
        least_front = front < least_front ? front : least_front;
        least_behind = behind < least_behind ? behind : least_behind;
        for (int i = 0; (k + 1) % group == 0 && i < group; i++)
            behind += dfn_resample(out, 1 / ratio, x, HOP, y, ROOM);
    }
    printf("%6d Hz, %2d at a time: first quantum %d longer, prefill %d; to spare: %d in "
           "front, "
           "%d behind\n",
           rate, group, s.lead, s.prefill, (int)least_front, (int)least_behind);
    /* one sample is kept for rounding; one host sample is as many as the ratio in front,
     * twice that where a quantum is no whole number of samples */
    CHECK(least_front >= 1 && (double)least_front <= 1 + 2 * ceil(ratio),
          "%d Hz: %d in front", rate, (int)least_front);
    CHECK(least_behind == 1 || (group > 1 && least_behind == 2), "%d Hz: %d behind", rate,
          (int)least_behind); /* the quanta of a group are rounded up */
    src_delete(in);
    src_delete(out);
}

int main(int argc, char **argv)
{
    static const int rates[] = {8000,  8001,  11025, 16000, 22050,  32000,  44056, 44100,
                                47999, 48001, 88200, 96000, 176400, 191999, 192000};
    const int hops = argc > 1 ? atoi(argv[1]) : 300; /* three periods of the oddest */
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        for (int group = 1; group <= 7; group += 6)
            check_rate(rates[i], hops, group);
    return check_report();
}
