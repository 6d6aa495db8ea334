/* clock.c - a line through frames and times.
 *
 * With the error e of a block's time and w = 2 pi bandwidth (length of the block):
 *   time += sqrt(2) w e,  period += w^2 e / frames */
#include "clock.h"

#include <math.h>
#include <stdlib.h>

static const double PI = 3.14159265358979323846;
static const double FAST = 0.5, SLOW = 0.02; /* Hz */
static const double USUAL = 4, FINE = 5e-4;  /* of the spread, and s: what jitter may be */
static const double MOST = 3e-3;             /* that a clock may be off */
enum { IN_A_ROW = 8 };
static const double KNOWN = 4; /* s: the rate is known already */

void dfnd_clock_init(dfnd_clock *c, double rate, double limit)
{
    *c = (dfnd_clock){.period = 1 / rate,
                      .nominal = 1 / rate,
                      .limit = limit,
                      .spread = limit / 8,
                      .age = -1};
}

double dfnd_clock_bandwidth(double age)
{
    return age > 1 / SLOW ? SLOW : age < 1 / FAST ? FAST : 1 / age;
}

void dfnd_clock_jump(dfnd_clock *c, int frames, double now)
{
    c->frame += frames;
    c->time = now;
    c->age = c->age < 0 ? 0 : fmin(c->age, KNOWN);
}

/* The error as far as it is jitter. */
static double take_jitter(dfnd_clock *c, double error)
{
    const double bound = USUAL * c->spread + FINE;
    const double jitter = fmin(fmax(error, -bound), bound);
    if (jitter == error)
        c->late = 0;
    else if (error > 0)
        c->late = c->late > 0 ? c->late + 1 : 1;
    else
        c->late = c->late < 0 ? c->late - 1 : -1;
    c->spread += (fabs(jitter) - c->spread) / 64;
    return jitter;
}

bool dfnd_clock_tick(dfnd_clock *c, int frames, double now)
{
    const double length = frames * c->period;
    const double error = now - (c->time + length);
    const double jitter = take_jitter(c, error);
    if (c->age < 0 || fabs(error) > c->limit || abs(c->late) >= IN_A_ROW) {
        c->late = 0;
        dfnd_clock_jump(c, frames, now);
        return false;
    }
    c->frame += frames;
    c->time += length;
    if (frames > 0) {
        double w = 2 * PI * dfnd_clock_bandwidth(c->age) * length;
        if (w > 0.3) /* long blocks: stay far from where it gets unstable */
            w = 0.3;
        c->time += sqrt(2) * w * jitter;
        c->period += w * w * jitter / frames;
        c->period = fmin(fmax(c->period, c->nominal * (1 - MOST)), c->nominal * (1 + MOST));
    }
    c->age += length;
    return true;
}

/* All in one order for all threads, so that no fence is needed. */
void dfnd_clock_publish(dfnd_shared_clock *s, const dfnd_clock *c)
{
    const uint32_t turn = s->turn;
    s->turn = turn + 1;
    s->frame = c->frame;
    s->time = c->time;
    s->period = c->period;
    s->turn = turn + 2;
}

bool dfnd_clock_read(dfnd_clock *c, dfnd_shared_clock *s)
{
    for (int attempt = 0; attempt < 4; attempt++) {
        const uint32_t turn = s->turn;
        const double frame = s->frame, time = s->time, period = s->period;
        if (turn % 2 == 0 && s->turn == turn) {
            c->frame = frame;
            c->time = time;
            c->period = period;
            return true;
        }
    }
    return false;
}
