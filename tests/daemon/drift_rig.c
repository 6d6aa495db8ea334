#include "drift_rig.h"

#include <stdlib.h>
#include <string.h>

static const double TURN = 2 * 3.14159265358979323846;

static double uniform(rig *r)
{
    double x;
    check_fill(&x, 1, r->random = r->random * 6364136223846793005u + 1);
    return (x + 1) / 2;
}

static void schedule(rig *r, rig_card *c)
{
    const double rate = c->rate * (1 + c->ppm / 1e6);
    double at = c->start + (double)(c->frames + c->block) / rate;
    if (c->stall > 0 && at >= c->stall_at) {
        c->start += c->stall;
        at += c->stall;
        c->stall = 0;
    }
    const double late = at + c->jitter * uniform(r);
    c->due = late > c->due ? late : c->due;
}

rig rig_open(rig_card in, rig_card out, double reserve, double frequency)
{
    rig r = {.in = in, .out = out, .frequency = frequency, .random = 12345};
    const dfnd_drift_config config = {.channels = 1,
                                      .in_rate = in.rate,
                                      .out_rate = out.rate,
                                      .in_block = in.block,
                                      .out_block = out.block,
                                      .jitter = reserve};
    dfn_error err;
    if (dfnd_drift_new(&r.drift, &config, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    r.in.start = 1000;
    r.out.start = 1000.0123; /* cards do not begin at a time */
    schedule(&r, &r.in);
    schedule(&r, &r.out);
    return r;
}

void rig_close(rig *r) { dfnd_drift_free(r->drift); }

static void write_block(rig *r)
{
    const double step = TURN * r->frequency / r->in.rate;
    for (int i = 0; i < r->in.block; i++)
        r->written[i] = (float)(0.5 * sin(fmod(step * (double)(r->in.frames + i), TURN)));
    dfnd_drift_write(r->drift, (const float *const[]){r->written}, (size_t)r->in.block,
                     r->in.due);
    r->in.frames += r->in.block;
    schedule(r, &r->in);
}

int rig_step(rig *r)
{
    while (r->in.due <= r->out.due)
        write_block(r);
    r->now = r->out.due;
    dfnd_drift_read(r->drift, (float *const[]){r->read}, (size_t)r->out.block, r->out.due);
    r->out.frames += r->out.block;
    schedule(r, &r->out);
    return r->out.block;
}

/* ---- sine fit -------------------------------------------------------------------------
 */

/* a x = b by elimination; a is positive definite. */
static void solve(double a[4][4], double b[4])
{
    for (int i = 0; i < 4; i++)
        for (int j = i + 1; j < 4; j++) {
            const double f = a[j][i] / a[i][i];
            for (int k = i; k < 4; k++)
                a[j][k] -= f * a[i][k];
            b[j] -= f * b[i];
        }
    for (int i = 3; i >= 0; i--) {
        for (int k = i + 1; k < 4; k++)
            b[i] -= a[i][k] * b[k];
        b[i] /= a[i][i];
    }
}

/* One Gauss-Newton step for the frequency; the rest of the fit is linear. */
static double fit(const float *x, int n, double *w, double *phase)
{
    double a[4][4] = {{0}}, b[4] = {0}, noise = 0, signal = 0;
    for (int i = 0; i < n; i++) {
        const double t = i - n / 2, s = sin(*w * t), c = cos(*w * t);
        const double v[4] = {c, s, t / n * c, t / n * s};
        for (int j = 0; j < 4; j++) {
            b[j] += v[j] * x[i];
            for (int k = 0; k < 4; k++)
                a[j][k] += v[j] * v[k];
        }
    }
    solve(a, b);
    for (int i = 0; i < n; i++) {
        const double t = i - n / 2, y = b[0] * cos(*w * t) + b[1] * sin(*w * t);
        signal += y * y;
        noise += (x[i] - y) * (x[i] - y);
    }
    if (phase) /* b0 cos + b1 sin = A sin(w t + phase) */
        *phase = atan2(b[0], b[1]) - *w * (n / 2);
    *w += (b[1] * b[2] - b[0] * b[3]) / (b[0] * b[0] + b[1] * b[1]) / n;
    return 10 * log10(signal / noise);
}

double rig_snr(const float *x, int n, double frequency, double rate, double *phase)
{
    double w = TURN * frequency / rate, snr = 0;
    for (int pass = 0; pass < 4; pass++)
        snr = fit(x, n, &w, phase);
    return snr;
}
