/* image.c - mirror images of the source for the first 80 ms (Allen and Berkley, "Image
 * method for efficiently simulating small-room acoustics", 1979), then noise that decays as
 * they would: their number grows with the third power of time, and nobody can hear them one
 * by one any more.
 *
 * A response is made twice, as if the walls took as much of all frequencies as they take of
 * low ones, and of high ones; a low-pass of first order joins the two. Walls turn the sign
 * of what they reflect: with one sign only, all images would add up at low frequencies. */
#include "data/image.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979, speed = 343, rate = 48000, cross_hz = 2000;
static const double mixing_s = 0.08, fade_s = 0.02; /* images end; the noise fades in */
static const double jitter_m = 0.04;                /* walls are not that even */

enum { REACH = 12 }; /* samples on each side of an image's place between samples */

/* Reflection factor of the walls for a decay time (Eyring). */
static double reflection(const dfn_shoebox *s, double t60)
{
    const double *d = s->size, volume = d[0] * d[1] * d[2];
    const double walls = 2 * (d[0] * d[1] + d[1] * d[2] + d[2] * d[0]);
    return exp(-0.5 * 24 * log(10) / speed * volume / (walls * t60));
}

/* A pulse of area a at t samples: a sinc under a Hann window. */
static void add_pulse(float *h, size_t n, double t, double a)
{
    const int first = (int)ceil(t) - REACH;
    const double s = sin(pi * (t - first));
    for (int i = first; i < first + 2 * REACH; i++) {
        const double d = i - t, sign = (i - first) % 2 ? 1 : -1;
        if (i < 0 || (size_t)i >= n)
            continue;
        const double w = cos(pi * d / (2 * REACH));
        h[i] += (float)(a * w * w * (fabs(d) < 1e-9 ? 1 : sign * s / (pi * d)));
    }
}

/* The k-th image of the source on one axis, seen from the microphone. */
static double axis(const dfn_shoebox *s, int i, int k)
{
    const double place = k % 2 ? -s->source[i] : s->source[i];
    return place + (k + (k % 2 != 0)) * s->size[i] - s->microphone[i];
}

typedef struct images {
    const dfn_shoebox *s;
    dfn_philox *r;
    double near, far, low, high; /* metres; reflection factors */
    float *h_low, *h_high;
    size_t n;
} images;

static void add_image(images *m, const int k[3], double x, double y, double z)
{
    const int order = abs(k[0]) + abs(k[1]) + abs(k[2]);
    double d = sqrt(x * x + y * y + z * z);
    if (d > m->far)
        return;
    if (order)
        d = fmax(d + dfn_philox_uniform(m->r, -jitter_m, jitter_m), m->near);
    const double sign = order % 2 ? -1 : 1, t = (d - m->near) / speed;
    const double over = (t - mixing_s + fade_s) / fade_s;
    const double w = over <= 0 ? 1 : over >= 1 ? 0 : cos(0.5 * pi * over);
    const double a = sign * w * m->near / d;
    add_pulse(m->h_low, m->n, t * rate, a * pow(m->low, order));
    add_pulse(m->h_high, m->n, t * rate, a * pow(m->high, order));
}

static void add_images(images *m)
{
    int most[3], k[3];
    for (int i = 0; i < 3; i++)
        most[i] = (int)(m->far / m->s->size[i]) + 2;
    for (k[0] = -most[0]; k[0] <= most[0]; k[0]++)
        for (k[1] = -most[1]; k[1] <= most[1]; k[1]++) {
            const double x = axis(m->s, 0, k[0]), y = axis(m->s, 1, k[1]);
            if (x * x + y * y > m->far * m->far)
                continue;
            for (k[2] = -most[2]; k[2] <= most[2]; k[2]++)
                add_image(m, k, x, y, axis(m->s, 2, k[2]));
        }
}

/* What 4 pi c^3 t^2 / V images a second, of an energy of 1 / (c t)^2 each, leave. */
static void add_tail(const images *m, double t60, const float *noise, float *h)
{
    const double *d = m->s->size, volume = d[0] * d[1] * d[2];
    const double start = m->near / speed;
    const double power = 4 * pi * speed / volume / rate * m->near * m->near;
    const double a = 3 * log(10) / t60;
    double now = sqrt(power) * exp(-a * start);
    const double step = exp(-a / rate);
    for (size_t i = 0; i < m->n; i++, now *= step) {
        const double over = ((double)i / rate - mixing_s + fade_s) / fade_s;
        const double w = over <= 0 ? 0 : over >= 1 ? 1 : sin(0.5 * pi * over);
        h[i] += (float)(w * now) * noise[i];
    }
}

void dfn_shoebox_response(const dfn_shoebox *s, dfn_philox *r, float *h, float *work,
                          size_t n)
{
    double near = 0;
    for (int i = 0; i < 3; i++)
        near += pow(s->source[i] - s->microphone[i], 2);
    near = sqrt(near);
    images m = {s,
                r,
                near,
                near + mixing_s * speed,
                reflection(s, s->t60_low),
                reflection(s, s->t60_high),
                work,
                h,
                n};
    memset(h, 0, n * sizeof *h);
    memset(work, 0, n * sizeof *work);
    add_images(&m);
    float *noise = work + n;
    dfn_philox_normals(r, noise, n);
    add_tail(&m, s->t60_low, noise, m.h_low);
    add_tail(&m, s->t60_high, noise, m.h_high);
    const float c = (float)(1 - exp(-2 * pi * cross_hz / rate));
    float low = 0;
    for (size_t i = 0; i < n; i++) {
        low += c * (work[i] - h[i] - low);
        h[i] += low;
    }
}
