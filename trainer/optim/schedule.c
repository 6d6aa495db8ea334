#include "optim/schedule.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

static double half_cosine(double from, double to, double x)
{
    return to + 0.5 * (from - to) * (1 + cos(pi * x));
}

/* `at` of `length` epochs after the warm-up. */
static double cosine_rate(const dfn_schedule *s, double at, double length)
{
    double base = s->base;
    if (!(s->cycle > 0))
        return half_cosine(base, s->min, at / length);
    double cycle = s->cycle;
    const double mul = s->cycle_mul > 0 ? s->cycle_mul : 1;
    /* Cycles that shrink to nothing have no last one: what is left stays at the minimum. */
    while (at >= cycle && cycle > 1e-9 * length) {
        at -= cycle;
        cycle *= mul;
        base *= s->cycle_decay;
    }
    return at < cycle ? half_cosine(base, s->min, at / cycle) : s->min;
}

double dfn_schedule_rate(const dfn_schedule *s, double position)
{
    if (position < s->warmup)
        return s->warmup_start + (s->base - s->warmup_start) * (position / s->warmup);
    const double length = s->epochs - s->warmup;
    const double at = fmin(position - s->warmup, length);
    const double x = length > 0 ? at / length : 1;
    switch (s->kind) {
    case DFN_SCHEDULE_COSINE: return length > 0 ? cosine_rate(s, at, length) : s->min;
    case DFN_SCHEDULE_LINEAR: return s->base + (s->min - s->base) * x;
    case DFN_SCHEDULE_EXPONENTIAL: return s->base * pow(s->min / s->base, x);
    case DFN_SCHEDULE_CONSTANT: break;
    }
    return s->base;
}

double dfn_schedule_decay(double start, double end, double epochs, double position)
{
    return end < 0 ? start : half_cosine(start, end, fmin(position / epochs, 1));
}

/* A whole number of at least `least`; returns what follows it and blanks, or NULL. */
static const char *read_whole(const char *text, int least, int *out)
{
    char *end;
    const long n = strtol(text, &end, 10);
    if (end == text || n < least || n > INT_MAX)
        return NULL;
    *out = (int)n;
    return end + strspn(end, " \t");
}

dfn_status dfn_batch_schedule_read(dfn_batch_schedule *b, const char *text, dfn_error *err)
{
    const char *at = text;
    *b = (dfn_batch_schedule){0};
    for (;; at++) {
        int *epoch = &b->epoch[b->count], *clips = &b->clips[b->count];
        if (!b->count && !strchr(text, '/'))
            at = read_whole(at, 1, clips);
        else if ((at = read_whole(at, 0, epoch)))
            at = *at == '/' ? read_whole(at + 1, 1, clips) : NULL;
        if (!at || (*at && *at != ','))
            return dfn_fail(err, DFN_ERR_FORMAT,
                            "'%.60s' is not clips, nor a list epoch/clips,epoch/clips",
                            text);
        if (b->count ? *epoch <= epoch[-1] : *epoch)
            return dfn_fail(err, DFN_ERR_FORMAT, "'%.60s': epochs must rise from 0", text);
        b->count++;
        if (!*at)
            return DFN_OK;
        if (b->count == DFN_BATCH_STAGES)
            return dfn_fail(err, DFN_ERR_FORMAT, "'%.60s': more than %d stages", text,
                            DFN_BATCH_STAGES);
    }
}

int dfn_batch_schedule_clips(const dfn_batch_schedule *b, double position)
{
    int i = b->count - 1;
    while (i > 0 && position < b->epoch[i])
        i--;
    return b->clips[i];
}
